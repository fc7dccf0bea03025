"""Find the safe upgrade path from one Flux release to another. Pure.

`flux migrate` rewrites every stored object to the storage version that the CRDs of the running
release name, and sets `status.storedVersions` to that version alone (`ClusterMigrator` in flux2,
cmd/flux/migrate.go). So a migration makes a hop possible exactly if a fresh cluster at the old
release would accept the hop. If it would not, another release must come between.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import combinations, pairwise

from msgspec import Struct, field
from msgspec.structs import replace

from fluxbump.flux import stored_versions
from fluxbump.flux.removed_versions import Removed, Written, removed_between, written_at
from fluxbump.flux.stored_versions import Conflict, Release, Stored, Table
from fluxbump.text import versions

_NOTHING_WRITTEN: Mapping[tuple[str, str], Collection[str]] = {}


class Hop(Struct, frozen=True):
    """One bump of a route.

    Attributes:
        old: the release before the hop.
        new: the release that is applied over it.
        migrate: the conflicts that `flux migrate` must prune while the cluster is at `old`; one is
            certain if all clusters on this route list such a version.
        removed: the API versions that manifests may no longer use.
        rewrite: the versions of `removed` that objects may have been written at: `flux migrate`
            must rewrite their managedFields, before the hop and after it.
        kubernetes: the oldest Kubernetes that `new` supports, `1.33`, if an older one runs; None if
            the running one is new enough or not known.
    """

    old: str
    new: str
    migrate: tuple[Conflict, ...] = ()
    removed: tuple[Removed, ...] = ()
    rewrite: tuple[Removed, ...] = ()
    kubernetes: str | None = None


class Route(Struct, frozen=True):
    """The hops from one release to another, or the reason why no route exists.

    Attributes:
        start: the release of the cluster.
        goal: the release that the cluster should have.
        hops: the bumps in order; empty if the cluster is at the goal, or if no route exists.
        problem: why no route exists; None if one does.
    """

    start: str
    goal: str
    hops: tuple[Hop, ...] = ()
    problem: str | None = None

    @property
    def releases(self) -> tuple[str, ...]:
        """All releases of the route, the start included."""
        return (self.start, *(hop.new for hop in self.hops))

    @property
    def migrate(self) -> tuple[Conflict, ...]:
        """The conflicts that must be pruned on the route, each version of a CRD once."""
        every: tuple[Conflict, ...] = ()
        for hop in self.hops:
            every = (*every, *stored_versions.without(hop.migrate, every))
        return every


def route(
    table: Table,
    start: str,
    goal: str,
    charts: Collection[str],
    *,
    stored: Stored | None = None,
    through: Collection[str] | None = None,
    written: Written = _NOTHING_WRITTEN,
) -> Route:
    """Find the route with the fewest hops.

    Among routes of equal length, the one with the fewest migrations is taken, then the one with the
    fewest hops before which manifests change, then the one with the newest releases. Only releases
    between the two ends are considered, no prereleases, and of releases with equal CRDs the newest
    that has a chart.

    Args:
        table: the CRDs of each release.
        start: the release of the cluster.
        goal: the release that the cluster should have; an older one is a downgrade.
        charts: the releases that have a chart.
        stored: `status.storedVersions` of the cluster; None if the cluster was not asked.
        through: the releases that the cluster may have been at; None for all earlier ones. It is
            not used if `stored` is known.
        written: the versions that objects may have been written at.

    Raises:
        KeyError: the table does not have `start` or `goal`.
    """
    known = _State.of_cluster(table, start, stored) or _State.unseen(table, start, through)
    if start == goal:
        return Route(start, goal)
    if goal not in charts:
        return Route(start, goal, problem=f"no chart ships Flux {goal}")
    between = _between(table, start, goal, charts)
    for size in range(len(between) + 1):
        ways = [
            tuple(_hops(table, (start, *some, goal), known, written))
            for some in combinations(between, size)
            if _passable(table, (start, *some, goal))
        ]
        if ways:
            return Route(start, goal, min(ways, key=_cost))
    blocked = stored_versions.describe(stored_versions.fresh(table, start, goal))
    return Route(start, goal, problem=f"no release with a chart leads around {blocked}")


def with_kubernetes(
    found: Route, running: str | None, minimum: Callable[[str], str | None]
) -> Route:
    """Return the route with the Kubernetes upgrades that must come before its hops.

    Args:
        found: the route.
        running: the Kubernetes version at its start; None if it is not known.
        minimum: returns the oldest Kubernetes that a release supports.
    """
    held = versions.minor(running) if running else None
    if held is None:
        return found
    hops = []
    for hop in found.hops:
        asks = minimum(hop.new)
        needed = versions.minor(asks) if asks else None
        if needed is not None and needed > held:
            held = needed
            hops.append(replace(hop, kubernetes=asks))
        else:
            hops.append(hop)
    return replace(found, hops=tuple(hops))


# --- which releases come into question --------------------------------------------------------


def _stable(table: Table, charts: Collection[str]) -> list[str]:
    return [
        release_text
        for release_text in table
        if release_text in charts and stored_versions.key(release_text).prerelease is None
    ]


def _between(table: Table, start: str, goal: str, charts: Collection[str]) -> tuple[str, ...]:
    """Return the newest release of each set with equal CRDs between the ends, in route order."""
    low, high = sorted((start, goal), key=stored_versions.key)
    newest: list[str] = []
    for release in sorted(_stable(table, charts), key=stored_versions.key, reverse=True):
        inside = stored_versions.key(low) < stored_versions.key(release) < stored_versions.key(high)
        if inside and all(table[release] != table[other] for other in (low, high, *newest)):
            newest.append(release)
    return tuple(newest if start == high else reversed(newest))


def _passable(table: Table, releases: Sequence[str]) -> bool:
    return not any(stored_versions.fresh(table, old, new) for old, new in pairwise(releases))


def _cost(hops: Sequence[Hop]) -> tuple[int, int, list[tuple[int, ...]]]:
    newest = [
        tuple(-number for number in stored_versions.key(hop.new).to_tuple()[:3]) for hop in hops
    ]
    return sum(bool(hop.migrate) for hop in hops), sum(bool(hop.removed) for hop in hops), newest


# --- what happens on the way ------------------------------------------------------------------


class _State(Struct, frozen=True):
    """The versions that `status.storedVersions` can list (`most`) and surely lists (`least`)."""

    most: Mapping[str, tuple[str, ...]]
    least: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def of_cluster(cls, table: Table, at: str, stored: Stored | None) -> _State | None:
        if stored is None:
            return None
        ours = {name: listed for name, listed in stored.items() if name in table[at]}
        return cls(ours, ours)

    @classmethod
    def unseen(cls, table: Table, at: str, through: Collection[str] | None) -> _State:
        return cls(
            stored_versions.history(table, at, through), stored_versions.stored_by(table[at])
        )

    def refused(self, new: Release) -> tuple[Conflict, ...]:
        found = []
        for name, listed in sorted(self.most.items()):
            crd = new.get(name)
            gone = tuple(version for version in listed if crd and version not in crd.names)
            if crd and gone:
                certain = any(version in self.least.get(name, ()) for version in gone)
                found.append(Conflict(name, crd.kind, gone, certain, listed))
        return tuple(found)

    def over(self, new: Release) -> _State:
        return _State(_over(self.most, new), _over(self.least, new))


def _over(listed: Stored, new: Release) -> dict[str, tuple[str, ...]]:
    """Return the stored versions after a release is applied, as the API server adds to them."""
    added = {
        name: (
            *listed.get(name, ()),
            *(store for store in stores if store not in listed.get(name, ())),
        )
        for name, stores in stored_versions.stored_by(new).items()
    }
    return {**listed, **added}


def _hops(table: Table, releases: Sequence[str], state: _State, written: Written) -> Iterator[Hop]:
    for old, new in pairwise(releases):
        migrate = state.refused(table[new])
        if migrate:
            migrated = stored_versions.stored_by(table[old])
            state = _State(migrated, migrated)
        removed = tuple(removed_between(table[old], table[new]))
        yield Hop(old, new, migrate, removed, tuple(written_at(removed, written)))
        state = state.over(table[new])
