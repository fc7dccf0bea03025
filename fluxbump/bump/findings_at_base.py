"""Findings about a result, at the lines of the base. Pure.

A bump that is refused leaves nothing behind: the lines of its result are nowhere to be opened.
Edits replace within lines, except rows of mapping tables and locks, which add some.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from difflib import SequenceMatcher

from msgspec.structs import replace

from fluxbump.git.overlay_snapshot import ChangeSet
from fluxbump.model import Finding, Location, Snapshot
from fluxbump.text.live_code import decode

Lines = Mapping[str, Mapping[int, int]]
"""By path, of the files in which lines were added: line of the result to line of the base."""


def lines(base: Snapshot, changes: ChangeSet, whole: Collection[str] = ()) -> Lines:
    """Return where the lines of a result come from.

    Args:
        base: what was changed.
        changes: to it.
        whole: paths of files that another program writes; their pins are where they were.
    """
    known = frozenset(base.paths()) - frozenset(whole)
    edited = {path: data for path, data in changes.files.items() if data and path in known}
    found = {}
    for path, data in edited.items():
        old, new = decode(base.read(path)).split("\n"), decode(data).split("\n")
        if len(old) != len(new):
            found[path] = dict(_matched(old, new))
    return found


def _matched(old: list[str], new: list[str]) -> Iterator[tuple[int, int]]:
    """Yield the line numbers of a text with those of the text that it was made from."""
    for _, first, last, start, end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        for offset in range(end - start):
            # A line that was added is shown where it was added.
            yield start + offset + 1, min(first + offset, max(last - 1, first)) + 1


def moved(findings: Iterable[Finding], origin: Lines) -> tuple[Finding, ...]:
    """Return findings with all places in them mapped, those in their messages too."""

    def at(place: Location) -> Location:
        return replace(place, line=origin.get(place.path, {}).get(place.line, place.line))

    def said(text: str) -> str:
        for path in origin:
            text = _renumbered(text, path, origin[path])
        return text

    return tuple(
        replace(
            finding,
            message=said(finding.message),
            location=at(finding.location),
            related=tuple(
                replace(other, location=at(other.location), message=said(other.message))
                for other in finding.related
            ),
        )
        for finding in findings
    )


def _renumbered(text: str, path: str, numbers: Mapping[int, int]) -> str:
    def number(match: re.Match[str]) -> str:
        return f"{path}:{numbers.get(int(match[1]), match[1])}"

    return re.sub(rf"(?<![\w./-]){re.escape(path)}:(\d+)", number, text)
