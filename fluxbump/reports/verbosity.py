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
    """What a reader wants to see.

    Attributes:
        detail: of each finding.
        everything: nothing is left out: no finding of a group, and none that was there before.
        statistics: a table of how many findings each rule has.
    """

    detail: Detail = Detail.GROUPED
    everything: bool = False
    statistics: bool = False
