"""Recognizes paths of files in the repository that look like URLs without a scheme. Pure.

`kustomize localize` copies what a kustomization names into `localized-files/HOST/…`, and other
tools vendor files in the same way. Such a path names the release that was copied, and an edit of it
would name a file that is not there.
"""

from __future__ import annotations

from fluxbump.text.patterns import lazy_pattern

LOCAL = "a path of this repository"
"""What such a text is called in reports."""

_LONG = 200  # characters before a URL that are read
_BEFORE = lazy_pattern(
    r"(?<![\w./~${}@:-])(?!localhost/)(?:\.{1,2}/)*(?:\.?[\w-]+/)(?:[\w.-]+/)*\Z"
)


def is_local(text: str, start: int) -> bool:
    """Whether a text that looks like a URL is the end of a path in the repository.

    Its first folder has no dot, so it is no host. A path that begins with `/` or with a variable
    may be anything.

    Args:
        text: the text of the file.
        start: the offset of the URL, or of a part of it.
    """
    return _BEFORE.search(text, max(0, start - _LONG), start) is not None
