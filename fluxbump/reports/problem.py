"""An error for people: the problem, a line for each fact, and what to type next. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

from fluxbump.errors import FluxbumpError
from fluxbump.model import Step
from fluxbump.reports import next_steps
from fluxbump.reports.table import printable

LABEL = "error: "
_INDENT = "  "
_SHORT = 80  # columns in which a problem and its hint share a line


def problem(
    text: str, facts: Iterable[str], steps: Sequence[Step], width: int | None = None
) -> list[str]:
    """Return the lines of an error.

    Args:
        text: the problem, without its label.
        facts: one line each; further indentation of a fact is kept.
        steps: what to type next.
        width: of the terminal in columns, where long lines are wrapped; None in a pipe.
    """
    lines = [LABEL + text, *(_INDENT + fact for fact in facts)]
    shown = [part for line in lines for part in _wrapped(printable(line), width)]
    return [*shown, *next_steps.lines(steps)]


def error_lines(error: FluxbumpError, steps: Sequence[Step], width: int | None = None) -> list[str]:
    """Return the lines of an expected failure: one if all of it is short.

    Args:
        error: the failure.
        steps: what to type next.
        width: of the terminal in columns; None in a pipe.
    """
    facts = [*error.facts, *error.listed]
    if not error.hint:
        return problem(error.problem, facts, steps, width)
    short = f"{error.problem} ({error.hint})"
    if not facts and len(LABEL + short) <= _SHORT:
        return problem(short, (), steps, width)
    return problem(error.problem, [*facts, error.hint], steps, width)


def _wrapped(line: str, width: int | None) -> list[str]:
    if width is None or len(line) <= width:
        return [line]
    start = LABEL if line.startswith(LABEL) else line[: len(line) - len(line.lstrip())]
    return textwrap.wrap(
        line.removeprefix(start),
        width,
        initial_indent=start,  # so that no long first word leaves it alone
        subsequent_indent=" " * (len(start) - len(start.lstrip())) + _INDENT * 2,
        break_long_words=False,
        break_on_hyphens=False,
    )
