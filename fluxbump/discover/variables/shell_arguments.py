"""Positional parameters of shell functions, and what the calls in the same file pass. Pure.

A parameter has a value that is known only if the function is called in its own file: what a caller
outside of it passes cannot be seen. Functions and parameters are those of POSIX sh (2.9.5, 2.5.1)
and of bash.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from fluxbump.discover.variables.references import Reference
from fluxbump.text.live_code import TextFile
from fluxbump.text.patterns import lazy_pattern

SCOPE = "argument"
"""The scope of a reference to a parameter; its name is the function's, with the number behind."""

_PARAMETER = lazy_pattern(r"v?\$(?:(?P<plain>[1-9])|\{(?P<closed>[1-9])(?:##?v)?\})")
_FUNCTION = lazy_pattern(
    r"^[ \t]*(?:function[ \t]+(?P<word>[\w-]+)(?:[ \t]*\(\))?|(?P<name>[\w-]+)[ \t]*\(\))\s*\{",
    re.MULTILINE,
)
_WORD = lazy_pattern(r"""(?:"(?:\\.|[^"\\\n])*"|'[^'\n]*'|\$\([^)\n]*\)|\\.|[^\s"'\\;&|()<>#])+""")
_COMMAND = r"(?:^|[;&|({`!]|\b(?:then|do|else|if|while|time|sudo|exec|\$\())[ \t]*"
# What makes the parameters other ones than the call's.
_CHANGED = lazy_pattern(r"(?:^|[;&|{\s])(?:shift|set[ \t]+--|eval)(?![\w-])")


def number_of(text: str) -> int | None:
    """Return which positional parameter a text is, and nothing else; None if it is none."""
    match = _PARAMETER.fullmatch(text)
    return int(match["plain"] or match["closed"]) if match else None


def reference_at(text: str, offset: int, value: str) -> Reference | None:
    """Return the parameter that a value is, if it is nothing but that of the function around it.

    Args:
        text: of the file.
        offset: of the value.
        value: to judge.
    """
    number = number_of(value)
    if number is None:
        return None
    for name, start, end in _functions(text):
        if start <= offset < end:
            changed = _CHANGED.search(text, start, offset)
            return None if changed else Reference((name, str(number)), SCOPE)
    return None


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
    for match in _call(function).finditer(file.text):
        start = match.end()
        if file.in_comment(match.start("name")) or file.text[start : start + 1] not in _BEHIND:
            continue
        words = list(_words(file.text, start))
        spans.append(words[number - 1] if len(words) >= number else (start, start))
    return spans


_BEHIND = ("", " ", "\t", "\n", "\r", ";", "&", "|", ")")


@cache
def _call(function: str) -> re.Pattern[str]:
    return re.compile(rf"{_COMMAND}(?P<name>{re.escape(function)})(?![\w-]|[ \t]*\()", re.MULTILINE)


def _words(text: str, start: int) -> Iterator[tuple[int, int]]:
    """Yield the words of a command from an offset on, over continued lines."""
    while True:
        gap = re.compile(r"(?:[ \t]|\\\r?\n)+").match(text, start)
        word = _WORD.match(text, gap.end()) if gap else None
        if word is None:
            return
        yield word.span()
        start = word.end()


def _functions(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield each function with where its body begins and ends.

    A body ends at the brace that stands in the column of its head, or on the same line.
    """
    for match in _FUNCTION.finditer(text):
        line = text.find("\n", match.end())
        head = text[match.end() : line if line >= 0 else len(text)]
        indent = len(match.group()) - len(match.group().lstrip(" \t"))
        if head.rstrip().endswith("}"):
            end = match.end() + len(head)
        else:
            closing = re.compile(rf"^[ \t]{{{indent}}}\}}", re.MULTILINE).search(text, match.end())
            end = closing.start() if closing else len(text)
        yield match["word"] or match["name"], match.end(), end
