"""The API server's rule about stored versions, and what it means between Flux releases. Pure.

A CRD update is refused when an entry of `status.storedVersions` is missing from the new
`spec.versions` (k8s.io/apiextensions-apiserver, `ValidateCustomResourceDefinitionStoredVersions`,
called by `ValidateCustomResourceDefinitionUpdate`). A version enters the list when a CRD with it as
storage version is applied (`strategy.PrepareForUpdate`, `PrepareForCreate`) and leaves it only
when somebody migrates the stored objects and prunes the list, as `flux migrate` does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace
from semver import Version

from fluxbump.text import versions
from fluxbump.text.patterns import lazy_pattern

_NEW_WORDS_SINCE = (1, 33)
_MINOR = lazy_pattern(r"v?(\d{1,4})\.(\d{1,4})")


class CrdVersion(Struct, frozen=True):
    """One entry of a CRD's `spec.versions`.

    Attributes:
        name: `v1beta2`.
        served: requests for it are answered.
        storage: objects are written to etcd as it; true of one entry in every valid CRD.
        deprecated: requests for it are answered with a warning.
    """

    name: str
    served: bool
    storage: bool
    deprecated: bool = False


class Crd(Struct, frozen=True):
    """A custom resource definition, as far as its versions go.

    Attributes:
        name: plural and group, `buckets.source.toolkit.fluxcd.io`.
        kind: as in manifests.
        group: of its API.
        versions: in the order of `spec.versions`.
    """

    name: str
    kind: str
    group: str
    versions: tuple[CrdVersion, ...]

    @property
    def storage(self) -> str:
        """The version that objects are stored as; empty for a CRD without one."""
        return next((version.name for version in self.versions if version.storage), "")

    @property
    def served(self) -> frozenset[str]:
        """The versions that manifests may use."""
        return frozenset(version.name for version in self.versions if version.served)

    @property
    def names(self) -> frozenset[str]:
        """All versions, served or not: what `status.storedVersions` may list."""
        return frozenset(version.name for version in self.versions)


Release = Mapping[str, Crd]
"""What one release defines: CRD name to CRD."""

Table = Mapping[str, Release]
"""Release, without a leading `v`, to what it defines."""

Stored = Mapping[str, tuple[str, ...]]
"""CRD name to its `status.storedVersions`."""


class Conflict(Struct, frozen=True):
    """A CRD whose update the API server refuses.

    Attributes:
        crd: its name.
        kind: that it defines.
        stored: the versions that are stored and that the new CRD does not have.
        certain: every cluster refuses; otherwise those that were upgraded in place and never
            migrated.
        listed: the whole `status.storedVersions`, in the order in which the server holds it;
            empty when nothing but `stored` is in it.
    """

    crd: str
    kind: str
    stored: tuple[str, ...]
    certain: bool
    listed: tuple[str, ...] = ()

    def message(self, kubernetes: str | None = None) -> str:
        """Return what the API server says.

        The words are those of `ValidateCustomResourceDefinitionStoredVersions`; they changed in
        Kubernetes 1.33 (kubernetes/kubernetes pull request 128746). Several errors are joined as
        `field.ErrorList.ToAggregate` does; the server's order among them is not fixed.

        Args:
            kubernetes: the server's version, `1.31` or `v1.31.4+k3s1`; None for the newer words.
        """
        listed = self.listed or self.stored
        errors = [
            f'status.storedVersions[{listed.index(version)}]: Invalid value: "{version}": '
            f"{_reason(version, kubernetes)}"
            for version in self.stored
        ]
        text = errors[0] if len(errors) == 1 else f"[{', '.join(errors)}]"
        return f'CustomResourceDefinition.apiextensions.k8s.io "{self.crd}" is invalid: {text}'


def _reason(version: str, kubernetes: str | None) -> str:
    minor = _MINOR.match(kubernetes) if kubernetes else None
    if minor and (int(minor[1]), int(minor[2])) < _NEW_WORDS_SINCE:
        return "must appear in spec.versions"
    return (
        f"missing from spec.versions; {version} was previously a storage version, and must remain "
        "in spec.versions until a storage migration ensures no data remains persisted in "
        f"{version} and removes {version} from status.storedVersions"
    )


# --- between two releases ---------------------------------------------------------------------


def fresh(table: Table, old: str, new: str) -> tuple[Conflict, ...]:
    """Return what is refused when `new` is applied over a cluster that began with `old`.

    Such a cluster lists the storage version of `old` and nothing else, and so does one that was
    migrated at `old`: what is refused here is refused everywhere.

    Raises:
        KeyError: the table does not have one of the releases.
    """
    return exact(stored_by(table[old]), table, new)


def reachable(
    table: Table, old: str, new: str, through: Collection[str] | None = None
) -> tuple[Conflict, ...]:
    """Return what else may be refused by a cluster that came to `old` from earlier releases.

    A version that was the storage version in an earlier release and still stands in the CRD of
    `old` may still be listed. One that does not stand there cannot be: the update to `old` would
    have been refused.

    Args:
        table: of the releases.
        old: where the cluster is.
        new: what is applied over it.
        through: releases that the cluster may have been at; None for every earlier one.

    Returns:
        Conflicts that `fresh` does not have, none of them certain; versions as `fresh` has them
        are left out.

    Raises:
        KeyError: the table does not have `old` or `new`.
    """
    sure = {conflict.crd: conflict.stored for conflict in fresh(table, old, new)}
    stored = history(table, old, through)
    found = []
    for conflict in _refused(stored, table[new], certain=False):
        more = tuple(
            version for version in conflict.stored if version not in sure.get(conflict.crd, ())
        )
        if more:
            found.append(
                Conflict(conflict.crd, conflict.kind, more, certain=False, listed=conflict.listed)
            )
    return tuple(found)


def without(conflicts: Iterable[Conflict], others: Iterable[Conflict]) -> tuple[Conflict, ...]:
    """Return the conflicts, less the versions that are in others of the same CRD."""
    known = {(other.crd, version) for other in others for version in other.stored}
    left = []
    for conflict in conflicts:
        stored = tuple(
            version for version in conflict.stored if (conflict.crd, version) not in known
        )
        if stored:
            left.append(replace(conflict, stored=stored))
    return tuple(left)


def exact(stored: Stored, table: Table, new: str) -> tuple[Conflict, ...]:
    """Return what a cluster refuses whose `status.storedVersions` are known.

    Raises:
        KeyError: the table does not have `new`.
    """
    return tuple(_refused(stored, table[new], certain=True))


def stored_by(release: Release) -> dict[str, tuple[str]]:
    """Return the `status.storedVersions` of a cluster that has only ever seen one release."""
    return {name: (crd.storage,) for name, crd in release.items() if crd.storage}


def history(
    table: Table, at: str, through: Collection[str] | None = None
) -> dict[str, tuple[str, ...]]:
    """Return the most that `status.storedVersions` may list in a cluster that came to `at`.

    Args:
        table: of the releases.
        at: where the cluster is.
        through: releases that it may have been at; None for every earlier one.
    """
    listed: dict[str, tuple[str, ...]] = {}
    for release in (*earlier(table, at, through), at):
        for name, (version,) in stored_by(table[release]).items():
            stands = name in table[at] and version in table[at][name].names
            if stands and version not in listed.get(name, ()):
                listed[name] = (*listed.get(name, ()), version)
    return listed


def earlier(table: Table, release: str, among: Collection[str] | None = None) -> tuple[str, ...]:
    """Return the releases of a table before `release`, oldest first."""
    limit = key(release)
    some = (
        table
        if among is None
        else [release_text for release_text in table if release_text in among]
    )
    return tuple(
        sorted((release_text for release_text in some if key(release_text) < limit), key=key)
    )


@lru_cache(maxsize=1024)
def key(release: str) -> Version:
    """Return what releases are sorted by.

    Raises:
        ValueError: this is not a full version.
    """
    parsed = versions.parse(release)
    if parsed is None:
        raise ValueError(f"not a release: {release}")
    return parsed


def _refused(stored: Stored, new: Release, *, certain: bool) -> Iterator[Conflict]:
    """Compare stored versions with a release; a CRD that it does not have is not touched."""
    for name, listed in sorted(stored.items()):
        crd = new.get(name)
        gone = tuple(version for version in listed if crd and version not in crd.names)
        if crd and gone:
            yield Conflict(name, crd.kind, gone, certain, listed)


def describe(conflicts: Iterable[Conflict]) -> str:
    """Say which kinds hold which versions: `Bucket v1, HelmRelease v2beta1 and v2beta2`."""
    return ", ".join(f"{conflict.kind} {' and '.join(conflict.stored)}" for conflict in conflicts)
