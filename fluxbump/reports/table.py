"""Tables and colors for terminals and pipes. Pure.

A table library would wrap long paths and costs more at import than the rest of a report. In a pipe,
columns are as wide as their longest cell and are never cut, so that they can be read, grepped and
pasted. On a terminal, paths lose their middle until the table fits. If too little would be left of
them, the cells of a row are below each other, each with its title.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from msgspec import Struct

from fluxbump.model import Severity
from fluxbump.reports.terminal.fit import beginning, columns, fitted_line, padded
from fluxbump.text.printable import printable

__all__ = ["Paint", "Styles", "elided", "printable", "room", "section", "table"]

_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}


Styles = Mapping[str, Sequence[str]]
"""The styles of a cell, by its exact text."""

SEVERITY_STYLES: Mapping[Severity, str] = {
    Severity.ERROR: "red",
    Severity.WARNING: "yellow",
    Severity.NOTE: "cyan",
}
"""The color that tells how bad a finding is, in every report."""

_GAP = 2  # spaces between columns
_SHARES = (2 / 3, 1 / 2, 1 / 3)  # of the room for a path: what its end gets, the best first
_SHORTEST = 24  # columns that stay of a path, or of a text that goes on in the rows below


class Paint(Struct, frozen=True):
    """The colors and the width of the output.

    Attributes:
        enabled: whether text is colored.
        width: the width of the terminal in characters; None in a pipe, where paths stay whole.
    """

    enabled: bool
    width: int | None = None

    def __call__(self, text: str, *styles: str) -> str:
        """Return `text` in styles such as `bold` and `red`; unchanged if colors are off."""
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
    """Return the lines of a table.

    The last column is not padded. On a terminal, long paths lose their middle so that the table
    fits.

    Args:
        header: the titles of the columns.
        rows: the cells of each row, one for each title.
        paint: colors, and the width to fit.
        styles: the styles of cells, by their exact text.
    """
    cells = [tuple(printable(cell) for cell in row) for row in rows]
    if paint.width is not None:
        cells = _narrowed(header, cells, paint.width)
        if _taken(header, cells) > paint.width:
            return _stacked(header, cells, paint, styles)
    widths = _widths([header, *cells])
    lines = [paint(_row(header, widths), "dim")]
    return [*lines, *(_row(row, widths, paint, styles) for row in cells)]


def room(rows: Sequence[Sequence[str]], column: int, width: int) -> int:
    """Return the most terminal columns for the cells of `column`, so that all rows fit `width`."""
    return width - _taken(rows[0], rows[1:]) + _widths(rows)[column]


def _taken(header: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    widths = _widths([header, *rows])
    return sum(widths) + _GAP * (len(widths) - 1)


def _widths(rows: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(columns, column)) for column in zip(*rows, strict=True)]


def _narrowed(
    header: Sequence[str], rows: Sequence[tuple[str, ...]], width: int
) -> list[tuple[str, ...]]:
    """Shorten the widest column of paths, or else continue the last column in rows below.

    The other columns stay, because each of their characters matters. Nothing changes if fewer than
    `_SHORTEST` columns would be left.
    """
    every = [header, *rows]
    paths = [number for number, cells in enumerate(zip(*rows, strict=True)) if _are_paths(cells)]
    if paths:
        widest = max(paths, key=_widths(every).__getitem__)
        left = room(every, widest, width)
        shown = _distinct([row[widest] for row in rows], left) if left >= _SHORTEST else None
        if shown is not None:
            return [
                (*row[:widest], path, *row[widest + 1 :])
                for row, path in zip(rows, shown, strict=True)
            ]
    left = room(every, len(header) - 1, width)
    if left < _SHORTEST or not any(" " in row[-1] for row in rows):
        return [*rows]
    before = ("",) * (len(header) - 1)
    return [
        (*(before if number else row[:-1]), part.lstrip(" "))
        for row in rows
        for number, part in enumerate(fitted_line(row[-1], left))
    ]


def _are_paths(cells: Sequence[str]) -> bool:
    return any("/" in cell for cell in cells) and not any(" " in cell for cell in cells)


def _distinct(texts: Sequence[str], room: int) -> list[str] | None:
    """Shorten texts so that different texts stay different; None if that is not possible."""
    for share in _SHARES:
        shown = [elided(text, room, share) for text in texts]
        if len({*shown}) == len({*texts}):
            return shown
    return None


def elided(text: str, room: int, share: float = _SHARES[0]) -> str:
    """Shorten a text in the middle, because both ends of a path tell more.

    Args:
        text: a single line without colors.
        room: the terminal columns that the result may take.
        share: the share of the room for the end of the text, from 0 to 1.
    """
    if columns(text) <= room:
        return text
    end = int((room - 1) * share)
    return f"{beginning(text, room - 1 - end)}…{beginning(text[::-1], end)[::-1]}"


def _stacked(
    header: Sequence[str], rows: Sequence[Sequence[str]], paint: Paint, styles: Styles
) -> list[str]:
    """Lay out each row as lines of `title cell`. The lines after its first one are indented."""
    lines, width = [], paint.width or 0
    for row in rows:
        line = "" if row[0] else " " * _GAP
        for title, cell in zip(header, row, strict=True):
            if not cell:
                continue
            word = title.lower()
            taken = columns(line) + _GAP + columns(word) + 1 + columns(cell)
            if line.strip() and taken > width:
                lines.append(line)
                line = " " * _GAP
            shown = f"{paint(word, 'dim')} {paint(cell, *styles.get(cell, ()))}".strip()
            line += (" " * _GAP if line.strip() else "") + shown
        lines.append(line)
    return [part for line in lines for part in fitted_line(line, width)]


def _row(
    cells: Sequence[str],
    widths: Sequence[int],
    paint: Paint | None = None,
    styles: Styles = MappingProxyType({}),
) -> str:
    shown = [
        padded(paint(cell, *styles[cell]) if paint and cell in styles else cell, width)
        for cell, width in zip(cells, widths, strict=True)
    ]
    return (" " * _GAP).join(shown).rstrip()


def section(title: str, lines: Sequence[str], paint: Paint, number: int | None = None) -> list[str]:
    """Return indented lines under a title with their number, and a blank line; empty without lines.

    Args:
        title: the title, without the number.
        lines: the lines, without indentation.
        paint: colors.
        number: the number in the title; None for the number of lines.
    """
    if not lines:
        return []
    return [
        paint(f"{title} ({len(lines) if number is None else number})", "bold"),
        *(f"  {printable(line)}" for line in lines),
        "",
    ]
