"""Reads which API versions a cluster stores, and its Kubernetes version, for the safety rules.

It reads `status.storedVersions` of the Flux CRDs, and the API versions that their objects were
written at. The output of kubectl and the content of a file are validated first.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from fluxbump.check import kubectl
from fluxbump.check import object_lists as listed
from fluxbump.errors import UsageError

_HINT = "make it with: kubectl get crds -o json > FILE"
_BESIDE = ("Deployment", "Secret")
"""Kinds that the file may hold beside CRDs, because `fluxbump recover` reads the same file."""

_KIND = "CustomResourceDefinition"
_GROUP = ".toolkit.fluxcd.io"
_MANAGERS = (
    '{range .items[*]}{.kind} {range .metadata.managedFields[*]}{.apiVersion},{end}{"\\n"}{end}'
)


class ClusterState(Struct, frozen=True):
    """The API versions that a cluster stores, and its Kubernetes version.

    Attributes:
        source: the file or cluster that was read, for people.
        stored: `status.storedVersions` of Flux's CRDs, by CRD name.
        kubernetes: the version of the API server, such as `v1.33.2`; None if it was not read.
        written: the API versions in `metadata.managedFields` of the Flux objects, by group and
            kind; None if no object was read.
    """

    source: str
    stored: Mapping[str, tuple[str, ...]]
    kubernetes: str | None = None
    written: Mapping[tuple[str, str], frozenset[str]] | None = None


def from_file(path: Path) -> ClusterState:
    """Read the output of `kubectl get crds -o json`, with or without Flux's objects.

    Raises:
        UsageError: there is no such file, or it does not hold the CRDs of a cluster.
    """
    text = kubectl.saved(path, "the CRDs of a cluster")
    return ClusterState(str(path), parse(text, str(path)), written=written(text))


def live(context: str | None) -> ClusterState:
    """Read the state of a cluster through kubectl.

    Args:
        context: the context in the kubeconfig; None for the current one.

    Raises:
        ToolError: kubectl is missing, or the cluster does not answer.
    """
    name, ask = kubectl.cluster(context)
    crds = ask("get", "crds", "-o", "json")
    version = json.loads(ask("version", "-o", "json"))
    server = version.get("serverVersion", {}) if isinstance(version, dict) else {}
    stored = parse(crds, name)
    # Of each object only what is needed, so that ten thousand of them are some hundred KiB.
    found = ask("get", ",".join(sorted(stored)), "-A", "-o", f"jsonpath={_MANAGERS}")
    return ClusterState(name, stored, server.get("gitVersion"), _managed(found))


def _managed(listed: str) -> dict[tuple[str, str], frozenset[str]]:
    found: dict[tuple[str, str], frozenset[str]] = {}
    for line in listed.splitlines():
        kind, _, held = line.partition(" ")
        _add(found, kind, held.split(","))
    return found


def _add(
    found: dict[tuple[str, str], frozenset[str]], kind: str, api_versions: Iterable[str]
) -> None:
    for api_version in api_versions:
        group, slash, version = api_version.partition("/")
        if slash and group.endswith(_GROUP):
            found[group, kind] = found.get((group, kind), frozenset()) | {version}


def written(text: str) -> dict[tuple[str, str], frozenset[str]] | None:
    """Return the API versions that Flux's objects were written at, from a text that `parse` takes.

    Returns:
        The API versions by group and kind; None if the text holds no object of Flux.
    """
    objects = [
        resource for resource in listed.items(text, "the objects", _HINT) if _is_object(resource)
    ]
    if not objects:
        return None
    found: dict[tuple[str, str], frozenset[str]] = {}
    for resource in objects:
        entries = (resource.get("metadata") or {}).get("managedFields")
        managers = entries if isinstance(entries, list) else []
        held = [str(entry.get("apiVersion")) for entry in managers if isinstance(entry, dict)]
        _add(found, str(resource.get("kind")), held)
    return found


def _is_object(item: Any) -> bool:  # JSON from outside
    api_version = item.get("apiVersion") if isinstance(item, dict) else None
    return isinstance(api_version, str) and api_version.partition("/")[0].endswith(_GROUP)


def parse(text: str, source: str) -> dict[str, tuple[str, ...]]:
    """Return `status.storedVersions` of Flux's CRDs, by CRD name, from a list of CRDs in JSON.

    kubectl prints a `List` whose items name their kind; the API server itself sends a
    `CustomResourceDefinitionList` whose items do not.

    Raises:
        UsageError: the text is not a list of CRDs, or has no CRD of Flux.
    """
    stored = {}
    for item in listed.items(text, source, _HINT):
        if _is_object(item) or item.get("kind") in _BESIDE:
            continue
        name, versions = _stored(item, source)
        if name.endswith(_GROUP):
            stored[name] = versions
    if not stored:
        raise UsageError(
            "the cluster state holds no Flux CRD",
            where=source,
            hint="check that Flux is installed there",
        )
    return stored


def _stored(item: Mapping[str, Any], source: str) -> tuple[str, tuple[str, ...]]:
    kind = item.get("kind")
    if kind != _KIND:
        raise _not_crds(source, f"it holds a {kind}")
    name = (item.get("metadata") or {}).get("name")
    versions = (item.get("status") or {}).get("storedVersions")
    texts = isinstance(versions, list) and all(isinstance(version, str) for version in versions)
    if not isinstance(name, str) or not texts:
        raise _not_crds(source, "a CRD has no name, or no status.storedVersions")
    return name, tuple(versions or ())


def _not_crds(source: str, why: str) -> UsageError:
    return UsageError(
        f"not the CRDs of a cluster: {why}",
        where=source,
        hint=_HINT,
    )
