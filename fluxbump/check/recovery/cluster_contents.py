"""Parses the output of kubectl to what a cluster has of Flux, for `fluxbump recover`. Pure.

A cluster without Deployments and a file that does not list Deployments look alike. So a part that
was not listed is None, and never empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

from fluxbump.check.object_lists import items as listed

GROUP = ".toolkit.fluxcd.io"
CONTROLLERS = ("source-controller", "kustomize-controller", "helm-controller")
"""The controllers without which nothing is reconciled, by their names in `install.yaml`."""

COLUMNS = (
    "jsonpath={range .items[*]}{.kind} {.metadata.namespace} {.metadata.name} "
    '{.metadata.deletionTimestamp}{"\\n"}{end}'
)
"""The output format for objects. Names and times that the API server allows have no blanks."""

SECRETS = (
    "go-template={{range .items}}"
    '{"kind":"Secret","metadata":{"namespace":"{{.metadata.namespace}}",'
    '"name":"{{.metadata.name}}","labels":{"owner":"helm","name":"{{.metadata.labels.name}}",'
    '"status":"{{.metadata.labels.status}}"}}}{{"\\n"}}{{end}}'
)
"""The output format for the Secrets of Helm releases: JSON without the content of a Secret."""

HINT = "docs/recover.md has the commands that make such a file"


class FluxObject(Struct, frozen=True):
    """An object of Flux.

    Attributes:
        kind: the kind, such as `HelmRelease`.
        namespace: the namespace; empty for an object without one.
        name: the name.
        deleted: its deletionTimestamp; None if it is not being deleted.
    """

    kind: str
    namespace: str
    name: str
    deleted: str | None = None

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"


class Controller(Struct, frozen=True):
    """The Deployment of a controller.

    Attributes:
        name: the name, such as `helm-controller`.
        wanted: the number of replicas in its spec.
        available: the number of available replicas.
        deleted: True if it waits to be deleted.
    """

    name: str
    wanted: int
    available: int
    deleted: bool = False


class ReleaseSecret(Struct, frozen=True):
    """A Secret in which Helm keeps one revision of a release.

    Attributes:
        namespace: the namespace of the Secret, which is the release's storage namespace.
        release: the name of the release.
        status: the status of the revision, such as `deployed` or `uninstalling`.
    """

    namespace: str
    release: str
    status: str


class ClusterContents(Struct, frozen=True):
    """The objects of Flux in a cluster. A part that was not listed is None.

    Attributes:
        source: the file or cluster that was read, for people.
        crds: by name of a Flux CRD, its deletionTimestamp, or None if it is not being deleted.
        stored: by name of a Flux CRD, its `status.storedVersions`, if it has one.
        objects: the objects of all Flux kinds.
        controllers: the Deployments of the controllers.
        secrets: the Secrets in which Helm keeps releases.
        specs: the `spec` of HelmReleases, by namespace and name.
    """

    source: str
    crds: Mapping[str, str | None] | None = None
    stored: Mapping[str, tuple[str, ...]] | None = None
    objects: tuple[FluxObject, ...] | None = None
    controllers: tuple[Controller, ...] | None = None
    secrets: tuple[ReleaseSecret, ...] | None = None
    specs: Mapping[tuple[str, str], Mapping[str, Any]] | None = None


def from_text(text: str, source: str) -> ClusterContents:
    """Read lists of CRDs, of Flux's objects, of Deployments and of Secrets, one after the other.

    Raises:
        UsageError: the text is not JSON, or holds something else than objects and lists.
    """
    items = listed(text, source, HINT)
    kinds = {str(item.get("kind")) for item in items}
    crds = [item for item in items if item.get("kind") == "CustomResourceDefinition"]
    flux = [item for item in items if _group(item).endswith(GROUP)]
    return ClusterContents(
        source,
        crds=_crds(crds) if crds else None,
        stored=_stored(crds),
        # Without a CRD of Flux there is no object to list.
        objects=tuple(map(_object, flux)) if flux or (crds and not _crds(crds)) else None,
        controllers=controllers(items) if "Deployment" in kinds else None,
        secrets=secrets(items) if "Secret" in kinds else None,
        specs={_key(item): _mapping(item, "spec") for item in flux if item["kind"] == _RELEASE},
    )


_RELEASE = "HelmRelease"


def from_columns(text: str) -> tuple[FluxObject, ...]:
    """Read objects from output in the format `COLUMNS`."""
    found = []
    for line in text.splitlines():
        kind, namespace, name, deleted = [*line.split(" "), "", "", "", ""][:4]
        if kind:
            found.append(FluxObject(kind, namespace, name, deleted or None))
    return tuple(found)


def secrets(items: Iterable[Mapping[str, Any]]) -> tuple[ReleaseSecret, ...]:
    """Return the Secrets of Helm releases that are among `items`."""
    found = []
    for item in items:
        labels = _mapping(item, "metadata", "labels")
        if item.get("kind") == "Secret" and labels.get("owner") == "helm":
            namespace, _ = _key(item)
            release, status = str(labels.get("name", "")), str(labels.get("status", ""))
            found.append(ReleaseSecret(namespace, release, status))
    return tuple(found)


def controllers(items: Iterable[Mapping[str, Any]]) -> tuple[Controller, ...]:
    """Return the Deployments of Flux's controllers that are among `items`."""
    found = []
    for item in items:
        _, name = _key(item)
        if item.get("kind") == "Deployment" and name in CONTROLLERS:
            wanted = _mapping(item, "spec").get("replicas", 1)
            available = _mapping(item, "status").get("availableReplicas", 0)
            deleted = _deleted(item) is not None
            found.append(Controller(name, _count(wanted), _count(available), deleted))
    return tuple(found)


def _crds(items: Iterable[Mapping[str, Any]]) -> dict[str, str | None]:
    return {_key(item)[1]: _deleted(item) for item in items if _key(item)[1].endswith(GROUP)}


def _stored(items: Iterable[Mapping[str, Any]]) -> dict[str, tuple[str, ...]]:
    found = {}
    for item in items:
        versions = _mapping(item, "status").get("storedVersions")
        if _key(item)[1].endswith(GROUP) and isinstance(versions, list):
            found[_key(item)[1]] = tuple(map(str, versions))
    return found


def _object(item: Mapping[str, Any]) -> FluxObject:
    return FluxObject(str(item.get("kind")), *_key(item), deleted=_deleted(item))


def _group(item: Mapping[str, Any]) -> str:
    return str(item.get("apiVersion", "")).partition("/")[0]


def _key(item: Mapping[str, Any]) -> tuple[str, str]:
    metadata = _mapping(item, "metadata")
    return str(metadata.get("namespace") or ""), str(metadata.get("name") or "")


def _deleted(item: Mapping[str, Any]) -> str | None:
    value = _mapping(item, "metadata").get("deletionTimestamp")
    return str(value) if value else None


def _count(value: object) -> int:
    return value if isinstance(value, int) else 0


def _mapping(item: Mapping[str, Any], *keys: str) -> Mapping[str, Any]:
    """Return the mapping below `keys`; an empty one if something else is there."""
    for key in keys:
        found = item.get(key)
        item = found if isinstance(found, dict) else {}
    return item
