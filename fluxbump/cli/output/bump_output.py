"""Prints a bump, delivered to a branch or the working tree: its result, or its refusal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from fluxbump.cli.console import Console
from fluxbump.cli.options import BumpFormat
from fluxbump.model import Step

if TYPE_CHECKING:
    from fluxbump.bump.prepared_bump import Prepared
    from fluxbump.model import Snapshot
    from fluxbump.reports.table import Paint


class How(Struct, frozen=True):
    """The request for a bump, and the texts for its end.

    Attributes:
        target: the release as typed. None if the command takes none.
        dry_run: whether the bump is shown only, also if it is refused.
        not_done: the sentence about what a refused bump did not do.
        steps: the commands to type after a bump that passes.
        done: the sentence about what a bump that passes did.
    """

    target: str | None
    dry_run: bool
    not_done: str
    steps: Sequence[Step]
    done: str = ""


class Came(Struct, frozen=True):
    """The result of a bump, for people.

    Attributes:
        text: the result for standard output.
        note: a remark for standard error. Empty for none.
    """

    text: str = ""
    note: str = ""


def say(
    prepared: Prepared[Snapshot],
    output: BumpFormat,
    console: Console,
    *,
    as_json: Callable[[Sequence[Step]], str],
    outcome: Callable[[Paint], Came],
    how: How,
) -> None:
    """Print a bump, and the commands to type next.

    Args:
        prepared: the bump.
        output: the format.
        console: takes the output.
        as_json: makes the JSON report from the next commands.
        outcome: describes the result of a bump that changes something.
        how: the request, and the texts for the end.
    """
    steps: Sequence[Step] = () if prepared.empty else how.steps
    if not prepared.passed:
        from fluxbump.cli.output.bump_steps import refused

        steps = refused(prepared, how.target)
    if output is BumpFormat.JSON:
        console.result(as_json(steps))
    elif output is BumpFormat.HTML:
        from fluxbump.cli.output.bump_steps import page

        said = how.done if prepared.passed and not how.dry_run else how.not_done
        console.result(page(prepared, said, steps))
    elif output is BumpFormat.PATCH:
        console.raw(prepared.built.patch)
    elif prepared.passed or prepared.empty or how.dry_run:
        _say_as_text(prepared, console, outcome, how)
    for doubt in prepared.doubts:
        console.note(doubt)
    if not prepared.passed:
        _refuse(prepared, console, how.not_done, steps)
    elif output is BumpFormat.TEXT and steps and not console.quiet:
        console.report("", steps)


def _say_as_text(
    prepared: Prepared[Snapshot],
    console: Console,
    outcome: Callable[[Paint], Came],
    how: How,
) -> None:
    from fluxbump.reports import text
    from fluxbump.reports.terminal.fit import fitted

    paint = console.paint()
    width = paint.width
    preview = "" if console.quiet else f"{fitted(text.preview(prepared, paint), width)}\n\n"
    nothing = prepared.empty
    came = Came(fitted(text.nothing_to_do(prepared), width)) if nothing else outcome(paint)
    show = console.paged if how.dry_run else console.result
    show(preview + came.text)
    if came.note:
        console.note(came.note)
    for line in text.floating(prepared.plan.kept):
        console.note(line)


def _refuse(
    prepared: Prepared[Snapshot], console: Console, not_done: str, steps: Sequence[Step]
) -> None:
    from fluxbump.reports.refusal import refusal

    goal, width = str(prepared.plan.release), console.error_width()
    console.lines(refusal(goal, prepared.refusals, not_done, steps, width))
