"""A bump as it is decided, before anything checks it: the release, the plan, and the edits."""

from __future__ import annotations

from msgspec import Struct

from fluxbump.bump import goal
from fluxbump.bump.changes import Plan
from fluxbump.bump.compose import Start, Work, edited, fixed, replaced, unchecked_operator
from fluxbump.bump.migrate import plan as migrate
from fluxbump.bump.planning import new_values
from fluxbump.bump.planning.plan import plan
from fluxbump.bump.prepared_bump import Request
from fluxbump.check import gather, suppressions
from fluxbump.check.repository_state import RepositoryState
from fluxbump.flux.releases import Goal
from fluxbump.git.overlay_snapshot import ChangeSet
from fluxbump.model import Snapshot
from fluxbump.workspace import Session


class Composed(Struct, frozen=True):
    """A bump as it is decided, before anything checks it.

    Attributes:
        request: what the user asked for.
        start: where the pins start to move.
        plan: what each pin becomes.
        work: the edits of it.
        changes: the files after all edits, those of the start too.
        doubts: why newer releases than the target may be missing, or flux-operator's target.
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
        session: where chart archives come from.
        state: of the repository.
        request: what the user asked for.

    Raises:
        FluxbumpError: of the stage that cannot go on.
    """
    target, migrate_apis = request.target, request.migrate_apis
    release = goal.find(
        state, target, chart_version=request.chart_version, migrate_apis=migrate_apis
    )
    start = fixed(_start(state, release, session, migrate_apis=migrate_apis), state, request.fixes)
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
        *unchecked_operator(planned, state),
    )
    planned = replaced(planned, inventory, state, request.options.leave)
    work = edited(start, planned, session.index, state.scope, rows_move=request.mentions)
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
