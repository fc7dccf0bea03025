"""Finds the commands to type after a bump that was made, shown only, or refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from fluxbump.cli.output import typed_command
from fluxbump.model import Step
from fluxbump.reports.next_steps import typed
from fluxbump.text import versions

if TYPE_CHECKING:
    from fluxbump.bump.deliver import Delivered
    from fluxbump.bump.in_place import Written
    from fluxbump.bump.prepared_bump import Prepared
    from fluxbump.model import Snapshot

_DRY = ("--dry-run", "-n")
_MOST = 4
_FILES = 4  # that a command still names
_WHERE = ("--repo", "--rev", "--index", "--releases")
_CLUSTER = ("--kubernetes", "--cluster-state", "--context")


def made(prepared: Prepared, result: Delivered, root: str | None, remote: str | None) -> list[Step]:
    """Return the commands to read a new branch, and to push it.

    Args:
        prepared: the bump.
        result: the branch that was written.
        root: the path of the repository. None if it is the current folder.
        remote: the name of the remote to push to. None if there is none.
    """
    git = ["git", *(["-C", root] if root else [])]
    commits = len(prepared.steps)
    since = f"{prepared.base.commit.sha[:12]}..{prepared.branch}"
    look = ["show", prepared.branch] if commits == 1 else ["log", "-p", since]
    steps = [Step(typed([*git, *look]), "what changed")]
    if remote is not None:
        force = ["--force-with-lease"] if result.outcome == "replaced" else []
        push = typed([*git, "push", *force, "--set-upstream", remote, prepared.branch])
        steps.append(Step(push, "then open a pull request from the link that the forge prints"))
    return steps


def written(result: Written, root: str | None) -> list[Step]:
    """Return the commands to read and stage the files that were written to the working tree."""
    git = ["git", *(["-C", root] if root else [])]
    files = [*result.replaced, *result.created, *result.removed]
    look = Step(typed([*git, "diff"]), "what changed")
    if len(files) > _FILES and not result.created:
        return [look, Step(typed([*git, "add", "--update"]), "stages every changed file")]
    return [look, Step(typed([*git, "add", "--", *files]), "stages it, ready to commit")]


def shown() -> list[Step]:
    """Return the command that makes the bump that a dry run has shown."""
    return [Step(typed_command.again(flags=_DRY), "does it")]


def refused(prepared: Prepared[Snapshot], target: str | None) -> list[Step]:
    """Return the commands to type after a refusal.

    Args:
        prepared: the refused bump.
        target: the release as typed. None if the command takes none.
    """
    from fluxbump.check.rules import need_surroundings

    release = str(prepared.plan.release)
    steps = [*_fixed(prepared, target)]
    if need_surroundings(finding.code for finding in prepared.refusals):
        steps += _safer(prepared, target)
    codes = ",".join(sorted({finding.code for finding in prepared.stopping}))
    instead = {target: release} if target else None
    # A dry run has shown the findings already, so the next command is the real one.
    risk = typed_command.again(
        "--accept-risk", codes, without=("--accept-risk",), flags=_DRY, instead=instead
    )
    if len(steps) < _MOST - 1 and not typed_command.has(_DRY):
        dry = typed_command.again("--dry-run", flags=_DRY, instead=instead)
        steps.append(Step(dry, "every finding, and the diff"))
    found = dict[str, Step]()
    for step in steps:
        found.setdefault(step.command, step)
    return [*found.values(), Step(risk, "does it anyway")]


def _fixed(prepared: Prepared[Snapshot], target: str | None) -> Iterator[Step]:
    """Yield the command that first fixes the refusals, if all of them can be fixed."""
    fixes = {finding.fix for finding in prepared.refusals}
    if target is None or "" in fixes or not _movable(prepared):
        return
    settings = sorted(fix.removeprefix("--fix ") for fix in fixes if fix.startswith("--fix "))
    named = [value for value in typed_command.kept("--fix") if value != "--fix"]
    names = ",".join([*named, *settings])
    options = [*sorted(fix for fix in fixes if not fix.startswith("--fix "))]
    options += ["--fix", names] if settings else []
    without = ("--fix",) if settings else ()
    yield Step(typed_command.again(*options, without=without), "fixes that first")


def _movable(prepared: Prepared[Snapshot], *, some: bool = False) -> bool:
    """Whether a migration can move all manifests that block the bump, or with `some`, any."""
    from fluxbump.bump import repository_path
    from fluxbump.check import rules
    from fluxbump.check.evidence_parts import optional
    from fluxbump.check.rules.rule import Trait

    migrated = rules.having(Trait.MIGRATED)
    wanted = {refusal.location for refusal in prepared.refusals if refusal.code in migrated}
    manifests = optional(prepared.before.objects)
    if not wanted:
        return not some
    if manifests is None or prepared.migration is not None:
        return False
    start = prepared.before.installed or ""
    goal = str(prepared.plan.release)
    moved = repository_path.movable(prepared.before, manifests, start, goal)
    return bool(wanted & moved) if some else wanted <= moved


def _safer(prepared: Prepared[Snapshot], target: str | None) -> Iterator[Step]:
    """Yield the command for the newest release that passes, and the route to the target."""
    from fluxbump.bump import repository_path

    gathered, goal = prepared.before, str(prepared.plan.release)
    start = gathered.installed or ""
    asked = prepared.migration is not None
    best = repository_path.newest_safe(
        gathered, prepared.index, prepared.suppressed, migrate_apis=asked
    )
    if best and best != start:
        where = ["--in-place", *typed_command.kept(*_WHERE, *_CLUSTER)]
        command = typed(["fluxbump", "to", best, *where])
        if target is not None:
            needless = () if _is_lower(best, start) else ("--allow-downgrade",)
            without = ("--accept-risk", *needless)
            command = typed_command.again(without=without, instead={target: best})
        yield Step(command, "newest release that passes")
    if target is not None and not asked and _movable(prepared, some=True):
        migrated = repository_path.newest_safe(
            gathered, prepared.index, prepared.suppressed, migrate_apis=True
        )
        if migrated and migrated not in (best, start):
            command = typed_command.again(
                "--migrate-apis", without=("--accept-risk",), instead={target: migrated}
            )
            yield Step(command, "passes if manifests move first")
    if {start, goal} <= gathered.crds.keys():
        route = repository_path.find(start, goal, gathered, prepared.index)
        why = "why there is no route" if route.problem else "the route, hop by hop"
        yield from typed_command.placed([Step(f"fluxbump path {goal}", why)])


def _is_lower(release: str, other: str) -> bool:
    first, second = versions.parse(release), versions.parse(other)
    return first is not None and second is not None and first < second


def page(prepared: Prepared[Snapshot], outcome: str, steps: Sequence[Step]) -> str:
    """Return a bump as a page for a browser, with the route to its release if that is known."""
    from fluxbump.bump import repository_path
    from fluxbump.reports.html.bump import bump_page

    gathered, goal = prepared.before, str(prepared.plan.release)
    start = gathered.installed or ""
    known = start != goal and {start, goal} <= gathered.crds.keys()
    route = repository_path.find(start, goal, gathered, prepared.index) if known else None
    return bump_page(prepared, route, outcome, steps)
