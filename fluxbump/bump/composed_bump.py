"""A bump as it is decided, before anything checks it: the release, the plan, and the edits."""

from __future__ import annotations

from msgspec import Struct

from fluxbump.bump import goal
from fluxbump.bump.changes import Plan
from fluxbump.bump.compose import Start, Work, edited, fixed, replaced, unchecked_operator
from fluxbump.bump.migrate import plan as migrate
from fluxbump.bump.planning import following
from fluxbump.bump.planning.plan import plan
from fluxbump.bump.prepared_bump import Request
from fluxbump.check import gather, suppressions
from fluxbump.check.repository_state import Looked
from fluxbump.flux.releases import Goal
from fluxbump.git.overlay import ChangeSet
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


def compose(session: Session[Snapshot], looked: Looked[Snapshot], request: Request) -> Composed:
    """Decide what a bump changes, and make its edits in memory.

    Args:
        session: where chart archives come from.
        looked: what there is.
        request: what the user asked for.

    Raises:
        FluxbumpError: of the stage that cannot go on.
    """
    target, migrate_apis = request.target, request.migrate_apis
    release = goal.find(
        looked, target, chart_version=request.chart_version, migrate_apis=migrate_apis
    )
    start = fixed(
        _start(looked, release, session, migrate_apis=migrate_apis), looked, request.fixes
    )
    inventory = start.inventory
    planned = plan(
        inventory,
        release,
        looked.index,
        request.options,
        earlier=looked.before.inventory.charts,
        following={} if target is None else following.targets(inventory, release, looked),
    )
    doubts = (
        *goal.doubts(looked, target),
        *goal.passed_over(looked, target, release, migrate_apis=migrate_apis),
        *unchecked_operator(planned, looked),
    )
    planned = replaced(planned, inventory, looked, request.options.leave)
    work = edited(start, planned, session.index, looked.scope, rows_move=request.mentions)
    changes = ChangeSet({**start.changes.files, **work.changes.files})
    return Composed(request, start, planned, work, changes, doubts)


def _start(
    looked: Looked[Snapshot], release: Goal, session: Session[Snapshot], *, migrate_apis: bool
) -> Start:
    if not migrate_apis:
        return Start(looked)
    ignored = suppressions.ignores(looked.before, session.settings)
    before = gather.knowing(looked.before, release, looked.sources)
    target = str(release.app_version)
    return Start(looked, migrate.prepare(looked.base, looked.scope, before, target, ignored))
