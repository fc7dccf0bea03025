"""Remarks by which Renovate knows what a version is of: `# renovate: datasource=… depName=…`. Pure.

Syntax: docs.renovatebot.com, "customManagers". The version is on the line of the remark, or below.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from fluxbump.text import versions
from fluxbump.text.live_code import TextFile

_NEXT = 3
"""Lines below a remark that belong to it, if they are remarks too."""

IsActedOn = Callable[[TextFile, int], bool]
"""Whether something acts on what stands at a place of a file."""


def told(
    file: TextFile, named: re.Pattern[str], sources: Iterable[str], is_acted_on: IsActedOn
) -> Iterator[tuple[str, re.Match[str]]]:
    """Yield the line of each remark, and the version that it is about.

    Args:
        file: to search.
        named: matches what the remark calls the version's owner.
        sources: data sources of which the remark must name one.
        is_acted_on: which versions count.
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
    """Whether a remark may be about the version at `offset`."""
    start, end = file.line_span(offset)
    for _ in range(_NEXT):
        start, _ = file.line_span(max(0, start - 1))
    return "datasource=" in file.text[start:end]


def _version_on(
    file: TextFile, start: int, end: int, is_acted_on: IsActedOn
) -> re.Match[str] | None:
    """Return the one version on a line that something acts on."""
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
