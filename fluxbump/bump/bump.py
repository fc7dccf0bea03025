"""Computes a bump: composes it, verifies the edits, checks it, and divides it into commits.

`prepare` computes the bump from the state of a repository, and writes nothing to it. A dry run
ends there. `deliver` creates a branch from the result, and `in_place` edits the working tree.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from fluxbump.bump import commit_message as message
from fluxbump.bump import commits as steps
from fluxbump.bump import crd_copies, derived_files, edit, findings_at_base
from fluxbump.bump.commits import Stage
from fluxbump.bump.compose import Composed, compose
from fluxbump.bump.documents import mentions
from fluxbump.bump.prepared_bump import Prepared, Request
from fluxbump.check import gate, gather, rules
from fluxbump.check.evidence import Evidence
from fluxbump.check.evidence_parts import Baseline, Effort, Renders, Team
from fluxbump.check.gather import Renderer
from fluxbump.check.repository_state import RepositoryState, S
from fluxbump.check.rules import flux_helm_release
from fluxbump.check.rules.rule import Trait
from fluxbump.check.verdict import Verdict
from fluxbump.config.settings import Settings
from fluxbump.discover.tracks import current
from fluxbump.git.objects import CommitSnapshot
from fluxbump.git.overlay_snapshot import Overlay
from fluxbump.git.repository import Repository
from fluxbump.git.trees import Built
from fluxbump.helm.chart_releases import ChartIndex
from fluxbump.model import FLUX, Finding, Snapshot
from fluxbump.system.background_thread import beside
from fluxbump.workspace import Session

Rendering = Callable[[ChartIndex], AbstractContextManager[Renderer]]
"""Gives the renderer of wrapper charts, as a context: its processes end with the block."""


def prepare(
    session: Session[S],
    state: RepositoryState[S],
    request: Request,
    *,
    render: Rendering | None = None,
) -> Prepared[S]:
    """Compute a bump in memory, and in a quarantine for git objects that is gone on return.

    Args:
        session: the repository with the base, and the source of chart archives.
        state: the inventory and the evidence that were read from the repository.
        request: the bump that the user asked for.
        render: gives the renderer of wrapper charts. None renders nothing.

    Raises:
        FluxbumpError: a stage cannot go on. The class of the error depends on the stage.
    """
    composed = compose(session, state, request)
    # This runs before there is a second thread, so that it can be divided among processes.
    result = edit.verify(
        composed.start.inventory, composed.plan, composed.work.changes, state.scope
    )
    with (
        beside(partial(session.repository.trees.preview, state.base, composed.changes)) as built,
        render(state.index) if render else nullcontext() as renderer,
    ):
        found = gather.snapshot_files(Overlay(state.base, composed.changes), result)
        judged = _judged(session, state, composed, found, renderer)
        return _at_base(_prepared(session, state, composed, judged, built()))


class _Judged(Struct, frozen=True):
    """The verdict on the result of a bump.

    Attributes:
        verdict: the findings on the result.
        inherited: the findings of `verdict` that the base has, too.
        before: the evidence about the state that the result was compared with.
    """

    verdict: Verdict
    inherited: frozenset[Finding]
    before: Evidence


def _judged(
    session: Session[S],
    state: RepositoryState[S],
    composed: Composed,
    found: gather.SnapshotFiles,
    renderer: Renderer | None,
) -> _Judged:
    """Check the result of a bump, and tell which findings the base has already.

    If a pin moves, the findings that `flux_helm_release.defeats` names are never inherited.
    """
    settings = session.settings
    renders = gather.begin_renders(renderer, found)
    after = gather.gather(
        found,
        state.index,
        around=composed.start.around,
        baseline=Baseline(state.before.inventory, _changed(state, composed, found.snapshot)),
        team=Team(composed.request.options.level != "none", settings.allowed_groups),
        effort=Effort(compared_with=current(state.before.inventory).get(FLUX)),
        sources=state.sources,
    )
    lineage = partial(session.repository.lineage, state.behind)
    after = gather.with_history(after, lineage, state.scope)
    before = replace(state.before, history=after.history)
    verdict, inherited = _compared(before, after, settings, found.snapshot.name, renders)
    if composed.plan.changes:
        inherited = frozenset(
            finding for finding in inherited if not flux_helm_release.defeats(finding)
        )
    return _Judged(verdict, inherited, before)


def _prepared(
    session: Session[S],
    state: RepositoryState[S],
    composed: Composed,
    judged: _Judged,
    built: Built,
) -> Prepared[S]:
    start, planned, work = composed.start, composed.plan, composed.work
    inventory = start.inventory
    values = message.values(planned)
    branch = message.branch(planned, session.settings, values)
    session.repository.check_branch_name(branch)
    text = message.message(planned, work.changes, session.settings, values)
    whole = Stage(composed.changes, text, built.patch)
    left = mentions.find(work.files, inventory, planned, work.row_edits, state.scope.app_versions)
    return Prepared(
        base=state.base,
        inventory=inventory,
        plan=planned,
        rows=work.rows,
        mentions=tuple(left),
        changes=composed.changes,
        built=built,
        branch=branch,
        message=text,
        verdict=judged.verdict,
        inherited=judged.inherited,
        accepted=composed.request.accepted,
        before=judged.before,
        suppressed=state.suppressed,
        index=state.index,
        notes=(
            *planned.notes,
            *derived_files.left_behind(start.snapshot, inventory, planned),
            *crd_copies.staying(start.snapshot, inventory, planned),
            *work.notes,
        ),
        steps=_steps(session.repository, state.base, composed, whole),
        migration=start.migration,
        fixings=start.fixings,
        doubts=composed.doubts,
    )


def _at_base(prepared: Prepared[S]) -> Prepared[S]:
    """Move the findings of a refused bump to lines of the base, which the user can open."""
    if prepared.passed:
        return prepared
    whole = {replacement.path for replacement in prepared.plan.replacements}
    origin = findings_at_base.lines(prepared.base, prepared.changes, whole)
    verdict, old = prepared.verdict, prepared.inherited
    return replace(
        prepared,
        verdict=replace(verdict, findings=findings_at_base.moved(verdict.findings, origin)),
        inherited=frozenset(findings_at_base.moved(old, origin)),
    )


def _steps(
    repository: Repository, base: Snapshot, composed: Composed, whole: Stage
) -> tuple[Stage, ...]:
    """Part the work into commits. In a working tree, all of it is one stage."""
    if not isinstance(base, CommitSnapshot):
        return (whole,) if whole.changes.files else ()
    start = composed.start
    bumped = bool(composed.work.changes.files)
    return steps.part(
        repository, base, start.migration, whole, bumped=bumped, fixings=start.fixings
    )


def _changed(
    state: RepositoryState[Snapshot], composed: Composed, result: Snapshot
) -> frozenset[str]:
    if state.since is None:
        return frozenset(composed.changes.files)
    return gather.changed_below(state.inventory.charts, state.since, result)


def _compared(
    before: Evidence,
    after: Evidence,
    settings: Settings,
    subject: str,
    renders: Renders | None,
) -> tuple[Verdict, frozenset[Finding]]:
    """Run the rules on the result, and return which findings they have on the base too.

    Rules with the trait `LISTED` are left out: the report lists their mentions and notes anyway.
    """
    listed = rules.having(Trait.LISTED)
    codes = tuple(code for code in rules.RULES if code not in listed)
    verdict = gate.judge(after, settings, subject, codes, renders)
    # Only the rules that found something on the result need to run on the base.
    earlier = gate.judge(
        before, settings, "base", tuple({finding.code for finding in verdict.findings})
    )
    return verdict, gate.inherited(earlier.findings, verdict.findings)
