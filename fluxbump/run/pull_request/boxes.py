"""The checkboxes in a text of ours, by which people steer the next run. Pure.

Whoever may edit the text may tick a box, and write anything else there. So only a line that is ours
to the character counts, and only if it is there once. Text from outside cannot make one: `markdown`
puts a gap into our marks wherever they come from somewhere else.

Where a forge hides HTML comments, a comment holds the mark; elsewhere it is part of the line.
GitHub, GitLab, Gitea, and Forgejo draw such a line as a box to click. On Bitbucket it is text, and
a person writes the `x`; so it is on Azure DevOps, where some pages draw no box.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from enum import StrEnum

from msgspec import Struct

from fluxbump.text.patterns import lazy_pattern


class Box(StrEnum):
    """What a person can ask for."""

    REBUILD = "rebuild"
    """Make the branch again, whoever has pushed to it."""
    HOLD = "hold"
    """Leave pull request and branch as they are."""
    REOPEN = "reopen"
    """Open a pull request for the release again, after a close."""


class Ticked(Struct, frozen=True):
    """One thing that a person asks for.

    Attributes:
        box: that is ticked.
        release: that it is about; empty for that of the pull request whose text it is.
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
    """Return a checkbox.

    Args:
        box: its meaning.
        text: for people, one line.
        hidden: the forge keeps HTML comments and does not show them.
        release: that it is about; empty for that of the pull request.
        ticked: whether it is ticked.
    """
    mark = f"fluxbump:{box}{f'={release}' if release else ''}"
    tick = "x" if ticked else " "
    return f"- [{tick}] <!-- {mark} --> {text}" if hidden else f"- [{tick}] {mark}: {text}"


def asked(text: str) -> frozenset[Ticked]:
    """Return what the ticked boxes of a text ask for; a box that is there twice does not count."""
    found = list(_boxes(text))
    boxes = [box for _, box in found]
    return frozenset(box for tick, box in found if tick != " " and boxes.count(box) == 1)


def cleared(text: str, boxes: Collection[Box]) -> str:
    """Return a text in which these boxes are not ticked, and all else is as it was."""

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
