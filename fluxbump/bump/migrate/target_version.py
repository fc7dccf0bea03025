"""Chooses the API version that an object moves to before a bump. Pure.

Both releases serve it: the one that is left, so that manifests can move before the bump, and the
target. The target's storage version is preferred.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from fluxbump.bump.migrate.edits import Why
from fluxbump.discover.objects.resources import Resource
from fluxbump.flux.removed_versions import priority
from fluxbump.flux.stored_versions import Crd, CrdVersion, Release, Table


class Sides(Struct, frozen=True):
    """The two releases of a bump, and the CRDs that they define.

    Attributes:
        old: the release that is left.
        new: the target.
        before: the CRDs of `old`, by group and kind.
        after: the CRDs of `new`, by group and kind.
    """

    old: str
    new: str
    before: Mapping[tuple[str, str], Crd]
    after: Mapping[tuple[str, str], Crd]

    def has(self, resource: Resource) -> bool:
        """Whether the target has the kind of a resource."""
        return (resource.group, resource.kind) in self.after

    def ill(self, resource: Resource) -> Why | None:
        """Return why a resource has to leave its version in the target; None if it can stay."""
        crd = self.after.get((resource.group, resource.kind))
        entry = _entry(crd, resource.version)
        if entry is None:
            return Why.REMOVED
        return Why.DEPRECATED if entry.deprecated else None

    def successor(self, resource: Resource, why: Why) -> str | None:
        """Choose a version of the resource's kind that both releases serve; None if there is none.

        A version that the target deprecates is taken only to leave a version that the target
        removes.
        """
        crd = self.after.get((resource.group, resource.kind))
        served = self._served_by_old(resource)
        both = (
            [entry for entry in crd.versions if entry.served and entry.name in served]
            if crd
            else []
        )
        good = [entry.name for entry in both if not entry.deprecated]
        if not good and why is Why.REMOVED:
            good = [entry.name for entry in both]
        return crd.storage if crd and crd.storage in good else max(good, key=priority, default=None)

    def names_nothing(self, mention: Resource) -> bool:
        """Whether no kind of the group has the version of a mention without a known kind."""
        crds = [crd for crd in self.after.values() if crd.group == mention.group]
        return not any(mention.version in crd.served for crd in crds)

    def _served_by_old(self, resource: Resource) -> frozenset[str]:
        crd = self.before.get((resource.group, resource.kind))
        return crd.served if crd else frozenset()


def between(table: Table, old: str, new: str) -> Sides:
    """Return the two sides of a bump.

    Raises:
        KeyError: the table does not have one of the releases.
    """
    return Sides(old, new, _by_kind(table[old]), _by_kind(table[new]))


def _by_kind(release: Release) -> dict[tuple[str, str], Crd]:
    return {(crd.group, crd.kind): crd for crd in release.values()}


def _entry(crd: Crd | None, version: str) -> CrdVersion | None:
    entries = crd.versions if crd else ()
    return next((entry for entry in entries if entry.name == version and entry.served), None)
