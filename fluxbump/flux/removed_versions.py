"""Find API versions that a release no longer serves, and their replacements. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from fluxbump.flux.stored_versions import Crd, Release
from fluxbump.text.patterns import lazy_pattern


class Removed(Struct, frozen=True):
    """API versions of one kind that a release stops serving.

    Attributes:
        kind: the kind, as in manifests.
        group: the API group of the kind.
        versions: the versions that go, in the order of the old release's CRD.
        replaced_by: the version to which manifests move *before* the hop, because both releases
            serve it; None if the kind goes altogether, or the releases have no version in common.
    """

    kind: str
    group: str
    versions: tuple[str, ...]
    replaced_by: str | None


Written = Mapping[tuple[str, str], Collection[str]]
"""Maps an API group and kind to the versions that its objects may have been written at.

An object keeps the version of each manager's last write in `metadata.managedFields`. Once the
API server no longer knows one of them, it refuses every server-side apply of the object: `request
to convert CR to an invalid group/version` (tried on Kubernetes 1.32 and 1.37).
"""


def written_at(removed: Iterable[Removed], written: Written) -> Iterator[Removed]:
    """Yield the removed versions that objects may have been written at.

    Kinds without such a version are left out.
    """
    for gone in removed:
        held = written.get((gone.group, gone.kind), ())
        versions = tuple(version for version in gone.versions if version in held)
        if versions:
            yield replace(gone, versions=versions)


def rewritten(old: Release, new: Release, written: Written) -> tuple[Removed, ...]:
    """Return the versions that `new` no longer serves and objects may have been written at."""
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
    """Return the key that sorts API versions: `v2` is highest, then `v1`, `v2beta1`, `v1beta2`.

    Other names sort lowest. The order is that of k8s.io/apimachinery,
    `version.CompareKubeAwareVersionStrings`.
    """
    name = _NAME.fullmatch(version)
    if name is None:
        return (-1, 0, 0)
    stability = {"alpha": 0, "beta": 1, None: 2}[name[2]]
    return (stability, int(name[1]), int(name[3] or 0))


def describe(removed: Iterable[Removed]) -> str:
    """Name the versions that manifests must leave: `Bucket v1beta1 to v1`."""
    return ", ".join(
        f"{gone.kind} {' and '.join(gone.versions)} "
        + (f"to {gone.replaced_by}" if gone.replaced_by else "goes")
        for gone in removed
    )
