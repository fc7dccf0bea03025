"""The journey of a bump, from stage to stage.

`look` gathers what there is; `prepare` computes everything and writes nothing. A dry run ends
there; `deliver` makes a branch of the result, `in_place` edits the work tree.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial

from msgspec.structs import replace

from fluxbump.bump import base_lines, crd_copies, derived_files, edit, goal
from fluxbump.bump import commit_message as message
from fluxbump.bump import commits as steps
from fluxbump.bump.commits import Stage
from fluxbump.bump.compose import Start, edited, fixed, following, replaced, unchecked_operator
from fluxbump.bump.documents import mentions
from fluxbump.bump.migrate import plan as migrate
from fluxbump.bump.plan import plan
from fluxbump.bump.prepared_bump import Prepared, Request
from fluxbump.check import gate, gather, repository_state, rules, suppressions
from fluxbump.check.evidence import Evidence
from fluxbump.check.evidence_parts import Baseline, Effort, Renders, Team
from fluxbump.check.gather import Renderer
from fluxbump.check.repository_state import Looked, S
from fluxbump.check.rules import flux_helm_release
from fluxbump.check.rules.rule import Trait
from fluxbump.check.verdict import Verdict
from fluxbump.config.settings import Settings
from fluxbump.discover.tracks import current
from fluxbump.flux.releases import Goal
from fluxbump.git.objects import CommitSnapshot
from fluxbump.git.overlay import ChangeSet, Overlay
from fluxbump.git.repository import Repository
from fluxbump.helm.chart_releases import ChartIndex
from fluxbump.model import FLUX, Finding, Snapshot
from fluxbump.system.background import beside
from fluxbump.workspace import Session

Rendering = Callable[[ChartIndex], AbstractContextManager[Renderer]]
"""Gives what renders wrappers; what that started has ended when the block is left."""


def look(
    session: Session[S], request: Request, since: CommitSnapshot | None = None, *, compare: bool
) -> Looked[S]:
    """Look at what there is, before anything is decided; see `repository_state.look`.

    Args:
        session: the base.
        request: what the user asked for.
        since: what clusters run; None when it is the base.
        compare: whether charts may be fetched only to be compared with their release.

    Raises:
        FluxbumpError: the index is not available, or the pins cannot be read.
    """
    return repository_state.look(session, request.known, since, compare=compare)


def prepare(
    session: Session[S],
    looked: Looked[S],
    request: Request,
    *,
    render: Rendering | None = None,
) -> Prepared[S]:
    """Compute a bump, in memory and in a quarantine that is gone when this returns.

    Args:
        session: the base, and where chart archives come from.
        looked: what there is.
        request: what the user asked for.
        render: gives what renders wrappers; None when rendering was not asked for.

    Raises:
        FluxbumpError: of the stage that cannot go on.
    """
    repository, settings = session.repository, session.settings
    base, index = looked.base, looked.index
    chart_release = goal.find(
        looked,
        request.target,
        chart_version=request.chart_version,
        migrate_apis=request.migrate_apis,
    )
    doubts = (
        *goal.doubts(looked, request.target),
        *goal.passed_over(looked, request.target, chart_release, migrate_apis=request.migrate_apis),
    )
    start = _migrated(looked, chart_release, settings) if request.migrate_apis else Start(looked)
    start = fixed(start, looked, request.fixes)
    inventory = start.inventory
    charts = looked.before.inventory.charts
    planned = plan(
        inventory,
        chart_release,
        index,
        request.options,
        earlier=charts,
        following=({} if request.target is None else following(inventory, chart_release, looked)),
    )
    unchecked = unchecked_operator(planned, looked)
    planned = replaced(planned, inventory, looked, request.options.leave)
    work = edited(start, planned, session.index, looked.scope, rows_move=request.mentions)
    total = ChangeSet({**start.changes.files, **work.changes.files})
    # Before there is a second thread, so that it may be divided among processes.
    result = edit.verify(inventory, planned, work.changes, looked.scope)
    with (
        beside(partial(repository.trees.preview, base, total)) as built,
        render(index) if render else nullcontext() as renderer,
    ):
        overlay = Overlay(base, total)
        found = gather.found(overlay, result)
        renders = gather.begin_renders(renderer, found)
        after = gather.gather(
            found,
            index,
            around=start.around,
            baseline=Baseline(looked.before.inventory, _changed(looked, overlay)),
            team=Team(request.options.level != "none", settings.allowed_groups),
            effort=Effort(compared_with=current(looked.before.inventory).get(FLUX)),
            sources=looked.sources,
        )
        lineage = partial(repository.lineage, looked.behind)
        after = gather.with_history(after, lineage, looked.scope)
        before = replace(looked.before, history=after.history)
        verdict, inherited = _judge(before, after, settings, overlay.name, renders)
        if planned.changes:
            inherited = frozenset(
                finding for finding in inherited if not flux_helm_release.defeats(finding)
            )
        left = tuple(
            mentions.find(work.files, inventory, planned, work.row_edits, looked.scope.app_versions)
        )
        values = message.values(planned)
        branch = message.branch(planned, settings, values)
        repository.check_branch_name(branch)
        step = Stage(total, message.message(planned, work.changes, settings, values), built().patch)
        bumped = bool(work.changes.files)
        return _at_base(
            Prepared(
                base=base,
                inventory=inventory,
                plan=planned,
                rows=work.rows,
                mentions=left,
                changes=total,
                built=built(),
                branch=branch,
                message=step.message,
                verdict=verdict,
                inherited=inherited,
                accepted=request.accepted,
                before=before,
                suppressed=looked.suppressed,
                index=index,
                notes=(
                    *planned.notes,
                    *derived_files.left_behind(start.snapshot, inventory, planned),
                    *crd_copies.staying(start.snapshot, inventory, planned),
                    *work.notes,
                ),
                steps=_steps(repository, base, start, step, bumped=bumped),
                migration=start.migration,
                fixings=start.fixings,
                doubts=(*doubts, *unchecked),
            )
        )


def _at_base(prepared: Prepared[S]) -> Prepared[S]:
    """Let the findings of a bump that is refused name lines that people can open."""
    if prepared.passed:
        return prepared
    whole = {replacement.path for replacement in prepared.plan.replacements}
    origin = base_lines.lines(prepared.base, prepared.changes, whole)
    verdict, old = prepared.verdict, prepared.inherited
    return replace(
        prepared,
        verdict=replace(verdict, findings=base_lines.moved(verdict.findings, origin)),
        inherited=frozenset(base_lines.moved(old, origin)),
    )


def _migrated(looked: Looked[Snapshot], chart_release: Goal, settings: Settings) -> Start:
    release, ignored = str(chart_release.app_version), suppressions.ignores(looked.before, settings)
    before = gather.knowing(looked.before, chart_release, looked.sources)
    return Start(looked, migrate.prepare(looked.base, looked.scope, before, release, ignored))


def _steps(
    repository: Repository,
    base: Snapshot,
    start: Start,
    whole: Stage,
    *,
    bumped: bool,
) -> tuple[Stage, ...]:
    """Part the work into commits; in a work tree it is all one."""
    if isinstance(base, CommitSnapshot):
        return steps.part(
            repository, base, start.migration, whole, bumped=bumped, fixings=start.fixings
        )
    return (whole,) if whole.changes.files else ()


def _changed(looked: Looked[Snapshot], result: Overlay) -> frozenset[str]:
    if looked.since is None:
        return frozenset(result.changes.files)
    return gather.changed_below(looked.inventory.charts, looked.since, result)


def _judge(
    before: Evidence,
    after: Evidence,
    settings: Settings,
    subject: str,
    renders: Renders | None,
) -> tuple[Verdict, frozenset[Finding]]:
    """Run the gate on the result, and tell what it finds on the base too.

    Stale mentions and what was not judged are left out: the report lists every mention and every
    note anyway.
    """
    listed = rules.having(Trait.LISTED)
    codes = tuple(code for code in rules.RULES if code not in listed)
    verdict = gate.judge(after, settings, subject, codes, renders)
    # What the base has already matters only where the result has something.
    earlier = gate.judge(
        before, settings, "base", tuple({finding.code for finding in verdict.findings})
    )
    return verdict, gate.inherited(earlier.findings, verdict.findings)
