"""Positional parameters of shell functions, and what the calls in the same file pass. Pure.

A parameter has a value that is known only if the function is called in its own file: what a caller
outside of it passes cannot be seen. Functions and parameters are those of POSIX sh (2.9.5, 2.5.1)
and of bash.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from itertools import accumulate

from msgspec import Struct

from fluxbump.discover.variables.references import Reference
from fluxbump.text.live_code import TextFile
from fluxbump.text.patterns import lazy_pattern

SCOPE = "argument"
"""The scope of a reference to a parameter; its name is the function's, with the number behind."""

_PARAMETER = lazy_pattern(r"v?\$(?:(?P<plain>[1-9])|\{(?P<closed>[1-9])(?:##?v)?\})")
_FUNCTION = lazy_pattern(
    r"^(?P<indent>[ \t]*+)"
    r"(?:function[ \t]+(?P<word>[\w-]+)(?:[ \t]*\(\))?|(?P<name>[\w-]+)[ \t]*\(\))\s*\{",
    re.MULTILINE,
)
_WORD = lazy_pattern(r"""(?:"(?:\\.|[^"\\\n])*"|'[^'\n]*'|\$\([^)\n]*\)|\\.|[^\s"'\\;&|()<>#])+""")
_COMMAND = lazy_pattern(r"(?:[;&|({`!]|\b(?:then|do|else|if|while|time|sudo|exec))\Z")
# What makes the parameters other ones than the call's.
_CHANGED = lazy_pattern(r"(?:^|[;&|{\s])(?:shift|set[ \t]+--|eval)(?![\w-])")


def number_of(text: str) -> int | None:
    """Return which positional parameter a text is, and nothing else; None if it is none."""
    match = _PARAMETER.fullmatch(text)
    return int(match["plain"] or match["closed"]) if match else None


def reference_at(file: TextFile, offset: int, value: str) -> Reference | None:
    """Return the parameter that a value is, if it is nothing but that of the function around it.

    Args:
        file: with the value.
        offset: of the value.
        value: to judge.
    """
    number = number_of(value)
    if number is None:
        return None
    found = file.once(_Functions, lambda: _functions(file.text)).around(offset)
    return Reference((found, str(number)), SCOPE) if found else None


def arguments(file: TextFile, function: str, number: int) -> list[tuple[int, int]]:
    """Return the span of an argument in every call of a function.

    Args:
        file: with the function.
        function: its name.
        number: of the parameter, from 1.

    Returns:
        The words as they stand, with their quotes; an empty span where a call has fewer.
    """
    spans = []
    for offset in file.words.get(function, ()):
        start = offset + len(function)
        if not _is_called(file, offset, start) or file.in_comment(offset):
            continue
        words = list(_words(file.text, start))
        file.spend(1 + len(words))
        spans.append(words[number - 1] if len(words) >= number else (start, start))
    return spans


def _is_called(file: TextFile, offset: int, end: int) -> bool:
    """Whether the word between two offsets is the command that is run there."""
    line = file.line_span(offset)[0]
    first = max(line, offset - _BEFORE)
    before = file.text[first:offset].rstrip(" \t")
    begins = _COMMAND.search(before) is not None if before else first == line
    behind = file.text[end : end + 1] in _BEHIND
    return begins and behind and _DEFINED.match(file.text, end) is None


_BEFORE = 200
"""Characters before a word that tell whether it is a command."""
_BEHIND = ("", " ", "\t", "\n", "\r", ";", "&", "|", ")")
_DEFINED = lazy_pattern(r"[ \t]*\(")


def _words(text: str, start: int) -> Iterator[tuple[int, int]]:
    """Yield the words of a command from an offset on, over continued lines."""
    while True:
        gap = re.compile(r"(?:[ \t]|\\\r?\n)+").match(text, start)
        word = _WORD.match(text, gap.end()) if gap else None
        if word is None:
            return
        yield word.span()
        start = word.end()


class _Functions(Struct, frozen=True):
    """The functions of a text, in order.

    Attributes:
        names: of the functions.
        starts: offsets of their bodies.
        ends: how far the bodies reach of a function and of those before it.
        changes: offsets of what gives the parameters other values than the call's.
    """

    names: list[str]
    starts: list[int]
    ends: list[int]
    changes: list[int]

    def around(self, offset: int) -> str | None:
        """Return the outermost function around a place; None if its parameters are changed."""
        found = bisect_right(self.ends, offset)
        if found == len(self.names) or self.starts[found] > offset:
            return None
        change = bisect_left(self.changes, self.starts[found])
        changed = change < len(self.changes) and self.changes[change] < offset
        return None if changed else self.names[found]


def _functions(text: str) -> _Functions:
    """Find the functions. A body ends at the brace in the column of its head, or on its line."""
    names, starts, ends = list[str](), list[int](), list[int]()
    closing = dict[int, list[int]]()
    for brace in _CLOSING.finditer(text):
        closing.setdefault(len(brace["indent"]), []).append(brace.start())
    for match in _FUNCTION.finditer(text):
        start = match.end()
        line = text.find("\n", start)
        line = line if line >= 0 else len(text)
        names.append(match["word"] or match["name"])
        starts.append(start)
        if text[max(start, line - _BEFORE) : line].rstrip().endswith("}"):
            ends.append(line)
        else:
            column = closing.get(len(match["indent"]), [])
            end = bisect_left(column, start)
            ends.append(column[end] if end < len(column) else len(text))
    changes = [match.start() for match in _CHANGED.finditer(text)]
    return _Functions(names, starts, [*accumulate(ends, max)], changes)


_CLOSING = lazy_pattern(r"^(?P<indent>[ \t]*+)\}", re.MULTILINE)
