"""The journey of a bump. The only room that knows the order of its stages.

`prepare` computes everything and writes nothing; `deliver` writes one commit and one ref. A dry
run is `prepare` without `deliver`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from fluxbump import edit, evidence, gate, mentions, resolve, rules
from fluxbump.discover import decode, discover
from fluxbump.errors import RepositoryError
from fluxbump.evidence import Renderer
from fluxbump.model import (
    FLUX,
    FLUX2,
    ChangeSet,
    ChartIndex,
    Finding,
    IndexSource,
    Inventory,
    Mention,
    Note,
    Plan,
    Row,
    Snapshot,
)
from fluxbump.objects import CommitSnapshot
from fluxbump.plan import Options, plan
from fluxbump.repo import Branch, Built, Repository
from fluxbump.settings import Settings, fill
from fluxbump.snapshots import Overlay
from fluxbump.textfile import TextFile
from fluxbump.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Request:
    """What the user asked for.

    Attributes:
        target: a release, a line of releases, or `latest`.
        chart_version: take this chart release.
        options: what the plan may do.
        mentions: whether mapping rows move.
    """

    target: str
    chart_version: str | None = None
    options: Options = field(default_factory=Options)
    mentions: bool = True


@dataclass(frozen=True, slots=True)
class Prepared:
    """A bump that is ready to be delivered.

    Attributes:
        base: the commit that it starts from.
        inventory: what the base holds.
        plan: what each pin becomes.
        rows: mapping rows that move.
        mentions: places left for a person.
        changes: the files after the edits.
        built: the resulting tree, and the patch to it.
        branch: the branch to make.
        message: the commit message.
        verdict: what the gate says of the result.
        inherited: those of its findings that the base has too; they do not stop the bump.
        notes: everything that was seen and left alone.
    """

    base: CommitSnapshot
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
    notes: tuple[Note, ...]

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.changes.files

    @property
    def passed(self) -> bool:
        """Whether the gate finds no error that the base does not have already."""
        return not set(self.verdict.errors) - self.inherited


@dataclass(frozen=True, slots=True)
class Delivered:
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


def prepare(
    repository: Repository,
    base: CommitSnapshot,
    settings: Settings,
    source: IndexSource,
    request: Request,
    *,
    render: Callable[[ChartIndex], Renderer] | None = None,
) -> Prepared:
    """Compute a bump, in memory and in a quarantine that is gone when this returns.

    Args:
        repository: where.
        base: the commit to start from.
        settings: its configuration.
        source: where chart releases come from.
        request: what the user asked for.
        render: makes what renders wrappers; None when rendering was not asked for.

    Raises:
        FluxbumpError: of the stage that cannot go on.
    """
    index = source.load()
    scope = settings.scope(resolve.app_versions(index.releases))
    chart_release = resolve.resolve(request.target, index, chart_version=request.chart_version)
    inventory = discover(base, scope)
    planned = plan(inventory, chart_release, index, request.options)
    files = _files(base, inventory, planned)
    rows = (
        tuple(mentions.rows(files, planned, scope.app_versions or {})) if request.mentions else ()
    )
    row_edits = [one for row in rows for one in row.edits]
    changes = edit.change_set(
        inventory, planned, row_edits, _derived(base, inventory, planned, source)
    )
    result = edit.verify(inventory, planned, changes, scope)
    verdict, inherited = _judge(
        Overlay(base, changes),
        inventory,
        result,
        index,
        settings=settings,
        render=render(index) if render else None,
    )
    values = _template_values(planned)
    branch = fill(settings.branch, values)
    repository.check_branch_name(branch)
    return Prepared(
        base=base,
        inventory=inventory,
        plan=planned,
        rows=rows,
        mentions=tuple(mentions.find(files, inventory, planned, row_edits)),
        changes=changes,
        built=repository.preview(base, changes),
        branch=branch,
        message=_message(planned, changes, settings, values),
        verdict=verdict,
        inherited=inherited,
        notes=(*planned.notes, *edit.left_behind(base, inventory, planned)),
    )


def _files(base: Snapshot, inventory: Inventory, planned: Plan) -> list[TextFile]:
    """The candidates, and the other files that name a version which is about to go."""
    known = {**inventory.files, **inventory.others}
    own = {
        value for value, tracks in mentions.outdated(planned).items() if {FLUX, FLUX2} & {*tracks}
    }
    if own - inventory.searched:
        more = [path for path in base.grep(sorted(own)) if path not in known]
        known |= {path: decode(data) for path, data in base.read_many(more)}
    return [TextFile(path, text) for path, text in known.items()]


def _derived(
    base: Snapshot, inventory: Inventory, planned: Plan, source: IndexSource
) -> dict[str, bytes | None]:
    derived = edit.locks(base, inventory, planned, base.time)
    for old, new in edit.vendored(base, inventory, planned).items():
        derived |= {old: None, new: source.archive(planned.chart_release)}
    return derived


def _judge(
    overlay: Overlay,
    before: Inventory,
    after: Inventory,
    index: ChartIndex,
    *,
    settings: Settings,
    render: Renderer | None,
) -> tuple[Verdict, frozenset[Finding]]:
    """Run the gate on the result, and tell what it finds on the base too.

    Stale mentions are left out: the report lists every mention anyway.
    """
    codes = tuple(code for code in rules.RULES if code != "FB120")
    compare = evidence.Base(before, frozenset(overlay.changes.files))
    groups = settings.allowed_groups
    gathered = evidence.gather(
        overlay, after, index, base=compare, render=render, allowed_groups=groups
    )
    verdict = gate.judge(gathered, settings, overlay.name, codes)
    base = overlay.base
    earlier = gate.judge(evidence.gather(base, before, index), settings, base.name, codes)
    return verdict, gate.inherited(earlier.findings, verdict.findings)


def _template_values(planned: Plan) -> dict[str, str]:
    return {
        "release": planned.targets[FLUX],
        "old_release": planned.current.get(FLUX, "unknown"),
        "chart_version": planned.targets[FLUX2],
        "old_chart_version": planned.current.get(FLUX2, "unknown"),
    }


def _message(
    planned: Plan, changes: ChangeSet, settings: Settings, values: Mapping[str, str]
) -> str:
    moved = [
        f"{track} {planned.current.get(track, '?')} -> {new}"
        for track, new in planned.targets.items()
        if planned.current.get(track) != new
    ]
    subject = f"Move Flux to {values['release']} (chart flux2 {values['chart_version']})"
    head = fill(settings.commit, dict(values)) if settings.commit else subject
    lines = [head, "", *(f"- {line}" for line in moved)]
    return (
        "\n".join([*lines, "", f"Pins: {len(planned.changes)} in {len(changes.files)} files."])
        + "\n"
    )


# --- delivery --------------------------------------------------------------------------------


def deliver(repository: Repository, prepared: Prepared, *, force: bool = False) -> Delivered:
    """Write the commit and make the branch, by one compare-and-swap.

    Args:
        repository: where.
        prepared: what; it must have passed its checks.
        force: replace a branch of that name that holds something else.

    Raises:
        RepositoryError: the branch holds something else, is checked out, or git refuses.
    """
    existing = repository.branch(prepared.branch)
    if existing is not None and existing.tree == prepared.built.tree:
        return Delivered(existing.tip, "unchanged")
    if existing is not None:
        _require_replaceable(existing, force=force)
    commit = repository.write(prepared.base, prepared.changes, prepared.message)
    if existing is None:
        repository.create(prepared.branch, commit)
        return Delivered(commit, "created")
    return Delivered(commit, "replaced", kept=repository.replace(existing, commit))


def _require_replaceable(branch: Branch, *, force: bool) -> None:
    if not force:
        raise RepositoryError(
            f"branch {branch.name} exists and holds something else (commit {branch.tip[:12]})",
            hint=f"look at it: git log -p {branch.name}; --force replaces it and keeps its old tip",
        )
    if branch.worktree:
        raise RepositoryError(
            f"branch {branch.name} is checked out in {branch.worktree}",
            hint="switch to another branch there first",
        )
