"""The text of an error: the problem, a line for each fact, and the next steps. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from fluxbump.errors import FluxbumpError
from fluxbump.model import Step
from fluxbump.reports import next_steps
from fluxbump.reports.table import printable
from fluxbump.reports.terminal.fit import fitted

LABEL = "error: "
_INDENT = "  "
_SHORT = 80  # columns in which a problem and its hint share a line


def problem(
    text: str, facts: Iterable[str], steps: Sequence[Step], width: int | None = None
) -> list[str]:
    """Return the lines of an error.

    Args:
        text: the problem, without the label `error: `.
        facts: the facts, one line each, which are indented further than they are already.
        steps: the commands to type next.
        width: the width of the terminal in columns, where long lines are wrapped; None in a pipe.
    """
    lines = [LABEL + text, *(_INDENT + fact for fact in facts)]
    shown = fitted("\n".join(map(printable, lines)), width).split("\n")
    return [*shown, *next_steps.lines(steps, width)]


def error_lines(error: FluxbumpError, steps: Sequence[Step], width: int | None = None) -> list[str]:
    """Return the lines of an error. The problem and its hint share one line if both are short.

    Args:
        error: the error to print.
        steps: the commands to type next.
        width: the width of the terminal in columns; None in a pipe.
    """
    facts = [*error.facts, *error.listed]
    if not error.hint:
        return problem(error.problem, facts, steps, width)
    short = f"{error.problem} ({error.hint})"
    if not facts and len(LABEL + short) <= _SHORT:
        return problem(short, (), steps, width)
    return problem(error.problem, [*facts, error.hint], steps, width)
