"""Writes and reads the checkboxes in our texts, by which people steer the next run. Pure.

A person who can edit the text can tick a box, and write anything else there. So a line counts only
if it is ours to the character, and if it appears once. Foreign text cannot make such a line,
because `markdown` puts a gap into our marks in it.

If a forge hides HTML comments, a comment holds the mark. On other forges it is part of the line.
GitHub, GitLab, Gitea, and Forgejo draw such a line as a box to click. On Bitbucket it is text, and
a person writes the `x`. On Azure DevOps a person does so too, because some pages draw no box.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from enum import StrEnum

from msgspec import Struct

from fluxbump.text.patterns import lazy_pattern


class Box(StrEnum):
    """The wishes that a person can express with a box."""

    REBUILD = "rebuild"
    """Build the branch again, even if other people have pushed to it."""
    HOLD = "hold"
    """Do not change the pull request and its branch."""
    REOPEN = "reopen"
    """Open a pull request for the release again, after a close."""


class Ticked(Struct, frozen=True):
    """A box that a person has ticked.

    Attributes:
        box: the meaning of the box.
        release: the release that the box is about. Empty for the release of the pull request that
            has the box.
    """

    box: Box
    release: str = ""


_BOX = "|".join(Box)
_MARK = rf"fluxbump:(?P<box>{_BOX})(?:=(?P<release>[0-9A-Za-z.+-]{{1,64}}))?"
_LINE = lazy_pattern(
    rf"^- \[(?P<tick>[ xX])\] (?:<!-- {_MARK} -->|{_MARK.replace('?P<', '?P<shown_')}(?=: ))",
    re.MULTILINE,
)


def line(box: Box, text: str, *, hidden: bool, release: str = "", ticked: bool = False) -> str:
    """Return the line of a checkbox.

    Args:
        box: the meaning of the box.
        text: the words for the reader, one line.
        hidden: whether the forge keeps HTML comments and does not show them.
        release: the release that the box is about. Empty for that of the pull request.
        ticked: whether the box is ticked.
    """
    mark = f"fluxbump:{box}{f'={release}' if release else ''}"
    tick = "x" if ticked else " "
    return f"- [{tick}] <!-- {mark} --> {text}" if hidden else f"- [{tick}] {mark}: {text}"


def asked(text: str) -> frozenset[Ticked]:
    """Return the ticked boxes of a text. A box that appears twice does not count."""
    found = list(_boxes(text))
    boxes = [box for _, box in found]
    return frozenset(box for tick, box in found if tick != " " and boxes.count(box) == 1)


def cleared(text: str, boxes: Collection[Box]) -> str:
    """Return the text with these boxes cleared, and nothing else changed."""

    def clear(match: re.Match[str]) -> str:
        return (
            re.sub(r"\[[xX]\]", "[ ]", match[0], count=1) if _of(match).box in boxes else match[0]
        )

    return _LINE.sub(clear, text)


def _boxes(text: str) -> Iterable[tuple[str, Ticked]]:
    return ((match["tick"], _of(match)) for match in _LINE.finditer(text))


def _of(match: re.Match[str]) -> Ticked:
    box = match["box"] or match["shown_box"]
    return Ticked(Box(box), match["release"] or match["shown_release"] or "")
