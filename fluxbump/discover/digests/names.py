"""Matches names of variables for digests with those for versions and URLs. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from fluxbump.text.patterns import lazy_pattern

_WHAT = r"sha[_-]?(?:256|512)?[_-]?(?:sums?)?|check[_-]?sums?|hash|digest|integrity|sum"
_END = lazy_pattern(rf"(?:[_.-]?(?:{_WHAT}))+s?\Z", re.IGNORECASE)
NAMED = lazy_pattern(
    r"""(?P<name>[\w.-]{1,120})["']?\]?\s{0,80}(?::[=-]|\?=|[:=])\s*["']?(?:sha(?:256|512)[:-])?\Z"""
)
"""Matches the key or variable directly before a value."""
BLOCK = lazy_pattern(r"""\bvariable\s+"(?P<name>[\w-]+)"\s*\{[^{}]*\Z""")
"""Matches the text before the default of a Terraform variable, from the variable's name on."""
SETS = lazy_pattern(
    r"""(?<![\w.-])(?P<stem>[A-Za-z][\w.-]*?)[_.-]?
    (?:[Vv]ersion|VERSION|[Uu]rl|URL|[Uu]ri|URI|[Rr]elease|RELEASE|[Tt]ag|TAG|[Vv]er|VER)
    ["']?\]?\s*(?::=|\?=|[:=]|(?P<block>\{))""",
    re.VERBOSE,
)
"""Matches the assignment of a version or a URL.

The group `stem` is the part of the name that is the same in the name of its digest.
"""
_WORD = lazy_pattern(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def stem(name: str) -> str:
    """Return a name without the ending that says that it holds a digest."""
    return _END.sub("", name)


def words_of(name: str) -> tuple[str, ...]:
    """Return the words of a name in any case, in lower case."""
    return tuple(word.lower() for word in _WORD.findall(name))


def shared(words: Sequence[str], others: Sequence[str]) -> int:
    """Count the words of the shorter name, if the longer one begins with it."""
    least = min(len(words), len(others))
    return least if words[:least] == others[:least] else 0


def uses(name: str) -> re.Pattern[str]:
    """Return a pattern for the places that use a variable and do not set it."""
    set_there = r"\s*(?::=|\?=|=(?!=)|:\s)"
    return re.compile(rf"(?<![\w-])(?P<name>{re.escape(name)})(?![\w-])(?!{set_there})")
