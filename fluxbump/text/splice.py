"""Applies edits to texts: each edit replaces one span, and no other character changes. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct


class Edit(Struct, frozen=True):
    """A replacement of `text[start:end]` in one file's decoded text."""

    path: str
    start: int
    end: int
    new: str


def splice(text: str, edits: Iterable[Edit]) -> str:
    """Apply edits to a text.

    Raises:
        AssertionError: two edits overlap, which is a bug of fluxbump and not an error in the input.
    """
    parts, position = [], 0
    for edit in sorted(edits, key=lambda unsorted: (unsorted.start, unsorted.end)):
        if edit.start < position:
            raise AssertionError(f"edits overlap in {edit.path} at offset {edit.start}")
        parts += [text[position : edit.start], edit.new]
        position = edit.end
    return "".join([*parts, text[position:]])


def edited(texts: Mapping[str, str], edits: Iterable[Edit]) -> dict[str, str]:
    """Apply edits to several files, and return the new texts of the edited files by path."""
    by_path: dict[str, list[Edit]] = {}
    for edit in edits:
        by_path.setdefault(edit.path, []).append(edit)
    return {path: splice(texts[path], some) for path, some in by_path.items()}
