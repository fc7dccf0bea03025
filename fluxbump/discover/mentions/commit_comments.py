"""Reads comments that name the release of a commit: `uses: …@8b2f… # v2.5.1`. Pure."""

from __future__ import annotations

import re

from fluxbump.text import versions
from fluxbump.text.patterns import lazy_pattern

_COMMENT = lazy_pattern(r"[\"']?[ \t]+(?P<comment>#[^\r\n]*)")


def release_behind(text: str, end: int) -> re.Match[str] | None:
    """Return the release that a comment behind a commit names, as the group `version`.

    Args:
        text: the text of the file.
        end: the offset behind the commit.
    """
    comment = _COMMENT.match(text, end)
    return (
        versions.IN_TEXT.search(text, comment.start("comment"), comment.end()) if comment else None
    )
