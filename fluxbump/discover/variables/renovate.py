"""Finds versions by the comments that Renovate reads: `# renovate: datasource=… depName=…`. Pure.

Such a comment is called a remark here. The version is on the line of the remark, or below it.
Syntax: docs.renovatebot.com, "customManagers".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from fluxbump.text import versions
from fluxbump.text.live_code import TextFile

_NEXT = 3
"""How many lines below a remark are searched for its version; comments in between are passed."""

IsActedOn = Callable[[TextFile, int], bool]
"""Returns whether a version at an offset of a file counts, because it is in use there."""


def told(
    file: TextFile, named: re.Pattern[str], sources: Iterable[str], is_acted_on: IsActedOn
) -> Iterator[tuple[str, re.Match[str]]]:
    """Yield the line of each remark together with the version that it is about.

    Args:
        file: the file to search.
        named: matches the dependency's name in the remark.
        sources: Renovate's data sources, of which the remark must name one.
        is_acted_on: returns whether a version at an offset counts.
    """
    if "datasource=" not in file.text:
        return
    end = -1
    for match in named.finditer(file.text):
        if match.start() < end:
            continue  # the same line again: it is about one version
        start, end = file.line_span(match.start())
        remark = file.text[start:end]
        source = any(f"datasource={source}" in remark for source in sources)
        if source and file.in_comment(match.start()):
            on = _version_on(file, start, end, is_acted_on)
            place = on or _version_below(file, end, is_acted_on)
            if place is not None:
                yield remark, place


def is_told(file: TextFile, offset: int) -> bool:
    """Whether a remark for Renovate is on the line of the version at `offset`, or closely above."""
    start, end = file.line_span(offset)
    for _ in range(_NEXT):
        start, _ = file.line_span(max(0, start - 1))
    return "datasource=" in file.text[start:end]


def _version_on(
    file: TextFile, start: int, end: int, is_acted_on: IsActedOn
) -> re.Match[str] | None:
    """Return the version on a line; None unless the line has exactly one version that counts."""
    found = versions.IN_TEXT.finditer(file.text, start, end)
    live = [match for match in found if is_acted_on(file, match.start("version"))]
    whole = len(live) == 1 and file.text[live[0].end() : live[0].end() + 1] != "@"
    return live[0] if whole else None  # a digest behind a tag would stay


def _version_below(file: TextFile, end: int, is_acted_on: IsActedOn) -> re.Match[str] | None:
    for _ in range(_NEXT):
        start = file.text.find("\n", end) + 1
        if start == 0:
            return None
        start, end = file.line_span(start)
        line = file.text[start:end]
        first = start + len(line) - len(line.lstrip())
        if line.strip() and not file.in_comment(first):
            return _version_on(file, start, end, is_acted_on)
    return None
