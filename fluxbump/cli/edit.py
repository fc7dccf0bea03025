"""Edits the work tree and says so, for `to --in-place` and `sync`."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from fluxbump import inplace
from fluxbump.cli import refusal
from fluxbump.cli.console import Console
from fluxbump.cli.options import Format
from fluxbump.cli.render import renderer
from fluxbump.cli.workspace import Workspace
from fluxbump.reports.table import Paint

if TYPE_CHECKING:
    from fluxbump.bump import Prepared, Request
    from fluxbump.inplace import Written
    from fluxbump.worktree import EditableWorktree

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
    render: bool,
    output: Format,
    dry_run: bool,
) -> int:
    """Bump the work tree; return the exit code."""
    with (
        ws.index(index, offline=offline) as source,
        ws.sources(
            source, index=index, releases=releases, offline=offline, compare=render
        ) as sources,
    ):
        console.progress("reading the chart index and the work tree …")
        prepared = inplace.prepare(
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
    if prepared.passed and not prepared.empty and not dry_run and output is not Format.PATCH:
        result = inplace.deliver(ws.repository, prepared)
    root = None if ws.repository.root.samefile(Path.cwd()) else str(ws.repository.root)
    _print(prepared, result, output, console, root)
    if not prepared.passed:
        refusal.say(prepared, console, "nothing was written", route=output is Format.TEXT)
    return 0 if prepared.passed else _FAILED_CHECK


def _print(
    prepared: Prepared[EditableWorktree],
    result: Written | None,
    output: Format,
    console: Console,
    root: str | None,
) -> None:
    if output is Format.JSON:
        from fluxbump.reports import json as report

        console.result(report.bump_in_place(prepared, result))
    elif output is Format.PATCH:
        console.raw(prepared.built.patch)
    else:
        _print_text(prepared, result, console, root)


def _print_text(
    prepared: Prepared[EditableWorktree],
    result: Written | None,
    console: Console,
    root: str | None,
) -> None:
    from fluxbump.reports import text

    paint = Paint(enabled=console.colored())
    if not console.quiet:
        console.result(text.preview(prepared, paint) + "\n\n")
    if prepared.empty:
        console.result(text.nothing_to_do(prepared))
    elif result is not None:
        console.result(text.written(result, root, paint))
    elif prepared.passed:
        console.result(text.patches(prepared, paint))
        console.note("dry run: nothing was written")
