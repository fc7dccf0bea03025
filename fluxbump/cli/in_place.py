"""Edits the work tree and says so, for `to --in-place` and `sync`."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from fluxbump.bump import in_place
from fluxbump.cli import bump_output
from fluxbump.cli.console import Console
from fluxbump.cli.helm_options import renderer
from fluxbump.cli.options import BumpFormat
from fluxbump.cli.workspace import Workspace

if TYPE_CHECKING:
    from fluxbump.bump.bump import Prepared, Request
    from fluxbump.bump.in_place import Written
    from fluxbump.git.worktree import EditableWorktree
    from fluxbump.reports.table import Paint

_FAILED_CHECK = 1


def run(
    ws: Workspace[EditableWorktree],
    request: Request,
    console: Console,
    *,
    index: str | None,
    releases: str | None,
    offline: bool,
    helm: str | None,
    flux: str | None,
    render: bool,
    output: BumpFormat,
    dry_run: bool,
) -> int:
    """Bump the work tree; return the exit code."""
    with (
        ws.index(index, offline=offline) as source,
        ws.sources(
            source, index=index, releases=releases, offline=offline, compare=render, flux=flux
        ) as sources,
    ):
        console.progress("reading the chart index and the work tree …")
        prepared = in_place.prepare(
            ws.repository,
            ws.snapshot,
            ws.settings,
            source,
            request,
            render=partial(renderer, helm, source) if render else None,
            sources=sources,
        )
        console.progress("")
    result = None
    if prepared.passed and not prepared.empty and not dry_run and output is not BumpFormat.PATCH:
        result = in_place.deliver(ws.repository, prepared)
    root = None if ws.repository.root.samefile(Path.cwd()) else str(ws.repository.root)
    _print(prepared, result, output, console, root)
    return 0 if prepared.passed else _FAILED_CHECK


def _print(
    prepared: Prepared[EditableWorktree],
    result: Written | None,
    output: BumpFormat,
    console: Console,
    root: str | None,
) -> None:
    def as_json() -> str:
        from fluxbump.reports import result_json

        return result_json.bump_in_place(prepared, result)

    def outcome(paint: Paint) -> None:
        from fluxbump.reports import text
        from fluxbump.reports.patches import patches

        if result is not None:
            console.result(text.written(result, root, paint))
        elif prepared.passed:
            console.result(patches(prepared, paint))
            console.note("dry run: nothing was written")

    bump_output.say(
        prepared, output, console,
        as_json=as_json, outcome=outcome, not_done="nothing was written",
    )  # fmt: skip
