"""How much of a verdict a reader wants to see. Apart, so that `--help` loads no report."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Detail(StrEnum):
    """How much of each finding to print."""

    FULL = "full"
    """Every finding, with the other places that it speaks of."""
    GROUPED = "grouped"
    """What many findings share once, with their number and the first places."""
    CONCISE = "concise"
    """One line for each finding."""


class View(Struct, frozen=True):
    """The reader's choices about the text of a verdict.

    Attributes:
        detail: the amount of detail of each finding.
        everything: whether all findings are shown, also those that the base has already.
        statistics: whether a table counts the findings of each rule.
    """

    detail: Detail = Detail.GROUPED
    everything: bool = False
    statistics: bool = False
