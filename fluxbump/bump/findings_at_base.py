"""Moves the findings on the result of a bump to lines of the base. Pure.

A refused bump writes no file, so the user cannot open the lines of its result. Edits replace text
within lines, except for rows of mapping tables and locks, which add lines.
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
"""Maps lines of the result to lines of the base, by path. Has only files with added lines."""


def lines(base: Snapshot, changes: ChangeSet, whole: Collection[str] = ()) -> Lines:
    """Map the lines of a result to the lines of the base that they come from.

    Args:
        base: the files before the changes.
        changes: the files after them.
        whole: the paths of files that are replaced as a whole. Their findings keep their lines.
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
    """Yield each line number of the new text with its line number in the old text."""
    for _, first, last, start, end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        for offset in range(end - start):
            # A line that was added is shown where it was added.
            yield start + offset + 1, min(first + offset, max(last - 1, first)) + 1


def moved(findings: Iterable[Finding], origin: Lines) -> tuple[Finding, ...]:
    """Return the findings with the lines of the base, in their places and in their messages."""

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
