"""An error for people: the problem, a line for each fact, and what to type next. Pure."""

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
        text: the problem, without its label.
        facts: one line each; further indentation of a fact is kept.
        steps: what to type next.
        width: of the terminal in columns, where long lines are wrapped; None in a pipe.
    """
    lines = [LABEL + text, *(_INDENT + fact for fact in facts)]
    shown = fitted("\n".join(map(printable, lines)), width).split("\n")
    return [*shown, *next_steps.lines(steps, width)]


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
