"""API versions that a release no longer serves, and what takes their place. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from fluxbump.flux.stored_versions import Crd, Release
from fluxbump.text.patterns import lazy_pattern


class Removed(Struct, frozen=True):
    """API versions that stop being served.

    Attributes:
        kind: that they are of.
        group: of its API.
        versions: in the order of the CRD that is left.
        replaced_by: what manifests move to *before* the hop, served on both sides; None when the
            kind goes altogether, or the two sides have no version in common.
    """

    kind: str
    group: str
    versions: tuple[str, ...]
    replaced_by: str | None


Written = Mapping[tuple[str, str], Collection[str]]
"""API group and kind to the versions that objects of it may have been written at.

An object keeps the version of each manager's last write in `metadata.managedFields`. Once the
API server no longer knows one of them, it refuses every server-side apply of the object: `request
to convert CR to an invalid group/version` (tried on Kubernetes 1.32 and 1.37).
"""


def written_at(removed: Iterable[Removed], written: Written) -> Iterator[Removed]:
    """Yield those that objects may have been written at."""
    for gone in removed:
        held = written.get((gone.group, gone.kind), ())
        versions = tuple(version for version in gone.versions if version in held)
        if versions:
            yield replace(gone, versions=versions)


def rewritten(old: Release, new: Release, written: Written) -> tuple[Removed, ...]:
    """Return what objects may have been written at that a release no longer has."""
    return tuple(written_at(removed_between(old, new), written))


def removed_between(old: Release, new: Release) -> Iterator[Removed]:
    """Yield the API versions that `old` serves and `new` does not."""
    for name, crd in sorted(old.items(), key=lambda item: item[1].kind):
        served = new[name].served if name in new else frozenset[str]()
        gone = tuple(
            version.name
            for version in crd.versions
            if version.served and version.name not in served
        )
        if gone:
            yield Removed(crd.kind, crd.group, gone, _successor(crd, new.get(name)))


def _successor(old: Crd, new: Crd | None) -> str | None:
    common = old.served & new.served if new else frozenset[str]()
    if new and new.storage in common:
        return new.storage
    return max(common, key=priority, default=None)


_NAME = lazy_pattern(r"v(\d+)(?:(alpha|beta)(\d+))?")


def priority(version: str) -> tuple[int, int, int]:
    """Return what API versions are sorted by: `v2`, `v1`, `v2beta1`, `v1beta2`, anything else.

    The order of k8s.io/apimachinery, `version.CompareKubeAwareVersionStrings`.
    """
    name = _NAME.fullmatch(version)
    if name is None:
        return (-1, 0, 0)
    stability = {"alpha": 0, "beta": 1, None: 2}[name[2]]
    return (stability, int(name[1]), int(name[3] or 0))


def describe(removed: Iterable[Removed]) -> str:
    """Say what manifests must move: `Bucket v1beta1 to v1`."""
    return ", ".join(
        f"{gone.kind} {' and '.join(gone.versions)} "
        + (f"to {gone.replaced_by}" if gone.replaced_by else "goes")
        for gone in removed
    )
