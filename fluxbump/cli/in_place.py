"""Bumps the working tree and prints the result, for `to --in-place` and `sync`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from fluxbump.bump import in_place
from fluxbump.bump.sync_target import SyncSource
from fluxbump.check.rendering.renderer import renderer
from fluxbump.cli.console import Console
from fluxbump.cli.options import BumpFormat
from fluxbump.cli.output import bump_output, bump_steps
from fluxbump.cli.output.bump_output import How
from fluxbump.model import Step

if TYPE_CHECKING:
    from fluxbump.bump.in_place import Written
    from fluxbump.bump.prepared_bump import Prepared, Request
    from fluxbump.git.worktree import EditableWorktree
    from fluxbump.reports.table import Paint
    from fluxbump.workspace import Session

_FAILED_CHECK = 1


def run(
    session: Session[EditableWorktree],
    request: Request,
    console: Console,
    *,
    render: bool,
    output: BumpFormat,
    dry_run: bool,
) -> int:
    """Bump the working tree, and return the exit code."""
    console.progress("reading the chart index and the working tree …")
    rendering = partial(renderer, session) if render else None
    prepared = in_place.prepare(session, request, render=rendering)
    console.say_index(prepared.index)
    console.progress("")
    result = None
    target = request.target if not isinstance(request.target, SyncSource) else None
    if prepared.passed and not prepared.empty and not dry_run and output is not BumpFormat.PATCH:
        result = in_place.deliver(session.repository, prepared)
    here = session.repository.root
    root = None if _is_current(here) else str(here)
    steps = bump_steps.written(result, root) if result else bump_steps.shown() if dry_run else ()
    done = "fluxbump changed the files of the working tree"
    how = How(target, dry_run, "fluxbump changed no files", steps, done)
    _print(prepared, result, output, console, root=root, how=how)
    return 0 if prepared.passed else _FAILED_CHECK


def _is_current(root: Path) -> bool:
    try:
        return root.samefile(Path.cwd())
    except FileNotFoundError:  # the current directory was removed, and --repo names another
        return False


def _print(
    prepared: Prepared[EditableWorktree],
    result: Written | None,
    output: BumpFormat,
    console: Console,
    *,
    root: str | None,
    how: How,
) -> None:
    def as_json(steps: Sequence[Step]) -> str:
        from fluxbump.reports.result_json import bump as bump_json

        return bump_json.bump_in_place(prepared, result, steps)

    def outcome(paint: Paint) -> bump_output.Came:
        from fluxbump.reports import text
        from fluxbump.reports.bump_patches import patches
        from fluxbump.reports.counts import counted

        if result is not None:
            return bump_output.Came(text.written(result, root, paint))
        if not prepared.passed:
            return bump_output.Came()
        note = f"dry run: {counted(prepared)} (fluxbump changed no files)"
        return bump_output.Came(patches(prepared, paint), note)

    bump_output.say(prepared, output, console, as_json=as_json, outcome=outcome, how=how)
