"""What the way to a release is told from: the evidence, and history where it settles something."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from fluxbump.bump.repository_path import find, newest_safe
from fluxbump.check import gather, pin_history, suppressions
from fluxbump.check.evidence import Evidence
from fluxbump.check.evidence_parts import Effort, History, needed
from fluxbump.check.gather import Known, together
from fluxbump.discover.inventory import discover
from fluxbump.discover.scope import Scope
from fluxbump.discover.tracks import available, needs_chart
from fluxbump.errors import IndexSourceError, UsageError
from fluxbump.flux import releases
from fluxbump.flux.upgrade_path import Route
from fluxbump.git.objects import CommitSnapshot
from fluxbump.helm.chart_releases import ChartIndex
from fluxbump.system.process_pool import among_processes
from fluxbump.workspace import Session


class RouteAnswer(Struct, frozen=True):
    """A route, and what is known beside it.

    Attributes:
        found: the route.
        newest: the newest release that passes as things stand; None where that is not known.
        migrated: likewise, once manifests have moved to other API versions.
        gathered: the evidence.
        index: the chart index; without a release where there is none.
        here: whether the route starts where this repository is.
    """

    found: Route
    newest: str | None
    migrated: str | None
    gathered: Evidence
    index: ChartIndex
    here: bool


def answer_of(
    session: Session[CommitSnapshot], wanted: str, start: str | None, known: Known
) -> RouteAnswer:
    """Find the way to a release.

    Args:
        session: where it starts.
        wanted: a release, a line of releases, or `latest`.
        start: the release to start from; None for the one that is pinned.
        known: what is known beside the repository.

    Raises:
        FluxbumpError: there is no such release, nothing is pinned, or nothing is known of one of
            them.
    """
    loaded, no_index = _index(session)
    scope = session.settings.scope(releases.app_versions(releases.known(loaded)), gather.NEEDLES)
    scope = replace(scope, spread=among_processes)
    inventory = discover(session.snapshot, scope)
    if no_index is not None and needs_chart(inventory):
        raise no_index
    goal = str(available(inventory, loaded).find(wanted).app_version)
    around = gather.surroundings(
        session.snapshot, scope, known, configured=session.settings.kubernetes
    )
    gathered = gather.gather(
        gather.snapshot_files(session.snapshot, inventory),
        loaded,
        around=around,
        effort=Effort(spread=scope.spread),
        sources=session.releases,
        also=(goal, (start or goal).removeprefix("v")),
    )
    found = find(_start(start, gathered), goal, gathered, loaded)
    # Of a cluster elsewhere, neither the history nor the pins of this repository say anything.
    here = found.start == gathered.installed
    if here:
        found, gathered = _by_history(found, gathered, loaded, session, scope)
    accepted = suppressions.ignores(gathered, session.settings)
    return RouteAnswer(
        found,
        newest_safe(gathered, loaded, accepted) if here else None,
        newest_safe(gathered, loaded, accepted, migrate_apis=True) if here else None,
        gathered,
        loaded,
        here=here,
    )


def _by_history(
    found: Route,
    gathered: Evidence,
    index: ChartIndex,
    session: Session[CommitSnapshot],
    scope: Scope,
) -> tuple[Route, Evidence]:
    """Ask the history of pins and manifests for what the files of today leave open."""
    if not all(stored.certain for stored in found.migrate):
        held = pin_history.read(session.lineage, [gathered.inventory], scope, gathered.crds)
        gathered = replace(gathered, history=History(held))
        found = find(found.start, found.goal, gathered, index)
    if gathered.stored is None:
        found, gathered = _with_history(found, gathered, index, session)
    return found, gathered


def _index(session: Session[CommitSnapshot]) -> tuple[ChartIndex, IndexSourceError | None]:
    """Load the index; an empty one, and why, where it is not available."""
    loaded = session.chart_index
    if isinstance(loaded, ChartIndex):
        return loaded, None
    return ChartIndex("no chart index", ()), loaded


def _with_history(
    found: Route, gathered: Evidence, index: ChartIndex, session: Session[CommitSnapshot]
) -> tuple[Route, Evidence]:
    """Count what manifests have held before, which objects may still name in managedFields.

    What manifests of some kind hold now asks for the migration anyway, so only the other versions
    are looked for in the history, where their kinds cannot be told.
    """
    now = {(group, v) for (group, _), held in gathered.written.items() for v in held}
    gone = {
        f"{crd.group}/{version}": (crd.group, version)
        for hop in found.hops
        for crd in hop.removed
        for version in crd.versions
        if (crd.group, version) not in now
    }
    if not gone:
        return found, gathered
    held = {gone[text] for text in session.ever_held(sorted(gone))}
    before = [
        {(crd.group, crd.kind): {v for v in crd.versions if (crd.group, v) in held}}
        for hop in found.hops
        for crd in hop.removed
    ]
    written = together(gathered.written, *before)
    gathered = replace(gathered, cluster=replace(needed(gathered.cluster), written=written))
    return find(found.start, found.goal, gathered, index), gathered


def _start(given: str | None, gathered: Evidence) -> str:
    held = given or gathered.installed
    if held is None:
        raise UsageError(gathered.why_not_installed, hint="use --from X.Y.Z")
    return held.removeprefix("v")
