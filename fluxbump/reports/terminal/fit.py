"""Measures text in terminal columns, and breaks long lines between words. Pure.

A terminal breaks a line at its last column, in the middle of a word, and a table becomes
unreadable. So text for a terminal is broken between words, at its width. Text for a pipe stays
whole, for grep and for logs.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from fluxbump.text.patterns import lazy_pattern

_STYLE = lazy_pattern(r"\x1b\[[0-9;]*m")
_WORD = lazy_pattern(r"( *)([^ ]+)")
_HANGING = 4  # spaces before what continues a line
_BREAKS = "/,"  # a path, a URL, and a list are broken behind these
_WIDE = ("W", "F")  # Unicode Standard Annex 11: two columns
_NO_WIDTH = ("Mn", "Me", "Cf")  # marks and joiners are drawn over the character before
_COMMANDS = "next: "


def columns(text: str) -> int:
    """Return how many columns of a terminal a text takes, without the codes of its colors."""
    if text.isascii() and "\x1b" not in text:
        return len(text)
    return sum(map(_columns, _STYLE.sub("", text)))


def _columns(character: str) -> int:
    if unicodedata.category(character) in _NO_WIDTH:
        return 0
    return 2 if unicodedata.east_asian_width(character) in _WIDE else 1


def padded(text: str, width: int) -> str:
    """Add spaces to the end of a text, up to `width` terminal columns."""
    return text + " " * (width - columns(text))


def beginning(text: str, width: int) -> str:
    """Return the start of a text without colors that fits into `width` terminal columns."""
    text = text[:width]  # so that a long text is not measured again and again
    while columns(text) > width:
        text = text[:-1]
    return text


def fitted(text: str, width: int | None) -> str:
    """Break the lines that are wider than a terminal.

    The lines from `next:` on stay whole, because they are commands that are typed or copied.

    Args:
        text: whole lines, with or without colors.
        width: the width of the terminal in columns; None in a pipe, where nothing is broken.
    """
    if width is None:
        return text
    report, label, commands = f"\n{text}".partition(f"\n{_COMMANDS}")
    lines = [part for line in report[1:].split("\n") for part in fitted_line(line, width)]
    if not label:
        return "\n".join(lines)
    return "\n".join([*(lines if report else []), label[1:] + commands])


def fitted_line(line: str, width: int, hanging: int = _HANGING) -> list[str]:
    """Break a line into lines of at most `width` columns, as far as its words allow.

    The lines after the first one have `hanging` more spaces of indentation.
    """
    if columns(line) <= width:
        return [line]
    bare = line.lstrip(" ")
    indent = line[: len(line) - len(bare)]
    margin = " " * min(len(indent) + hanging, width // 2)
    lines, style = [indent], ""
    for gap, word in _WORD.findall(bare):
        left = width - columns(lines[-1]) - len(gap)
        room = width - len(margin)
        if columns(word) <= left or (columns(word) > room and left > room // 2):
            lines[-1] += gap
        else:
            lines[-1] = _closed(lines[-1], style)
            lines.append(margin + style)
            left = room
        first, *more = _pieces(word, left, room)
        lines[-1] += first
        for piece in more:
            lines[-1] = _closed(lines[-1], style)
            lines.append(margin + style + piece)
        style = _style_after(word, style)
    return lines


def _pieces(word: str, left: int, room: int) -> Iterator[str]:
    """Yield the parts of a word that is wider than a line, cut after a slash or comma if possible.

    Args:
        word: the word, with the codes of its colors.
        left: the free columns of the line in which the word begins.
        room: the free columns of each later line.
    """
    while columns(word) > left:
        end = _end(word, left)
        mark = max(word.rfind(mark, 0, end) for mark in _BREAKS) + 1
        end = mark if mark > end // 3 else end
        yield word[:end]
        word, left = word[end:], room
    yield word


def _end(word: str, room: int) -> int:
    """Return the number of characters that fit into `room` columns: at least one.

    The code of a color takes no columns and is not cut.
    """
    end = taken = 0
    while end < len(word):
        code = _STYLE.match(word, end)
        if code:
            end = code.end()
            continue
        taken += _columns(word[end])
        if taken > room and end:
            return end
        end += 1
    return end


def _style_after(piece: str, before: str) -> str:
    codes = _STYLE.findall(piece)
    if not codes:
        return before
    return "" if codes[-1] == "\x1b[0m" else str(codes[-1])


def _closed(line: str, style: str) -> str:
    return f"{line}\x1b[0m" if style else line
