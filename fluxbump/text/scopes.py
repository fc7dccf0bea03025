"""What encloses a place in a text: its statement, brackets and YAML mappings. Pure.

Read from the text alone, so that templates, scripts and files of unknown grammar have scopes too.
What is wrong with a bracket only makes a scope larger or leaves it out.
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
"""Lines on either side that are read for a mapping."""

_TOKEN = lazy_pattern(r"""[{}()\[\]]|"(?:\\.|[^"\\\n])*"|'[^'\n]*'|\\.""")
_PAIRS = {")": "(", "]": "[", "}": "{"}


class EnclosingScope(Struct, frozen=True):
    """A part of a text that belongs together.

    Attributes:
        start: offset of its first character.
        end: offset behind its last one.
        kind: the bracket that opens it, `mapping`, or `statement`.
    """

    start: int
    end: int
    kind: str

    def holds(self, offset: int) -> bool:
        """Whether a character is inside."""
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
        """Return the line around a character, with the lines that continue it."""
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
        """Return where the mapping of a line begins and ends, and the line that holds it."""
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
        """Return the line above an item that holds its list."""
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
    """Return the column of the dash that makes a line the beginning of a list's item."""
    bare = line.lstrip(" \t")
    return len(line) - len(bare) if bare.startswith("- ") else None


def _column(line: str) -> int:
    """Return the column in which the content of a line begins, behind the dash of an item."""
    match = re.match(r"[ \t]*(?:-[ \t]+)*", line)
    return match.end() if match else 0


def _brackets(file: TextFile) -> tuple[list[EnclosingScope], list[int]]:
    """Return the pairs of brackets by where they open, and for each the number of its parent."""
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
