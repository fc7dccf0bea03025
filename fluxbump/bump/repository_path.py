"""Finds the route of a repository to a release, for `path` and for a refused bump. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from fluxbump.bump.migrate import plan
from fluxbump.check import suppressions
from fluxbump.check.evidence import Evidence
from fluxbump.check.evidence_parts import Absent, optional
from fluxbump.check.newest_safe import SafeReleases
from fluxbump.check.rules.crds import installed_crds
from fluxbump.discover.objects.resources import Resources
from fluxbump.discover.tracks import available
from fluxbump.errors import Again, UsageError
from fluxbump.flux import stored_versions
from fluxbump.flux.tables.kubernetes import kubernetes_minimum
from fluxbump.flux.upgrade_path import Route, route, with_kubernetes
from fluxbump.helm.chart_releases import ChartIndex
from fluxbump.model import Location
from fluxbump.text import versions


def find(start: str, goal: str, gathered: Evidence, index: ChartIndex) -> Route:
    """Find the route between two releases.

    Args:
        start: the release to start from, without a leading `v`.
        goal: the release to reach, without a leading `v`.
        gathered: the evidence about the repository.
        index: the chart index, for the releases that a hop can take.

    Raises:
        UsageError: the CRDs of one of the releases are not known.
    """
    for release in (start, goal):
        if release not in gathered.crds:
            listed = "a release that `fluxbump matrix --all` lists"
            place = f"use --releases with a place that has v{release}/install.yaml"
            raise UsageError(
                f"the CRDs of Flux {release} are not known{gathered.why_unknown(release)}",
                hint=f"take {listed}" if release == goal else f"{place}, or --from with {listed}",
                next=_from_release(release, gathered) if release == start else (),
            )
    charts = {str(release) for release in available(gathered.inventory, index).stable}
    past = gathered.past
    through = past.through(start) if past else None
    found = route(
        installed_crds.table(gathered),
        start,
        goal,
        charts,
        stored=gathered.stored,
        through=through,
        written=gathered.written,
    )
    return with_kubernetes(found, gathered.oldest_kubernetes, kubernetes_minimum)


def _from_release(held: str, gathered: Evidence) -> Iterator[Again]:
    """Yield the advice to start from the final release of a prerelease, if its CRDs are known."""
    version = versions.parse(held)
    final = str(version.finalize_version()) if version and version.prerelease else ""
    if final in gathered.crds:
        yield Again(add=("--from", final), why=f"the route, if {held} has the CRDs of {final}")


def told(found: Route, gathered: Evidence, index: ChartIndex) -> str | None:
    """Say what the history of the pins rules out on the route. None if it was not read."""
    past = gathered.past
    if past is None:
        return None
    problem = past.silent(found.start)
    if problem:
        return f"Git history gives no extra information: {problem}"
    wide = find(found.start, found.goal, replace(gathered, history=Absent("not asked")), index)
    rest = stored_versions.without(wide.migrate, found.migrate)
    also = stored_versions.describe(rest)
    older = f". A cluster older than the pins may also store {also}" if rest else ""
    return f"The pins have held {past.until(found.start)}{older}"


def newest_safe(
    gathered: Evidence,
    index: ChartIndex,
    suppressed: suppressions.Suppressed,
    *,
    migrate_apis: bool = False,
) -> str | None:
    """Return the newest release that passes the checks, or None.

    Args:
        gathered: the evidence about the repository.
        index: the chart index.
        suppressed: tells which findings the team has suppressed.
        migrate_apis: takes the manifests as `--migrate-apis` would leave them.
    """
    manifests = plan.foreseen(gathered) if migrate_apis else None
    choice = available(gathered.inventory, index)
    best = SafeReleases(gathered, choice, manifests, suppressed).newest()
    return str(best.app_version) if best else None


def movable(gathered: Evidence, found: Resources, start: str, goal: str) -> frozenset[Location]:
    """Return the places of the apiVersions that `to --migrate-apis` would move.

    Empty if the API versions of a release are not known.
    """
    known = optional(gathered.releases)
    try:
        moves = plan.migrate(found, known, start, goal).moves if known else ()
    except UsageError:  # the API versions of a release are not known, so nothing would move
        return frozenset()
    return frozenset(move.resource.api_location for move in moves)
