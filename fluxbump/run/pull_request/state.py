"""Writes and reads the state that a run keeps in the body of its pull request. Pure.

The state is one line of JSON: in an HTML comment, or in a code block if the forge shows comments.
A person who can edit the body can write anything there, so it is read as untrusted input.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict, replace

from fluxbump.forges.forge import Capabilities
from fluxbump.text import versions
from fluxbump.text.patterns import lazy_pattern

SCHEMA = 1
PUSHED = "pushed"
"""The word in `told` after the comment that another person pushed to the branch."""

CLOSED = "closed"
"""The word in `told` of a pull request that a run closed, written by the call that closes it."""

DECLINED = "declined"
"""The word in `told` after the comment that answers a person's close."""

AUTO_MERGE = "auto-merge"
"""The word in `told` after the forge was asked to merge, even if the forge refused."""

NO_CHART = "none"
"""The word in `chart_version` if no chart is pinned."""

MAX_LENGTH = 2_000
"""The most characters of the block, with the lines around it."""

_MARKER = "fluxbump:state"
_BLOCK = lazy_pattern(
    rf"\n{{0,8}}(?:<!-- {_MARKER} (?P<hidden>\{{[^\r\n]*\}}) -->"
    rf"|```\r?\n{_MARKER} (?P<shown>\{{[^\r\n]*\}})\r?\n```)[ \t\r\n]*"
)
_SHA = lazy_pattern(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_DIGEST = lazy_pattern(r"[0-9a-f]{64}")
_WORD = lazy_pattern(r"[a-z][a-z0-9.-]{0,39}")
_MOST_TOLD = 16
_LONGEST = 64


class SavedState(Struct, frozen=True):
    """The state of a pull request of ours.

    Attributes:
        release: the release that the pull request moves to.
        chart_version: the chart version that ships it, or `NO_CHART` if no chart is pinned.
        base: the id of the commit on which the bump was computed.
        head: the id of the commit that a run pushed.
        tree: the id of the tree of `head`.
        patch: the sha256 of the patch from `base` to `head`, hexadecimal.
        digest: the sha256 of title and body, hexadecimal, as `body.digest` computes it.
        told: the words for what was said or done already, such as `PUSHED`.
        superseded_by: the release in favor of which a run closed the pull request. None if no run
            closed it.
        pushing: the id of the commit that a run was about to push over `head`. None if that push
            was completed.
    """

    release: str
    chart_version: str
    base: str
    head: str
    tree: str
    patch: str
    digest: str
    told: tuple[str, ...] = ()
    superseded_by: str | None = None
    pushing: str | None = None

    def records(self, sha: str) -> bool:
        """Whether a commit is the one that a run pushed, or was about to push."""
        return sha in (self.head, self.pushing)

    @property
    def reopened(self) -> bool:
        """Whether a person opened the pull request again, given that it is open."""
        return CLOSED in self.told or DECLINED in self.told

    def having_told(self, mark: str) -> SavedState:
        """Return the state with one more word in `told`."""
        return replace(self, told=(*self.told, mark))

    def render(self, *, hidden: bool = True) -> str:
        """Return the state as the block that goes to the end of a body.

        Args:
            hidden: whether the forge keeps HTML comments and does not show them.
        """
        said = asdict(self)
        if self.pushing is None:
            del said["pushing"]
        text = json.dumps({"schema": SCHEMA, **said}, sort_keys=True)
        # JSON can escape any character in ASCII, so no value ends the comment or makes a mention.
        safe = re.sub(r"[<>&@#`]|(?<=-)-", lambda m: f"\\u{ord(m[0]):04x}", text)
        return f"<!-- {_MARKER} {safe} -->" if hidden else f"```\n{_MARKER} {safe}\n```"

    @staticmethod
    def parse(body: str) -> SavedState | None:
        """Read the state from a body. None if the block is missing, invalid, or appears twice."""
        found = list(_BLOCK.finditer(body))
        if len(found) != 1 or body.count(_MARKER) != 1:
            return None
        text = found[0]["hidden"] or found[0]["shown"]
        try:
            content = json.loads(text) if len(text) <= MAX_LENGTH else None
        except (ValueError, RecursionError):
            return None
        return _state(content) if isinstance(content, dict) else None


def attach(text: str, state: SavedState, *, hidden: bool = True) -> str:
    """Return a text with this state at its end, in place of any other state."""
    return f"{without(text).rstrip()}\n\n{state.render(hidden=hidden)}\n"


def attach_below(first: str, body: str, state: SavedState, can: Capabilities) -> str:
    """Return a body with a state at its end, and a text before it if the forge has room for both.

    Args:
        first: the text. It is not added again if the body begins with it.
        body: the body so far.
        state: the state to attach.
        can: the capabilities of the forge, with its limit of characters.
    """
    more = [f"{first}\n\n{body}"] if first and not body.startswith(first) else []
    bodies = [attach(text, state, hidden=can.hidden) for text in [*more, body]]
    return next((fitting for fitting in bodies if len(fitting) <= can.body_limit), bodies[-1])


def without(body: str) -> str:
    """Return a body without the state."""
    return _BLOCK.sub("\n\n", body).strip()


def _state(content: Mapping[str, Any]) -> SavedState | None:
    told, superseded_by = content.get("told"), content.get("superseded_by")
    if content.get("schema") != SCHEMA or not isinstance(told, list):
        return None
    if len(told) > _MOST_TOLD or not all(_is(_WORD, mark) for mark in told):
        return None
    if superseded_by is not None and not _is(versions.FULL, superseded_by):
        return None
    pushing = content.get("pushing")
    if pushing is not None and not _is(_SHA, pushing):
        return None
    texts: dict[str, str] = {}
    for name, shape in _SHAPES.items():
        text = content.get(name)
        if not isinstance(text, str) or not _is(shape, text):
            return None
        texts[name] = text
    return SavedState(**texts, told=tuple(told), superseded_by=superseded_by, pushing=pushing)


_SHAPES = {
    "release": versions.FULL,
    "chart_version": lazy_pattern(f"{NO_CHART}|{versions.FULL.pattern}"),
    "base": _SHA,
    "head": _SHA,
    "tree": _SHA,
    "patch": _DIGEST,
    "digest": _DIGEST,
}


def _is(shape: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and len(value) <= _LONGEST and shape.fullmatch(value) is not None
