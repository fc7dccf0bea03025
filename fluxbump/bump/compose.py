"""Decides a bump before the checks run: it finds the release, makes the plan, and the edits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from fluxbump.bump import derived_files, edit, fixes, goal, gotk_replace
from fluxbump.bump.changes import Plan, Row
from fluxbump.bump.documents import mentions, row_edits
from fluxbump.bump.fixes import Fix, Fixing
from fluxbump.bump.migrate import plan as migrate
from fluxbump.bump.migrate.edits import Migration
from fluxbump.bump.planning import new_values
from fluxbump.bump.planning.plan import plan
from fluxbump.bump.prepared_bump import Request
from fluxbump.check import gather, suppressions
from fluxbump.check.repository_state import RepositoryState
from fluxbump.discover import symlinks
from fluxbump.discover.inventory import discover
from fluxbump.discover.objects import flux_objects
from fluxbump.discover.scope import Scope
from fluxbump.errors import IndexSourceError
from fluxbump.flux import gotk_source
from fluxbump.flux.releases import Goal
from fluxbump.git.overlay_snapshot import ChangeSet, Overlay
from fluxbump.git.text_reader import TextReader
from fluxbump.helm.chart_releases import ChartRelease, IndexSource
from fluxbump.model import (
    FLUX,
    FLUX2,
    OPERATOR,
    Inventory,
    Note,
    Snapshot,
)
from fluxbump.text.live_code import TextFile
from fluxbump.text.splice import Edit
from fluxbump.workspace import Session

_NOT_SEARCHED = "not searched for mentions and mapping rows"


class Start:
    """The state from which the pins move: the base with a migration and fixes applied to it.

    The bump itself changes only versions, so no apiVersion and no field changes its type after this
    state.
    """

    def __init__(
        self,
        state: RepositoryState[Snapshot],
        migration: Migration | None = None,
        fixings: Iterable[Fixing] = (),
    ) -> None:
        self.migration = migration
        self.fixings = tuple(fixings)
        changes = dict(migration.changes.files) if migration else {}
        for fixing in self.fixings:
            changes |= fixing.changes.files
        self.changes = ChangeSet(changes)
        self.snapshot: Snapshot = state.base
        self.inventory, self.around = state.inventory, state.around
        if self.changes.files:
            self.snapshot = Overlay(state.base, self.changes)
            self.inventory = discover(self.snapshot, state.scope)
            manifests = flux_objects.find(self.snapshot, state.scope.excludes)
            self.around = replace(state.around, objects=manifests)


class Work(Struct, frozen=True):
    """The edits of a plan, and the texts that they were planned on.

    Attributes:
        files: the texts in which rows and mentions are searched, before the edits.
        rows: the rows of mapping tables that move.
        row_edits: the edits of all `rows`.
        changes: the files after the edits.
        notes: a note for each file that was not searched for rows and mentions.
    """

    files: list[TextFile]
    rows: tuple[Row, ...]
    row_edits: list[Edit]
    changes: ChangeSet
    notes: tuple[Note, ...] = ()


class Composed(Struct, frozen=True):
    """A bump that is decided and not checked yet.

    Attributes:
        request: the bump that the user asked for.
        start: the state from which the pins move.
        plan: the changes of the pins.
        work: the edits of the plan.
        changes: the files after all edits, with the migration and the fixes.
        doubts: the reasons why a newer release, or flux-operator's target, could not be looked up.
    """

    request: Request
    start: Start
    plan: Plan
    work: Work
    changes: ChangeSet
    doubts: tuple[str, ...]


def compose(
    session: Session[Snapshot], state: RepositoryState[Snapshot], request: Request
) -> Composed:
    """Decide what a bump changes, and make its edits in memory.

    Args:
        session: the source of chart archives.
        state: the inventory and the evidence that were read from the repository.
        request: the bump that the user asked for.

    Raises:
        FluxbumpError: a stage cannot go on. The class of the error depends on the stage.
    """
    target, migrate_apis = request.target, request.migrate_apis
    release = goal.find(
        state, target, chart_version=request.chart_version, migrate_apis=migrate_apis
    )
    start = _fixed(_start(state, release, session, migrate_apis=migrate_apis), state, request.fixes)
    inventory = start.inventory
    planned = plan(
        inventory,
        release,
        state.index,
        request.options,
        earlier=state.before.inventory.charts,
        following={} if target is None else new_values.targets(inventory, release, state),
    )
    doubts = (
        *goal.doubts(state, target),
        *goal.passed_over(state, target, release, migrate_apis=migrate_apis),
        *_unchecked_operator(planned, state),
    )
    planned = _replaced(planned, inventory, state, request.options.leave)
    work = _edited(start, planned, session.index, state.scope, rows_move=request.mentions)
    changes = ChangeSet({**start.changes.files, **work.changes.files})
    return Composed(request, start, planned, work, changes, doubts)


def _start(
    state: RepositoryState[Snapshot],
    release: Goal,
    session: Session[Snapshot],
    *,
    migrate_apis: bool,
) -> Start:
    if not migrate_apis:
        return Start(state)
    ignored = suppressions.ignores(state.before, session.settings)
    before = gather.knowing(state.before, release, state.sources)
    target = str(release.app_version)
    return Start(state, migrate.prepare(state.base, state.scope, before, target, ignored))


def _fixed(start: Start, state: RepositoryState[Snapshot], asked: Sequence[Fix]) -> Start:
    """Fix the settings that the user asked for, in the files as the migration leaves them.

    Raises:
        PinError: a setting cannot be fixed with certainty.
    """
    if not asked:
        return start
    fixings = fixes.fix_all(start.inventory, asked, state.scope)
    return Start(state, start.migration, fixings)


def _edited(
    start: Start, planned: Plan, source: IndexSource, scope: Scope, *, rows_move: bool
) -> Work:
    """Make the edits of a plan, in memory.

    Args:
        start: the files before the edits.
        planned: the changes of the pins.
        source: gives the new archive if a chart is vendored.
        scope: the limits of the search for pins.
        rows_move: whether rows of mapping tables move.

    Raises:
        FluxbumpError: an edit cannot be made, or an archive is not available.
    """
    moved = {change.pin.location.path for change in planned.changes}
    symlinks.require_nothing_behind(start.snapshot, start.inventory, moved, planned.targets)
    edit.require_unsealed(planned, start.inventory.files)
    reader = TextReader(start.snapshot)
    files = _files(reader, start.inventory, planned)
    known = scope.app_versions or {}
    rows = tuple(row_edits.rows(files, planned, known)) if rows_move else ()
    of_rows = [row_edit for row in rows for row_edit in row.edits]
    derived = _derived(start.snapshot, start.inventory, planned, source)
    changes = edit.change_set(start.inventory, planned, of_rows, derived)
    notes = (Note(u.location, f"{_NOT_SEARCHED}: {u.message}") for u in reader.refused)
    return Work(files, rows, of_rows, changes, tuple(notes))


def _files(reader: TextReader, inventory: Inventory, planned: Plan) -> list[TextFile]:
    """Return the candidates, and the other files that name a version which the plan replaces."""
    known = {**inventory.files, **inventory.others}
    own = {
        value for value, tracks in mentions.outdated(planned).items() if {FLUX, FLUX2} & {*tracks}
    }
    own |= {value for _, value in mentions.images_of_manifests(planned)}
    if own - inventory.searched:
        more = [path for path in reader.snapshot.grep(sorted(own)) if path not in known]
        known |= dict(reader.texts(more))
    return [TextFile(path, text) for path, text in known.items()]


def _derived(
    base: Snapshot, inventory: Inventory, planned: Plan, source: IndexSource
) -> dict[str, bytes | None]:
    derived = derived_files.locks(base, inventory, planned, base.time)
    chart = planned.chart_release
    if isinstance(chart, ChartRelease):
        for old, new in derived_files.vendored(base, inventory, planned).items():
            derived |= {old: None, new: source.archive(chart)}
    return derived


def _unchecked_operator(planned: Plan, state: RepositoryState[Snapshot]) -> tuple[str, ...]:
    """Say why it is not known whether the target version of flux-operator exists.

    Empty if it exists, if flux-operator does not move, or if there is no source to ask.

    Raises:
        ResolveError: the version does not exist.
    """
    ask = state.sources.operator if state.sources else None
    if ask is None or not any(change.pin.track == OPERATOR for change in planned.changes):
        return ()
    version = planned.targets[OPERATOR]
    try:
        ask(version)
    except IndexSourceError as error:
        return (f"not checked that flux-operator {version} exists: {error}",)
    return ()


def _replaced(
    planned: Plan, inventory: Inventory, state: RepositoryState[Snapshot], leave: frozenset[str]
) -> Plan:
    """Add the manifests of Flux that are generated again as a whole to a plan.

    Args:
        planned: the plan without them.
        inventory: has the text of each manifest.
        state: has the sources of the manifests of releases.
        leave: the kinds of pin whose manifest stays if it cannot be generated again.

    Raises:
        HalfBumpError: a manifest of another kind cannot be generated again.
    """
    sources = state.sources
    components = (sources.components if sources else None) or gotk_source.Texts(()).manifest
    copied = (sources.data if sources else None) or _no_manifest
    manifests = gotk_replace.Manifests(components, copied)
    return gotk_replace.replaced(planned, inventory, manifests, leave)


def _no_manifest(_: str) -> bytes:
    raise IndexSourceError("there is no place to ask")
