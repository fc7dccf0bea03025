"""What a cluster has of Flux, from what kubectl prints. Pure.

Nothing here is believed that was not listed: a cluster without Deployments and a file in which
nobody asked for them look alike, so what was not listed is None and never empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

from fluxbump.check.object_lists import items as listed

GROUP = ".toolkit.fluxcd.io"
CONTROLLERS = ("source-controller", "kustomize-controller", "helm-controller")
"""Those without which nothing is reconciled; the names are those of `install.yaml`."""

COLUMNS = (
    "jsonpath={range .items[*]}{.kind} {.metadata.namespace} {.metadata.name} "
    '{.metadata.deletionTimestamp}{"\\n"}{end}'
)
"""What of an object is asked for: the names and times that the API server allows have no blanks."""

SECRETS = (
    "go-template={{range .items}}"
    '{"kind":"Secret","metadata":{"namespace":"{{.metadata.namespace}}",'
    '"name":"{{.metadata.name}}","labels":{"owner":"helm","name":"{{.metadata.labels.name}}",'
    '"status":"{{.metadata.labels.status}}"}}}{{"\\n"}}{{end}}'
)
"""How the Secrets of Helm releases are printed as JSON without what is in them."""

HINT = "docs/recover.md has the commands that make such a file"


class FluxObject(Struct, frozen=True):
    """An object of Flux.

    Attributes:
        kind: `HelmRelease`.
        namespace: that it is in.
        name: of it.
        deleted: its deletionTimestamp; None when nobody deleted it.
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
        name: `helm-controller`.
        wanted: the replicas that it is to have.
        available: those that run.
        deleted: it waits to be deleted.
    """

    name: str
    wanted: int
    available: int
    deleted: bool = False


class ReleaseSecret(Struct, frozen=True):
    """A Secret in which Helm keeps one revision of a release.

    Attributes:
        namespace: that it is in: the storage namespace.
        release: the release's name.
        status: `deployed`, `uninstalling`.
    """

    namespace: str
    release: str
    status: str


class ClusterContents(Struct, frozen=True):
    """What a cluster has of Flux; a part that was not listed is None.

    Attributes:
        source: where it was read, for people.
        crds: Flux's CRDs, each with its deletionTimestamp or None.
        stored: their `status.storedVersions`, as far as they have one.
        objects: of all Flux kinds.
        controllers: those that have a Deployment.
        secrets: of Helm releases.
        specs: `spec` of HelmReleases, by namespace and name.
    """

    source: str
    crds: Mapping[str, str | None] | None = None
    stored: Mapping[str, tuple[str, ...]] | None = None
    objects: tuple[FluxObject, ...] | None = None
    controllers: tuple[Controller, ...] | None = None
    secrets: tuple[ReleaseSecret, ...] | None = None
    specs: Mapping[tuple[str, str], Mapping[str, Any]] | None = None


def from_text(text: str, source: str) -> ClusterContents:
    """Read lists of CRDs, of Flux's objects, of Deployments and of Secrets, one behind the other.

    Raises:
        UsageError: the text is something else.
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
    """Read what `COLUMNS` prints."""
    found = []
    for line in text.splitlines():
        kind, namespace, name, deleted = [*line.split(" "), "", "", "", ""][:4]
        if kind:
            found.append(FluxObject(kind, namespace, name, deleted or None))
    return tuple(found)


def secrets(items: Iterable[Mapping[str, Any]]) -> tuple[ReleaseSecret, ...]:
    """Return the Secrets of Helm releases among objects."""
    found = []
    for item in items:
        labels = _mapping(item, "metadata", "labels")
        if item.get("kind") == "Secret" and labels.get("owner") == "helm":
            namespace, _ = _key(item)
            release, status = str(labels.get("name", "")), str(labels.get("status", ""))
            found.append(ReleaseSecret(namespace, release, status))
    return tuple(found)


def controllers(items: Iterable[Mapping[str, Any]]) -> tuple[Controller, ...]:
    """Return the Deployments of Flux's controllers among objects."""
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
    """Return the mapping below some keys; an empty one where there is something else."""
    for key in keys:
        found = item.get(key)
        item = found if isinstance(found, dict) else {}
    return item
