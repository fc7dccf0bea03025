"""Finds the positional parameters of shell functions and the arguments of their calls. Pure.

The value of a parameter is known only if the function is called in its own file. The arguments of
calls in other files are not read. Functions and parameters are those of POSIX sh (2.9.5, 2.5.1)
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
"""The scope of a reference to a parameter. Its name is the function's name and the number."""

_PARAMETER = lazy_pattern(r"v?\$(?:(?P<plain>[1-9])|\{(?P<closed>[1-9])(?:##?v)?\})")
_FUNCTION = lazy_pattern(
    r"^(?P<indent>[ \t]*+)"
    r"(?:function[ \t]+(?P<word>[\w-]+)(?:[ \t]*\(\))?|(?P<name>[\w-]+)[ \t]*\(\))\s*\{",
    re.MULTILINE,
)
_WORD = lazy_pattern(r"""(?:"(?:\\.|[^"\\\n])*"|'[^'\n]*'|\$\([^)\n]*\)|\\.|[^\s"'\\;&|()<>#])+""")
_COMMAND = lazy_pattern(r"(?:[;&|({`!]|\b(?:then|do|else|if|while|time|sudo|exec))\Z")
# Commands after which the parameters are no longer the arguments of the call.
_CHANGED = lazy_pattern(r"(?:^|[;&|{\s])(?:shift|set[ \t]+--|eval)(?![\w-])")


def number_of(text: str) -> int | None:
    """Return the number of the positional parameter that a text is: 1 for `$1` or `v${1#v}`.

    None if the text is anything else, or more than a parameter with a leading `v`.
    """
    match = _PARAMETER.fullmatch(text)
    return int(match["plain"] or match["closed"]) if match else None


def reference_at(file: TextFile, offset: int, value: str) -> Reference | None:
    """Return a reference to the parameter that a value is.

    None if the value is no parameter, is in no function, or if the parameters are changed before.

    Args:
        file: the file with the value.
        offset: the offset of the value in the file.
        value: the value as the file has it, such as `$1`.
    """
    number = number_of(value)
    if number is None:
        return None
    found = file.once(_Functions, lambda: _functions(file.text)).around(offset)
    return Reference((found, str(number)), SCOPE) if found else None


def arguments(file: TextFile, function: str, number: int) -> list[tuple[int, int]]:
    """Return the span of an argument in every call of a function.

    Args:
        file: the file with the function and its calls.
        function: the function's name.
        number: the number of the parameter, from 1.

    Returns:
        The spans of the arguments with their quotes. A call with fewer arguments has an empty span.
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
    """Whether the word between two offsets is in the place of a command, and is no definition."""
    line = file.line_span(offset)[0]
    first = max(line, offset - _BEFORE)
    before = file.text[first:offset].rstrip(" \t")
    begins = _COMMAND.search(before) is not None if before else first == line
    behind = file.text[end : end + 1] in _BEHIND
    return begins and behind and _DEFINED.match(file.text, end) is None


_BEFORE = 200
"""How many characters before a word are read to tell whether it is a command."""
_BEHIND = ("", " ", "\t", "\n", "\r", ";", "&", "|", ")")
_DEFINED = lazy_pattern(r"[ \t]*\(")


def _words(text: str, start: int) -> Iterator[tuple[int, int]]:
    """Yield the spans of the words of a command from an offset on, across continued lines."""
    while True:
        gap = re.compile(r"(?:[ \t]|\\\r?\n)+").match(text, start)
        word = _WORD.match(text, gap.end()) if gap else None
        if word is None:
            return
        yield word.span()
        start = word.end()


class _Functions(Struct, frozen=True):
    """The shell functions of a text, in the text's order.

    Attributes:
        names: the names of the functions.
        starts: the offsets at which their bodies begin.
        ends: for each function, the largest end of its body and of the bodies before it, so that
            the list is sorted.
        changes: the offsets of commands that change the parameters: `shift`, `set --`, `eval`.
    """

    names: list[str]
    starts: list[int]
    ends: list[int]
    changes: list[int]

    def around(self, offset: int) -> str | None:
        """Return the name of the outermost function around an offset.

        None if no function is around it, or if the function changes its parameters before it.
        """
        found = bisect_right(self.ends, offset)
        if found == len(self.names) or self.starts[found] > offset:
            return None
        change = bisect_left(self.changes, self.starts[found])
        changed = change < len(self.changes) and self.changes[change] < offset
        return None if changed else self.names[found]


def _functions(text: str) -> _Functions:
    """Find the functions of a text.

    A body ends on the line of its head if that line ends with a brace. Else it ends at the next
    brace with the same indentation.
    """
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
