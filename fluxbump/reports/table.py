"""Tables and colours for terminals and pipes. Pure.

A table library would wrap long paths and costs more at import than the rest of a report; columns
that are as wide as their longest cell, and are never cut, can be read, grepped and pasted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

from fluxbump.text.printable import printable

__all__ = ["Paint", "printable", "section", "table"]

_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}


class Paint(Struct, frozen=True):
    """Colours, or none."""

    enabled: bool

    def __call__(self, text: str, *styles: str) -> str:
        """Return `text` in the given styles."""
        if not self.enabled or not styles:
            return text
        codes = ";".join(_CODES[style] for style in styles)
        return f"\x1b[{codes}m{text}\x1b[0m"


def table(header: Sequence[str], rows: Iterable[Sequence[str]], paint: Paint) -> list[str]:
    """Lay out columns; the last one is not padded."""
    rows = [tuple(printable(cell) for cell in row) for row in rows]
    widths = [max(len(cell) for cell in column) for column in zip(header, *rows, strict=True)]
    lines = [paint(_row(header, widths), "dim")]
    return [*lines, *(_row(row, widths) for row in rows)]


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def section(title: str, lines: Sequence[str], paint: Paint, number: int | None = None) -> list[str]:
    """Return lines under a title that says how many things there are.

    Args:
        title: of them.
        lines: without a margin.
        paint: colours.
        number: of things; one a line if None.
    """
    if not lines:
        return []
    return [
        paint(f"{title} ({len(lines) if number is None else number})", "bold"),
        *(f"  {printable(line)}" for line in lines),
        "",
    ]
