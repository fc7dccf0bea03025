"""What a bump says, wherever it is delivered: its result, and what the gate has against it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from fluxbump.cli.console import Console
from fluxbump.cli.options import BumpFormat

if TYPE_CHECKING:
    from fluxbump.bump.bump import Prepared
    from fluxbump.model import Snapshot
    from fluxbump.reports.table import Paint


def say(
    prepared: Prepared[Snapshot],
    output: BumpFormat,
    console: Console,
    *,
    as_json: Callable[[], str],
    outcome: Callable[[Paint], None],
    not_done: str,
) -> None:
    """Print a bump.

    Args:
        prepared: the bump.
        output: how.
        console: where to.
        as_json: makes the report.
        outcome: prints what came of a bump that changes something.
        not_done: what has not happened when the gate refuses it.
    """
    if output is BumpFormat.JSON:
        console.result(as_json())
    elif output is BumpFormat.PATCH:
        console.raw(prepared.built.patch)
    else:
        _say_as_text(prepared, console, outcome)
    for doubt in prepared.doubts:
        console.note(doubt)
    if not prepared.passed:
        _refuse(prepared, console, not_done, route=output is BumpFormat.TEXT)


def _say_as_text(
    prepared: Prepared[Snapshot], console: Console, outcome: Callable[[Paint], None]
) -> None:
    from fluxbump.reports import text
    from fluxbump.reports.table import Paint

    paint = Paint(enabled=console.colored())
    if not console.quiet:
        console.result(text.preview(prepared, paint) + "\n\n")
    if prepared.empty:
        console.result(text.nothing_to_do(prepared))
    else:
        outcome(paint)
    for line in text.floating(prepared.plan.kept):
        console.note(line)


def _refuse(prepared: Prepared[Snapshot], console: Console, not_done: str, *, route: bool) -> None:
    """Say what stops a bump, and which way there is when a release would break a cluster.

    The route is among the results where they are text.
    """
    from fluxbump.check.rules import need_surroundings

    first, *more = prepared.refusals
    others = f" (and {len(more)} more)" if more else ""
    advice = ""
    if need_surroundings(one.code for one in prepared.refusals):
        from fluxbump.cli import upgrade_path

        advice = upgrade_path.advice(prepared, console if route else None)
    console.line(
        f"fluxbump: {first.location}: {first.code} {first.message}{others}; "
        f"the result fails its checks: {not_done}{advice}"
    )
