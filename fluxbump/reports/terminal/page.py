"""Lays out a Markdown page for a terminal: its paragraphs fill the width. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from fluxbump.reports.terminal.fit import fitted_line
from fluxbump.text.patterns import lazy_pattern

_FENCE = "```"
_CODE = "\0"  # begins a line of code; no page has it
_OWN_LINE = lazy_pattern(r"#|\||>|$|    ")  # headings, tables, boxes, blank lines, indented code
_ITEM = lazy_pattern(r"(?:[-*]|\d+\.) ")


def page(text: str, width: int | None) -> str:
    """Fill the paragraphs and list items of a page; code stays as it is, to be copied.

    Args:
        text: the page in Markdown.
        width: the columns of the terminal. None in a pipe, where the page stays as it is.
    """
    if width is None:
        return text
    return "\n".join(line for block in _blocks(text) for line in _shown(block, width))


def _blocks(text: str) -> Iterator[str]:
    """Yield each paragraph or list item to fill as one text, and each other line by itself."""
    code, block = False, ""
    for line in text.split("\n"):
        if line.startswith(_FENCE):
            code = not code
        alone = code or line.startswith(_FENCE) or _OWN_LINE.match(line) is not None
        if block and (alone or _ITEM.match(line)):
            yield block
            block = ""
        if alone:
            yield f"{_CODE}{line}" if code or line.startswith(_FENCE) else line
        else:
            block = f"{block} {line.strip()}" if block else line
    if block:
        yield block


def _shown(block: str, width: int) -> list[str]:
    if block.startswith(_CODE):
        return [block.removeprefix(_CODE)]
    item = _ITEM.match(block)
    return fitted_line(block, width, len(item[0]) if item else 0)
