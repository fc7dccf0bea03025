"""What a pull request of ours says about itself, for the next run to read. Pure.

It is one line of JSON in the body: in an HTML comment, or in a code block where a forge shows
comments. Whoever may edit the body may write anything there, so it is read as outside input.
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
"""What is in `told` when we said that somebody else pushed to the branch."""

CLOSED = "closed"
"""What is in `told` when we closed it, from the moment on that it is closed."""

DECLINED = "declined"
"""What is in `told` when we answered that a person closed it."""

AUTO_MERGE = "auto-merge"
"""What is in `told` when the forge was asked to merge it, whatever came of it."""

NO_CHART = "none"
"""What is in `chart_version` where no place of the chart is pinned."""

MAX_LENGTH = 2_000
"""Characters that the block takes at most, with the lines around it."""

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
        release: that it proposes.
        chart_version: that ships it; `NO_CHART` where no place of the chart is pinned.
        base: the commit that ours stands on.
        head: the commit that we pushed.
        tree: of that commit.
        patch: sha256 of the patch from `base` to `head`, hexadecimal.
        digest: sha256 of what title and body say, hexadecimal; see `body.digest`.
        told: what was said or done already, words such as `PUSHED`.
        superseded_by: the release for whose sake we closed it; None when we did not.
        pushing: the commit that we were about to push over `head`; None when that came to an end.
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
        """Whether the branch is where we left it, or were about to."""
        return sha in (self.head, self.pushing)

    @property
    def reopened(self) -> bool:
        """Whether an open pull request that says this was closed, and a person opened it again."""
        return CLOSED in self.told or DECLINED in self.told

    def having_told(self, mark: str) -> SavedState:
        """Return the same, with one thing more that was said or done."""
        return replace(self, told=(*self.told, mark))

    def render(self, *, hidden: bool = True) -> str:
        """Return the block, to stand at the end of a body.

        Args:
            hidden: the forge keeps HTML comments and does not show them.
        """
        said = asdict(self)
        if self.pushing is None:
            del said["pushing"]
        text = json.dumps({"schema": SCHEMA, **said}, sort_keys=True)
        # JSON may spell any character in ASCII, so that nothing here ends a comment or mentions.
        safe = re.sub(r"[<>&@#`]|(?<=-)-", lambda m: f"\\u{ord(m[0]):04x}", text)
        return f"<!-- {_MARKER} {safe} -->" if hidden else f"```\n{_MARKER} {safe}\n```"

    @staticmethod
    def parse(body: str) -> SavedState | None:
        """Read the block of a body; None when there is none, more than one, or a spoilt one."""
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
    """Return a body with this block, and no other, at its end."""
    return f"{without(text).rstrip()}\n\n{state.render(hidden=hidden)}\n"


def attach_below(first: str, body: str, state: SavedState, can: Capabilities) -> str:
    """Return a body with this block, and with a text before it if the forge has room for both.

    Args:
        first: the text; one that the body begins with already is not said twice.
        body: as it stands.
        state: to be attached.
        can: what the forge can do.
    """
    more = [f"{first}\n\n{body}"] if first and not body.startswith(first) else []
    bodies = [attach(text, state, hidden=can.hidden) for text in [*more, body]]
    return next((fitting for fitting in bodies if len(fitting) <= can.body_limit), bodies[-1])


def without(body: str) -> str:
    """Return a body without any block."""
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
