"""What the source of a program says of a release in a URL, and what is not certain of it. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection

from fluxbump.text import versions
from fluxbump.text.live_code import TextFile
from fluxbump.text.patterns import lazy_pattern

_NEAR = 500  # characters in front of a place, in which the call around it begins

_COMPARES = lazy_pattern(
    r"(?:regexp?\w*|re|pattern|matcher)(?:\.|::)\w+$|regexp?$|"
    r"(?:contains?|includes?|prefix|suffix|starts_?with|ends_?with|match\w*|search|find|index_?of|"
    r"replace\w*|sub|subn|split|test|equals?|expect|assert\w*)!?$",
    re.IGNORECASE,
)
_EQUALS = lazy_pattern(r"[=!]==?\s*[@bfr]?[\"'`][^\"'`]*$|\bcase\s+[\"'`][^\"'`]*$")
_BEGINS = lazy_pattern(r"[^\s\"'`]*\Z")
# A string that is the URL; a command, an item of a YAML list, or a key in a longer one.
_USES = lazy_pattern(
    r"[\"'`]\Z|\b(?:kubectl|curl|wget|apply|http|fetch|download)\b[^\n]*\Z|(?:^|\n)\s*-\s+\Z|"
    r"\b(?:url|source|manifest|file|location|remote)\w*[\"']?\s*[:=]\s*\Z",
    re.IGNORECASE,
)


def releases(file: TextFile, pattern: re.Pattern[str]) -> frozenset[str]:
    """Return what the group `tag` of a URL's pattern holds in the code of a program."""
    matches = pattern.finditer(file.text) if file.is_program else ()
    return frozenset(one["tag"] for one in matches if one["tag"] and file.is_code(one.start()))


def doubt(file: TextFile, offset: int, tag: str, others: Collection[str]) -> str | None:
    """Say why a URL in a program's code is not certainly what the program installs; None if it is.

    Args:
        file: the program's source.
        offset: of the URL, or of a part of it.
        tag: that it holds.
        others: the tags of all such URLs of the file.
    """
    if not versions.FULL.fullmatch(tag.removeprefix("v")):
        return f"a program makes the URL of a release here, {tag}"
    if is_compared(file, offset):
        return f"a program looks for this URL, {tag}"
    if not _USES.search(_before(file, offset)):
        return f"a text in a program names this URL, {tag}"
    if tag.removeprefix("v") in file.text[file.line_span(offset)[0] : offset]:
        return f"a table in a program names this URL, by its version {tag}"
    if len(others) > 1:
        return f"a program names {len(others)} releases in this file, one of them {tag}"
    return None


def _before(file: TextFile, offset: int) -> str:
    """What stands in front of the URL."""
    before = file.text[max(0, offset - _NEAR) : offset]
    begin = _BEGINS.search(before)
    return before[: begin.start()] if begin else before


def is_compared(file: TextFile, offset: int) -> bool:
    """Whether the text at `offset` is what a program looks for in other text, or compares with."""
    before = file.text[max(0, offset - _NEAR) : offset]
    line = before.rpartition("\n")[2]
    if _EQUALS.search(line):
        return True
    depth = 0
    for position in range(len(before) - 1, -1, -1):
        if before[position] in "([{" and depth == 0:
            name = re.search(r"[\w.:!]*\Z", before[:position])
            return before[position] == "(" and bool(name and _COMPARES.search(name.group()))
        depth += (before[position] in ")]}") - (before[position] in "([{")
    return False
