"""Finds the version directly beside a name in a text, also without a patch: `Flux v2.4`. Pure."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator

from fluxbump.text import versions
from fluxbump.text.patterns import lazy_pattern

_LINE = r"(?:0|[1-9][0-9]{0,3})\.(?:0|[1-9][0-9]{0,3})"

_VERSION = (
    rf"(?P<v>v?)(?:(?P<full>{versions.FULL.pattern})|(?P<line>{_LINE})(?:\.[xX*])?)"
    r"(?![\w+%]|\.\*|\.[0-9]|-\w| ?(?:%|[GMK]i?B\b|m?s\b|seconds|minutes|times))"
)

# A line break may stand anywhere, with the mark of a comment or of a quotation behind it.
_SPACE = r"(?:[ \t]|\r?\n[ \t]*+(?>(?:#+|//+|\*|--|>|;)?)[ \t]*+(?!\r?\n))"

_FILLER = (
    r"v|version|release|chart|helm chart|cd|is|are|at|on|to|in|the|its|it's|now|currently|still"
    r"|pinned|pinning|set|stays|stay|fixed|locked|today|presently|already|tag|kept|held"
    r"|has(?=[^\w(]{1,12}(?:today|now|currently|presently))"
)

_GAP = rf"(?:{_SPACE}|[`*_\"'()\[\]:=@,]|(?<![\w])(?:{_FILLER})(?![\w-])){{0,24}}?"
_BESIDE = lazy_pattern(rf"(?P<gap>{_GAP})(?<![\w.+/-]){_VERSION}", re.IGNORECASE)

_BEFORE = lazy_pattern(
    rf"(?<![\w.+/-]){_VERSION}[`*_]{{0,3}}{_SPACE}of{_SPACE}(?:(?:the|our){_SPACE})?[`*_\"']{{0,3}}\Z",
    re.IGNORECASE,
)

_AHEAD = 120
"""How many characters behind a name are searched for its version."""

_BACK = 60
"""How many characters before a name are searched for its version."""

NUMBER = lazy_pattern(r"[0-9]\.[0-9]")
"""Matches in each version, and in few texts beside a name."""


def is_near(numbers: list[int], start: int, end: int) -> bool:
    """Whether one of the offsets of numbers is near enough to a name to be its version."""
    nearest = bisect_left(numbers, start - _BACK)
    return nearest < len(numbers) and numbers[nearest] < end + _AHEAD


def named_in(lower: str, names: Iterable[str]) -> Iterator[tuple[str, int]]:
    """Yield each name that is a word of a text, with its offset; both are in lower case."""
    for name in names:
        start = lower.find(name)
        while start >= 0:
            end = start + len(name)
            if not _part_of_a_word(lower[start - 1 : start], lower[end : end + 1]):
                yield name, start
            start = lower.find(name, end)


def _part_of_a_word(before: str, behind: str) -> bool:
    return before.isalnum() or behind.isalnum() or before in _JOINS or behind in _JOINS


_JOINS = frozenset("_-")
"""Characters beside a name that make it a part of a longer one."""


def version_beside(text: str, name: str, start: int) -> tuple[str, int, str] | None:
    """Return the version beside a name, its offset, and the text between; None without one."""
    end = start + len(name)
    found, offset, gap = _BESIDE.match(text[end : end + _AHEAD]), end, ""
    if found:
        gap = found["gap"].lower()
    else:
        offset = max(0, start - _BACK)
        before = text[offset:start]
        found = _BEFORE.search(before) if "of" in before.lower() else None
    if not found:
        return None
    group = "full" if found["full"] else "line"
    return found[group], offset + found.start(group), gap
