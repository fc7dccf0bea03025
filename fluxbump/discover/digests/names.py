"""Names of variables and keys that hold versions, URLs and digests: which go together. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from fluxbump.text.patterns import lazy_pattern

_WHAT = r"sha[_-]?(?:256|512)?[_-]?(?:sums?)?|check[_-]?sums?|hash|digest|integrity|sum"
_END = lazy_pattern(rf"(?:[_.-]?(?:{_WHAT}))+s?\Z", re.IGNORECASE)
NAMED = lazy_pattern(
    r"""(?P<name>[\w.-]{1,120})["']?\]?\s{0,80}(?::[=-]|\?=|[:=])\s*["']?(?:sha(?:256|512)[:-])?\Z"""
)
"""What stands in front of a value: its key or variable."""
BLOCK = lazy_pattern(r"""\bvariable\s+"(?P<name>[\w-]+)"\s*\{[^{}]*\Z""")
"""What stands in front of the default of a variable of Terraform."""
SETS = lazy_pattern(
    r"""(?<![\w.-])(?P<stem>[A-Za-z][\w.-]*?)[_.-]?
    (?:[Vv]ersion|VERSION|[Uu]rl|URL|[Uu]ri|URI|[Rr]elease|RELEASE|[Tt]ag|TAG|[Vv]er|VER)
    ["']?\]?\s*(?::=|\?=|[:=]|(?P<block>\{))""",
    re.VERBOSE,
)
"""What gives a version or a URL to a name; the stem is what is the same in that of its digest."""
_WORD = lazy_pattern(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def stem(name: str) -> str:
    """Take from a name what says that it holds a digest."""
    return _END.sub("", name)


def words_of(name: str) -> tuple[str, ...]:
    """Return the words of a name in any case, in lower case."""
    return tuple(word.lower() for word in _WORD.findall(name))


def shared(words: Sequence[str], others: Sequence[str]) -> int:
    """Count the words of the shorter name, if the longer one begins with it."""
    least = min(len(words), len(others))
    return least if words[:least] == others[:least] else 0


def uses(name: str) -> re.Pattern[str]:
    """Match where a variable is used, and not set."""
    set_there = r"\s*(?::=|\?=|=(?!=)|:\s)"
    return re.compile(rf"(?<![\w-])(?P<name>{re.escape(name)})(?![\w-])(?!{set_there})")
