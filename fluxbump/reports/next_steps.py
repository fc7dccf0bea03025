"""Writes the commands to type next, as the last lines of a report. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence

from fluxbump.model import Step
from fluxbump.reports.table import printable
from fluxbump.reports.terminal.fit import columns, fitted_line

_LABEL = "next: "
_GAP = "  "
_COLUMN = 48  # a longer command keeps its reason beside it, and does not push the others' away


def typed(words: Iterable[str]) -> str:
    """Write a command as a shell reads it, each word quoted where that is needed."""
    return shlex.join(words)


def lines(steps: Sequence[Step], width: int | None = None) -> list[str]:
    """Return the lines `next: COMMAND  why`, with further commands aligned below the first.

    Args:
        steps: the commands, each with its reason.
        width: the columns of the terminal. A reason that does not fit goes below its command, which
            is not wrapped. None in a pipe.
    """
    commands = [printable(step.command) for step in steps]
    column = max((len(text) for text in commands if len(text) <= _COLUMN), default=0)
    labels = [_LABEL, *[" " * len(_LABEL)] * (len(steps) - 1)]
    shown = []
    for label, command, step in zip(labels, commands, steps, strict=False):
        line = f"{label}{command:{column}}{_GAP}{printable(step.why)}" if step.why else ""
        if line and (width is None or columns(line) <= width):
            shown.append(line)
            continue
        shown.append(label + command)
        if step.why:
            why = " " * len(_LABEL) + _GAP + printable(step.why)
            shown += fitted_line(why, width) if width is not None else [why]
    return shown
