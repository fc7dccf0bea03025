"""The journey of a bump. The only room that knows the order of its stages.

`look` gathers what there is; `prepare` computes everything and writes nothing; `deliver` writes its
commits, mostly one, and one ref. A dry run is the first two. `in_place` delivers to the work tree.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Generic, Literal

from msgspec import Struct, field
from msgspec.structs import replace

from fluxbump.bump import base_lines, edit, goal, mentions, sync_target
from fluxbump.bump import commit_message as message
from fluxbump.bump import commits as steps
from fluxbump.bump.changes import Plan, Row
from fluxbump.bump.commits import Stage
from fluxbump.bump.compose import Start, edited, fixed, following, replaced, unchecked_operator
from fluxbump.bump.fixes import Fix, Fixing
from fluxbump.bump.migrate import plan as migrate
from fluxbump.bump.migrate.edits import Migration
from fluxbump.bump.plan import Options, plan
from fluxbump.check import gate, gather, rules, starting_point, suppressions
from fluxbump.check.evidence import Baseline, Effort, Evidence, Renders, Team
from fluxbump.check.gather import Known, Renderer
from fluxbump.check.rules import agreement, flux_helm_release
from fluxbump.check.rules.rule import Trait
from fluxbump.check.starting_point import Looked, S, S_co
from fluxbump.check.verdict import Verdict
from fluxbump.config.settings import Settings, fill
from fluxbump.discover.tracks import current
from fluxbump.errors import RepositoryError
from fluxbump.flux.releases import Goal
from fluxbump.git import branch_names
from fluxbump.git.commits import Built
from fluxbump.git.objects import CommitSnapshot
from fluxbump.git.overlay import ChangeSet, Overlay
from fluxbump.git.repository import Branch, Repository
from fluxbump.model import (
    FLUX,
    ChartIndex,
    Finding,
    Inventory,
    Mention,
    Note,
    Snapshot,
)
from fluxbump.system.background import beside
from fluxbump.workspace import Session

Rendering = Callable[[ChartIndex], AbstractContextManager[Renderer]]
"""Gives what renders wrappers; what that started has ended when the block is left."""


class Request(Struct, frozen=True):
    """What the user asked for.

    Attributes:
        target: a release, a line of releases, `latest`, or the pins whose release is taken.
        chart_version: take this chart release.
        options: what the plan may do.
        mentions: whether mapping rows move.
        accepted: codes of rules whose errors do not stop the bump.
        known: what is known beside the repository.
        migrate_apis: whether manifests move off API versions that the target removes or
            deprecates, in a commit of their own.
        fixes: settings of the HelmReleases that own Flux to fix, each in a commit of its own.
    """

    target: str | sync_target.SyncSource
    chart_version: str | None = None
    options: Options = field(default_factory=Options)
    mentions: bool = True
    accepted: frozenset[str] = frozenset()
    known: Known = gather.NOTHING_KNOWN
    migrate_apis: bool = False
    fixes: tuple[Fix, ...] = ()


class Prepared(Struct, Generic[S_co], frozen=True):
    """A bump that is ready to be delivered.

    Attributes:
        base: what it starts from, a commit unless said otherwise.
        inventory: what the base holds, with the migration in it.
        plan: what each pin becomes.
        rows: mapping rows that move.
        mentions: places to review.
        changes: the files after all edits.
        built: the resulting tree, and the patch to it.
        branch: the branch to make.
        message: of the commit that moves the pins.
        verdict: what the gate says of the result.
        inherited: those of its findings that were there before; they do not stop the bump.
        accepted: codes of rules whose errors do not stop the bump.
        before: the evidence about what the result is compared with.
        suppressed: tells which findings the base says are accepted.
        index: the chart index that was used.
        notes: everything that was seen and left alone.
        steps: the commits, oldest first; none when there is nothing to do.
        migration: the manifests that move before; None when that was not asked for.
        fixings: of settings, made before too.
        doubts: why newer releases than the target may be missing, or flux-operator's target.
    """

    base: S_co
    inventory: Inventory
    plan: Plan
    rows: tuple[Row, ...]
    mentions: tuple[Mention, ...]
    changes: ChangeSet
    built: Built
    branch: str
    message: str
    verdict: Verdict
    inherited: frozenset[Finding]
    accepted: frozenset[str]
    before: Evidence
    suppressed: suppressions.Suppressed
    index: ChartIndex
    notes: tuple[Note, ...]
    steps: tuple[Stage, ...]
    migration: Migration | None
    fixings: tuple[Fixing, ...] = ()
    doubts: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.changes.files

    @property
    def passed(self) -> bool:
        """Whether nothing stops the bump."""
        return not self.refusals

    @property
    def refusals(self) -> tuple[Finding, ...]:
        """The errors that stop it: those that nobody accepted."""
        return tuple(one for one in self.stopping if one.code not in self.accepted)

    @property
    def stopping(self) -> tuple[Finding, ...]:
        """The errors that stop it unless they are accepted: those that the base does not have.

        Whoever leaves a place behind knows that it disagrees with the others.
        """
        new = (one for one in self.verdict.errors if one not in self.inherited)
        return tuple(one for one in new if not agreement.blames(one, self.plan.left))


class Delivered(Struct, frozen=True):
    """What became of a prepared bump.

    Attributes:
        commit: the branch's tip.
        outcome: `created`; `unchanged`, when the branch already held the same result; or
            `replaced`.
        kept: the ref that keeps the replaced tip reachable.
    """

    commit: str
    outcome: Literal["created", "unchanged", "replaced"]
    kept: str | None = None

    @property
    def written(self) -> bool:
        """Whether there are new commits."""
        return self.outcome != "unchanged"


def look(
    session: Session[S], request: Request, since: CommitSnapshot | None = None, *, compare: bool
) -> Looked[S]:
    """Look at what there is, before anything is decided; see `starting_point.look`.

    Args:
        session: the base.
        request: what the user asked for.
        since: what clusters run; None when it is the base.
        compare: whether charts may be fetched only to be compared with their release.

    Raises:
        FluxbumpError: the index is not available, or the pins cannot be read.
    """
    return starting_point.look(
        session.snapshot,
        session.settings,
        session.index,
        request.known,
        since,
        sources=replace(session.releases, compare=compare),
        may_lack_index=True,
    )


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
        following=following(inventory, chart_release, looked),
    )
    unchecked = unchecked_operator(planned, looked)
    planned = replaced(planned, inventory, looked)
    work = edited(start, planned, session.index, looked.scope, rows_move=request.mentions)
    total = ChangeSet({**start.changes.files, **work.changes.files})
    # Before there is a second thread, so that it may be divided among processes.
    result = edit.verify(inventory, planned, work.changes, looked.scope)
    with (
        beside(partial(repository.preview, base, total)) as built,
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
            inherited = frozenset(one for one in inherited if not flux_helm_release.defeats(one))
        left = tuple(
            mentions.find(work.files, inventory, planned, work.row_edits, looked.scope.app_versions)
        )
        values = message.values(planned)
        branch = fill(settings.branch, values)
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
                notes=(*planned.notes, *edit.left_behind(start.snapshot, inventory, planned)),
                steps=_steps(repository, base, start, step, bumped=bumped),
                migration=start.migration,
                fixings=start.fixings,
                doubts=(*goal.doubts(looked, request.target), *unchecked),
            )
        )


def _at_base(prepared: Prepared[S]) -> Prepared[S]:
    """Let the findings of a bump that is refused name lines that people can open."""
    if prepared.passed:
        return prepared
    whole = {one.path for one in prepared.plan.replacements}
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
    earlier = gate.judge(before, settings, "base", tuple({one.code for one in verdict.findings}))
    return verdict, gate.inherited(earlier.findings, verdict.findings)


# --- delivery --------------------------------------------------------------------------------


def deliver(repository: Repository, prepared: Prepared, *, force: bool = False) -> Delivered:
    """Write the commits and make the branch, by one compare-and-swap.

    Args:
        repository: where.
        prepared: what; it must have passed its checks.
        force: replace a branch of that name that holds something else.

    Raises:
        RepositoryError: the branch holds something else, is checked out, or git refuses.
    """
    here = [repository.current_branch()] if repository.bare else []
    branch_names.require_other(prepared.branch, (prepared.base.name, *here))
    existing = repository.branch(prepared.branch)
    if existing is not None and existing.tree == prepared.built.tree:
        return Delivered(existing.tip, "unchanged")
    if existing is not None:
        _require_replaceable(existing, force=force)
    commit = prepared.base.commit.sha
    for step in prepared.steps:
        commit = repository.write(prepared.base, step.changes, step.message, parent=commit)
    if existing is None:
        other = repository.create(prepared.branch, commit, prepared.built.tree)
        return Delivered(other or commit, "unchanged" if other else "created")
    return Delivered(commit, "replaced", kept=repository.replace(existing, commit))


def _require_replaceable(branch: Branch, *, force: bool) -> None:
    if not force:
        raise RepositoryError(
            f"branch {branch.name} already exists with different content "
            f"(commit {branch.tip[:12]})",
            hint=f"look at it: git log -p {branch.name}; --force replaces it and keeps its old tip",
        )
    if branch.worktree:
        raise RepositoryError(
            f"branch {branch.name} is checked out in {branch.worktree}",
            hint="switch to another branch there first",
        )
