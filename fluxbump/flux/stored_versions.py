"""Predict which CRD updates the API server refuses because of stored versions. Pure.

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
        served: whether the API server answers requests for this version.
        storage: whether objects are written to etcd in this version; true of one entry in each
            valid CRD.
        deprecated: whether the API server answers requests with a warning.
    """

    name: str
    served: bool
    storage: bool
    deprecated: bool = False


class Crd(Struct, frozen=True):
    """A custom resource definition, as far as its versions go.

    Attributes:
        name: the plural and the group, `buckets.source.toolkit.fluxcd.io`.
        kind: the kind, as in manifests.
        group: the API group.
        versions: the entries of `spec.versions`, in order.
    """

    name: str
    kind: str
    group: str
    versions: tuple[CrdVersion, ...]

    @property
    def storage(self) -> str:
        """The version in which objects are stored; empty for a CRD without one."""
        return next((version.name for version in self.versions if version.storage), "")

    @property
    def served(self) -> frozenset[str]:
        """The versions that manifests may use."""
        return frozenset(version.name for version in self.versions if version.served)

    @property
    def names(self) -> frozenset[str]:
        """All versions, served or not; `status.storedVersions` may list these."""
        return frozenset(version.name for version in self.versions)


Release = Mapping[str, Crd]
"""The CRDs of one release, by name."""

Table = Mapping[str, Release]
"""The CRDs of each release, by release without a leading `v`."""

Stored = Mapping[str, tuple[str, ...]]
"""The `status.storedVersions` of each CRD, by the CRD's name."""


class Conflict(Struct, frozen=True):
    """A CRD whose update the API server refuses.

    Attributes:
        crd: the CRD's name.
        kind: the kind that the CRD defines.
        stored: the versions that are stored and that the new CRD lacks.
        certain: whether all clusters refuse the update; if False, only clusters that were upgraded
            in place and never migrated refuse it.
        listed: the whole `status.storedVersions`, in the server's order; empty if it has only
            `stored`.
    """

    crd: str
    kind: str
    stored: tuple[str, ...]
    certain: bool
    listed: tuple[str, ...] = ()

    def message(self, kubernetes: str | None = None) -> str:
        """Return the error message of the API server.

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
    """Return the conflicts if `new` is applied to a cluster that was installed at `old`.

    Such a cluster lists only the storage versions of `old`, and so does a cluster that was migrated
    at `old`. All clusters at `old` have these conflicts.

    Raises:
        KeyError: the table does not have one of the releases.
    """
    return exact(stored_by(table[old]), table, new)


def reachable(
    table: Table, old: str, new: str, through: Collection[str] | None = None
) -> tuple[Conflict, ...]:
    """Return the further conflicts of a cluster that came to `old` from earlier releases.

    A version that an earlier release stored, and that the CRD of `old` still has, may still be
    listed. A version that the CRD of `old` lacks cannot be: the update to `old` would have been
    refused.

    Args:
        table: the CRDs of each release.
        old: the release of the cluster.
        new: the release that is applied to it.
        through: the releases that the cluster may have been at; None for all earlier ones.

    Returns:
        The conflicts without the versions that `fresh` returns; none of them is certain.

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
    """Return `conflicts` without the versions that `others` have for the same CRD."""
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
    """Return the conflicts of a cluster whose `status.storedVersions` are known.

    Raises:
        KeyError: the table does not have `new`.
    """
    return tuple(_refused(stored, table[new], certain=True))


def stored_by(release: Release) -> dict[str, tuple[str]]:
    """Return the `status.storedVersions` of a cluster that never had another release."""
    return {name: (crd.storage,) for name, crd in release.items() if crd.storage}


def history(
    table: Table, at: str, through: Collection[str] | None = None
) -> dict[str, tuple[str, ...]]:
    """Return all versions that `status.storedVersions` may list in a cluster at `at`.

    Args:
        table: the CRDs of each release.
        at: the release of the cluster.
        through: the releases that the cluster may have been at; None for all earlier ones.
    """
    listed: dict[str, tuple[str, ...]] = {}
    for release in (*earlier(table, at, through), at):
        for name, (version,) in stored_by(table[release]).items():
            stands = name in table[at] and version in table[at][name].names
            if stands and version not in listed.get(name, ()):
                listed[name] = (*listed.get(name, ()), version)
    return listed


def earlier(table: Table, release: str, among: Collection[str] | None = None) -> tuple[str, ...]:
    """Return the releases of a table before `release`, oldest first.

    `among` limits them to the releases in it; None is no limit.
    """
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
    """Return the version by which a release is sorted.

    Raises:
        ValueError: `release` is not a full version.
    """
    parsed = versions.parse(release)
    if parsed is None:
        raise ValueError(f"not a release: {release}")
    return parsed


def _refused(stored: Stored, new: Release, *, certain: bool) -> Iterator[Conflict]:
    """Yield the conflicts of stored versions with a release; CRDs that it lacks have none."""
    for name, listed in sorted(stored.items()):
        crd = new.get(name)
        gone = tuple(version for version in listed if crd and version not in crd.names)
        if crd and gone:
            yield Conflict(name, crd.kind, gone, certain, listed)


def describe(conflicts: Iterable[Conflict]) -> str:
    """Name the kinds and their stored versions: `Bucket v1, HelmRelease v2beta1 and v2beta2`."""
    return ", ".join(f"{conflict.kind} {' and '.join(conflict.stored)}" for conflict in conflicts)
