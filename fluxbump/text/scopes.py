"""Finds the statement, the brackets and the YAML mappings around a place in a text. Pure.

They are found without a parser, so that templates, scripts and files of unknown grammar have scopes
too. A missing bracket only makes a scope larger, or the scope is left out.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator

from msgspec import Struct

from fluxbump.text.live_code import TextFile
from fluxbump.text.patterns import lazy_pattern

_MOST_LINES = 200
"""How many lines above and below are read to find a mapping."""

_TOKEN = lazy_pattern(r"""[{}()\[\]]|"(?:\\.|[^"\\\n])*"|'[^'\n]*'|\\.""")
_PAIRS = {")": "(", "]": "[", "}": "{"}


class EnclosingScope(Struct, frozen=True):
    """A part of a text whose contents belong together.

    Attributes:
        start: the offset of its first character.
        end: the offset behind its last character.
        kind: the opening bracket, or `mapping`, or `statement`.
    """

    start: int
    end: int
    kind: str

    def holds(self, offset: int) -> bool:
        """Whether the character at an offset is in this scope."""
        return self.start <= offset < self.end


class Scopes:
    """The scopes of one file."""

    def __init__(self, file: TextFile) -> None:
        self._file = file
        self._brackets, self._parents = _brackets(file)
        self._last = EnclosingScope(0, 0, "statement")
        self._starts = [scope.start for scope in self._brackets]

    def brackets(self, offset: int) -> Iterator[EnclosingScope]:
        """Yield the brackets around a character, innermost first."""
        number = bisect_right(self._starts, offset) - 1
        while number >= 0:
            if self._brackets[number].holds(offset):
                yield self._brackets[number]
            number = self._parents[number]

    def statement(self, offset: int) -> EnclosingScope:
        """Return the line around a character together with its continuation lines."""
        if self._last.holds(offset):
            return self._last
        text = self._file.text
        start, end = self._file.line_span(offset)
        while start and _continues(text, start - 1):
            start = self._file.line_span(start - 1)[0]
        while end < len(text) and text.endswith("\\", start, end):
            behind = text.find("\n", end) + 1
            if not behind:
                break
            end = self._file.line_span(behind)[1]
        self._last = EnclosingScope(start, end, "statement")
        return self._last

    def mappings(self, offset: int) -> Iterator[EnclosingScope]:
        """Yield the YAML mappings in block style around a character, innermost first."""
        start = self._file.line_span(offset)[0]
        column = _column(self._line(start))
        while True:
            begin, end, outer = self._mapping(start, column)
            yield EnclosingScope(begin, end, "mapping")
            if outer is None:
                return
            start, column = outer, _column(self._line(outer))

    def _line(self, start: int) -> str:
        return self._file.text[start : self._file.line_span(start)[1]]

    def _mapping(self, start: int, column: int) -> tuple[int, int, int | None]:
        """Return the start and end of the mapping that a line is in, and its parent's line.

        The third value is the offset of the line that holds the mapping; None if there is none.
        """
        text, begin, outer = self._file.text, start, None
        at, lines = start, 0
        while _dash(self._line(at)) is None or _column(self._line(at)) != column:
            if not at or lines == _MOST_LINES:
                break
            at, lines = self._file.line_span(at - 1)[0], lines + 1
            line = self._line(at)
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            if line.startswith("---") or _column(line) < column:
                outer = at if _column(line) < column and not line.startswith("---") else None
                break
            begin = at
        else:
            outer = self._above(at, _dash(self._line(at)) or 0)
        return begin, self._mapping_end(text, start, column), outer

    def _mapping_end(self, text: str, start: int, column: int) -> int:
        end = self._file.line_span(start)[1]
        for _ in range(_MOST_LINES):
            behind = text.find("\n", end) + 1
            if not behind:
                return len(text)
            line = self._line(behind)
            bare = line.strip()
            dash = _dash(line)
            ends = _column(line) < column or (dash is not None and dash < column)
            if bare and not bare.startswith("#") and (ends or line.startswith("---")):
                return end
            end = self._file.line_span(behind)[1]
        return end

    def _above(self, start: int, column: int) -> int | None:
        """Return the offset of the line that holds the list of an item; None if there is none."""
        for _ in range(_MOST_LINES):
            if not start:
                return None
            start = self._file.line_span(start - 1)[0]
            line = self._line(start)
            bare, dash = line.strip(), _dash(line)
            if (
                bare
                and not bare.startswith("#")
                and (
                    (dash is None and _column(line) <= column)
                    or (dash is not None and dash < column)
                )
            ):
                return start
        return None


def _continues(text: str, line_break: int) -> bool:
    return text.endswith(("\\", "\\\r"), max(0, line_break - 2), line_break)


def _dash(line: str) -> int | None:
    """Return the column of the dash at the beginning of a list's item; None for another line."""
    bare = line.lstrip(" \t")
    return len(line) - len(bare) if bare.startswith("- ") else None


def _column(line: str) -> int:
    """Return the column in which the content of a line begins, behind the dash of an item."""
    match = re.match(r"[ \t]*(?:-[ \t]+)*", line)
    return match.end() if match else 0


def _brackets(file: TextFile) -> tuple[list[EnclosingScope], list[int]]:
    """Return the pairs of brackets, ordered by their start, and the index of each one's parent."""
    opened: list[tuple[int, str]] = []
    open_now = Counter[str]()
    found: list[tuple[int, int, str]] = []
    for token in _TOKEN.finditer(file.text):
        sign = token.group()
        if len(sign) > 1 or file.in_comment(token.start()):
            continue
        if sign in "([{":
            opened.append((token.start(), sign))
            open_now[sign] += 1
            continue
        wanted = _PAIRS[sign]
        while open_now[wanted]:
            begin, sign = opened.pop()
            open_now[sign] -= 1
            if sign == wanted:
                found.append((begin, token.end(), wanted))
                break
    scopes = [EnclosingScope(*span) for span in sorted(found)]
    parents, stack = list[int](), list[int]()
    for number, scope in enumerate(scopes):
        while stack and scopes[stack[-1]].end < scope.end:
            stack.pop()
        parents.append(stack[-1] if stack else -1)
        stack.append(number)
    return scopes, parents
