"""Tells whether a program certainly installs the release in a URL of its source code. Pure."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping

from fluxbump.text import versions
from fluxbump.text.live_code import TextFile
from fluxbump.text.patterns import lazy_pattern

_ENDS_URL = frozenset(" \t\r\n\v\f\"'`")
_NEAR = 500  # characters in front of a place, in which the call around it begins

_COMPARES = lazy_pattern(
    r"(?:regexp?\w*|re|pattern|matcher)(?:\.|::)\w+$|regexp?$|"
    r"(?:contains?|includes?|prefix|suffix|starts_?with|ends_?with|match\w*|search|find|index_?of|"
    r"replace\w*|sub|subn|split|test|equals?|expect|assert\w*)!?$",
    re.IGNORECASE,
)
_EQUALS = lazy_pattern(r"[=!]==?\s*[@bfr]?[\"'`][^\"'`]*$|\bcase\s+[\"'`][^\"'`]*$")
# A string that is the URL; a command, an item of a YAML list, or a key in a longer one.
_ITEM = lazy_pattern(r"\s*-\s+")
_COMMAND = lazy_pattern(r"\b(?:kubectl|curl|wget|apply|http|fetch|download)\b", re.IGNORECASE)
_KEY = lazy_pattern(
    r"\b(?:url|source|manifest|file|location|remote)\w*[\"']?\s*[:=]\s*\Z", re.IGNORECASE
)
_VERSION = lazy_pattern(r"(?<![\w.])v?[0-9]+\.[0-9]+\.[0-9]")


def doubts(file: TextFile, pattern: re.Pattern[str]) -> Mapping[int, str | None]:
    """Return for each URL in a program the reason to doubt that the program installs its release.

    A doubt does not depend on the release in the URL, and the URLs of a file are bumped together or
    not at all. So a bump does not change which of them are pins.

    Args:
        file: the program's source; any other file has an empty result.
        pattern: matches a URL; its group `tag` is the release, and has no match for the latest.

    Returns:
        The doubt by the offset of each URL; None for a URL without a doubt.
    """
    if not file.is_program:
        return {}
    every = list(pattern.finditer(file.text))
    urls = [match for match in every if file.is_code(match.start())]
    versions_beside = _versions_outside(file.text, every)
    own = {match.start(): _own_doubt(file, match, versions_beside) for match in urls}
    tags = {match["tag"] for match in urls if match["tag"]}
    odd = next((match for match in urls if match["tag"] and own[match.start()]), None)
    shared: str | None = None
    if len(tags) > 1:
        shared = f"a program names {len(tags)} releases in this file, one of them {{}}"
    elif odd is not None:
        line = file.location(odd.start()).line
        shared = f"a program also has this URL in line {line}, which may only name it, {{}}"
    return {
        match.start(): own[match.start()] or (shared and shared.format(match["tag"]))
        for match in urls
    }


def _own_doubt(file: TextFile, match: re.Match[str], versions_beside: list[int]) -> str | None:
    """Return the doubt about one URL, without the other URLs of the file; None without one."""
    offset, tag = match.start(), match["tag"] or "latest"
    if not versions.FULL.fullmatch(tag.removeprefix("v")):
        return f"a program builds the URL of release {tag}"
    if is_compared(file, offset):
        return f"a program searches for this URL of {tag}"
    if not _is_used(_before(file, offset)):
        return f"a string in a program names this URL of {tag}"
    beside = bisect_left(versions_beside, file.line_span(offset)[0])
    if beside < bisect_left(versions_beside, offset):
        return f"a table in a program names this URL of {tag}"
    return None


def _versions_outside(text: str, urls: Iterable[re.Match[str]]) -> list[int]:
    """Return the offsets of versions outside of the URLs, in order."""
    found, ends = list[int](), iter([*(match.span() for match in urls), (len(text), len(text))])
    start, end = next(ends)
    for version in _VERSION.finditer(text):
        while version.start() >= end:
            start, end = next(ends)
        if version.start() < start:
            found.append(version.start())
    return found


def _is_used(before: str) -> bool:
    """Whether the text before a URL shows that the program uses the URL."""
    line = before.rpartition("\n")[2]
    return bool(
        before.endswith(('"', "'", "`"))
        or _COMMAND.search(line)
        or _ITEM.fullmatch(line)
        or _KEY.search(before)
    )


def _before(file: TextFile, offset: int) -> str:
    """Return the text before a URL, whose host may be before the offset."""
    begin, least = offset, max(0, offset - _NEAR)
    while begin > least and file.text[begin - 1] not in _ENDS_URL:
        begin -= 1
    return file.text[least:begin]


def is_compared(file: TextFile, offset: int) -> bool:
    """Whether a program searches for the text at `offset`, or compares another text with it."""
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
