"""What a reader can type next, as the last lines of a report. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence

from fluxbump.model import Step
from fluxbump.reports.table import printable

_LABEL = "next: "
_GAP = "  "
_COLUMN = 48  # a longer command keeps its reason beside it, and does not push the others' away


def typed(words: Iterable[str]) -> str:
    """Write a command as a shell reads it, each word quoted where that is needed."""
    return shlex.join(words)


def lines(steps: Sequence[Step]) -> list[str]:
    """Say what to type: `next: COMMAND  why`, and further commands aligned below the first."""
    commands = [printable(step.command) for step in steps]
    width = max((len(text) for text in commands if len(text) <= _COLUMN), default=0)
    labels = [_LABEL, *[" " * len(_LABEL)] * (len(steps) - 1)]
    return [
        f"{label}{command:{width}}{_GAP}{printable(step.why)}" if step.why else label + command
        for label, command, step in zip(labels, commands, steps, strict=False)
    ]
