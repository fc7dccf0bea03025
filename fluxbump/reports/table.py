"""Tables and colors for terminals and pipes. Pure.

A table library would wrap long paths and costs more at import than the rest of a report. In a pipe,
columns are as wide as their longest cell and are never cut, so that they can be read, grepped and
pasted. On a terminal, paths lose their middle until the table fits.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from msgspec import Struct

from fluxbump.model import Severity
from fluxbump.text.printable import printable

__all__ = ["Paint", "Styles", "elided", "folded", "printable", "room", "section", "table"]

_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}


Styles = Mapping[str, Sequence[str]]
"""Texts of cells, and the styles that such a cell has."""

SEVERITY_STYLES: Mapping[Severity, str] = {
    Severity.ERROR: "red",
    Severity.WARNING: "yellow",
    Severity.NOTE: "cyan",
}
"""The color that tells how bad a finding is, in every report."""

_GAP = 2  # spaces between columns
_SHORTEST = 16  # characters that stay of a path


class Paint(Struct, frozen=True):
    """How to print on what is there: colors or none, and how much room.

    Attributes:
        enabled: whether there are colors.
        width: of the terminal in characters; None in a pipe, where paths stay whole.
    """

    enabled: bool
    width: int | None = None

    def __call__(self, text: str, *styles: str) -> str:
        """Return `text` in the given styles."""
        if not self.enabled or not styles:
            return text
        codes = ";".join(_CODES[style] for style in styles)
        return f"\x1b[{codes}m{text}\x1b[0m"


def table(
    header: Sequence[str],
    rows: Iterable[Sequence[str]],
    paint: Paint,
    styles: Styles = MappingProxyType({}),
) -> list[str]:
    """Lay out columns; the last one is not padded, and the middle of long paths goes.

    Args:
        header: the titles of the columns.
        rows: their cells.
        paint: colors, and the width to fit.
        styles: for the cells with exactly such a text.
    """
    cells = [tuple(printable(cell) for cell in row) for row in rows]
    if paint.width is not None:
        cells = _fitted(header, cells, paint.width)
    widths = _widths([header, *cells])
    lines = [paint(_row(header, widths), "dim")]
    return [*lines, *(_row(row, widths, paint, styles) for row in cells)]


def room(rows: Sequence[Sequence[str]], column: int, width: int) -> int:
    """Return how many characters a column may have if the table is to fit `width`."""
    widths = _widths(rows)
    return width - sum(widths) + widths[column] - _GAP * (len(widths) - 1)


def folded(
    header: Sequence[str], rows: Sequence[Sequence[str]], paint: Paint
) -> list[Sequence[str]]:
    """Continue the texts of the last column in rows below, where a terminal is too narrow."""
    if paint.width is None:
        return [*rows]
    left = max(_SHORTEST, room([header, *rows], len(header) - 1, paint.width))
    before = [""] * (len(header) - 1)
    return [
        [*(before if number else row[:-1]), part]
        for row in rows
        for number, part in enumerate(textwrap.wrap(row[-1], left) or [""])
    ]


def _widths(rows: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(len, column)) for column in zip(*rows, strict=True)]


def _fitted(
    header: Sequence[str], rows: Sequence[tuple[str, ...]], width: int
) -> list[tuple[str, ...]]:
    """Shorten the widest column of paths; the others tell by every character."""
    every = [header, *rows]
    paths = [number for number, cells in enumerate(zip(*rows, strict=True)) if _are_paths(cells)]
    if not paths:
        return [*rows]
    widths = _widths(every)
    widest = max(paths, key=widths.__getitem__)
    left = max(_SHORTEST, room(every, widest, width))
    return [(*row[:widest], elided(row[widest], left), *row[widest + 1 :]) for row in rows]


def _are_paths(cells: Sequence[str]) -> bool:
    return any("/" in cell for cell in cells) and not any(" " in cell for cell in cells)


def elided(text: str, room: int) -> str:
    """Keep both ends of a text: a path's last part and line tell more than what is between."""
    if len(text) <= room:
        return text
    end = (room - 1) * 2 // 3
    return f"{text[: room - 1 - end]}…{text[-end:]}"


def _row(
    cells: Sequence[str],
    widths: Sequence[int],
    paint: Paint | None = None,
    styles: Styles = MappingProxyType({}),
) -> str:
    shown = [
        (paint(cell, *styles[cell]) if paint and cell in styles else cell)
        + " " * (width - len(cell))
        for cell, width in zip(cells, widths, strict=True)
    ]
    return (" " * _GAP).join(shown).rstrip()


def section(title: str, lines: Sequence[str], paint: Paint, number: int | None = None) -> list[str]:
    """Return lines under a title that says how many things there are.

    Args:
        title: of them.
        lines: without a margin.
        paint: colors.
        number: of things; one a line if None.
    """
    if not lines:
        return []
    return [
        paint(f"{title} ({len(lines) if number is None else number})", "bold"),
        *(f"  {printable(line)}" for line in lines),
        "",
    ]
