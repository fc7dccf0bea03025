"""Gathers the evidence for the upgrade path of a repository, and answers `fluxbump path`."""

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
    """A route to a release, with the evidence that it is based on.

    Attributes:
        found: the route.
        newest: the newest release that passes the checks with the manifests as they are. None if
            there is none, or if the route starts at another release than the pinned one.
        migrated: the newest release that passes after `--migrate-apis` has moved manifests. None
            in the same cases.
        gathered: the evidence about the repository.
        index: the chart index. It has no release if it is not available.
        here: whether the route starts at the release that this repository pins.
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
    """Find the route from the pinned release, or from another one, to a release.

    Args:
        session: the repository at a commit, and the sources of facts.
        wanted: a release, a line of releases, or `latest`.
        start: the release to start from. None takes the pinned one.
        known: the facts that do not come from the repository.

    Raises:
        FluxbumpError: the release does not exist, no release is pinned, or the CRDs of one of them
            are not known.
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
    # The history and the pins of this repository say nothing about a cluster at another release.
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
    """Read git history of pins and manifests if the current files leave a stored version open."""
    if not all(stored.certain for stored in found.migrate):
        held = pin_history.read(session.lineage, [gathered.inventory], scope, gathered.crds)
        gathered = replace(gathered, history=History(held))
        found = find(found.start, found.goal, gathered, index)
    if gathered.stored is None:
        found, gathered = _with_history(found, gathered, index, session)
    return found, gathered


def _index(session: Session[CommitSnapshot]) -> tuple[ChartIndex, IndexSourceError | None]:
    """Return the chart index and no error, or an empty index and why it is not available."""
    loaded = session.chart_index
    if isinstance(loaded, ChartIndex):
        return loaded, None
    return ChartIndex("no chart index", ()), loaded


def _with_history(
    found: Route, gathered: Evidence, index: ChartIndex, session: Session[CommitSnapshot]
) -> tuple[Route, Evidence]:
    """Add the API versions that manifests held before, which managedFields may still name.

    The versions that manifests hold now need the migration anyway, so only the other ones are
    searched in the history. The history tells group and version, but not the kind.
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
