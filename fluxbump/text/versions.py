"""Parses full versions, and finds them in texts. Pure.

Versions follow Semantic Versioning 2.0.0. A leading `v` is a spelling, not part of the version.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from functools import lru_cache

from semver import Version

from fluxbump.text.patterns import lazy_pattern

# Nine digits: more than any version has, and few enough that no number needs care.
_NUMBER = r"(?:0|[1-9][0-9]{0,8})"
_CORE = rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}"
_PRERELEASE = rf"(?:[0-9]*[A-Za-z-][0-9A-Za-z-]*|{_NUMBER})"
_SUFFIX = rf"(?:-{_PRERELEASE}(?:\.{_PRERELEASE})*)?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"

FULL = lazy_pattern(_CORE + _SUFFIX)
"""Matches a full version, without a leading `v`."""

_BEFORE, _BEHIND = r"(?<![\w.+])v?", r"(?![\w+]|\.[0-9]|-\w)"

IN_TEXT = lazy_pattern(rf"{_BEFORE}(?P<version>{_CORE}{_SUFFIX}){_BEHIND}")
"""Matches a full version in running text. A full stop behind it is not part of the match."""


_INSIDE = lazy_pattern(r"[\w.+]")
_GOES_ON = lazy_pattern(r"[\w+]|\.[0-9]|-\w")


def _stands_alone(text: str, start: int) -> bool:
    """Whether a version may start at an offset, with nothing but a `v` directly before it."""
    if text[start - 1 : start] == "v":
        start -= 1
    return start == 0 or _INSIDE.match(text, start - 1) is None


def occurrences(text: str, values: Collection[str]) -> Iterator[tuple[int, str]]:
    """Yield the offset of each match of `IN_TEXT` that is one of `values`, with the version.

    The search for fixed texts is much faster in a large text than the pattern.
    """
    places: dict[int, str] = {}
    for value in sorted(values, key=len):  # of two at one place the longer one counts
        start = text.find(value)
        while start >= 0:
            if _stands_alone(text, start) and not _GOES_ON.match(text, start + len(value)):
                places[start] = value
            start = text.find(value, start + 1)
    yield from sorted(places.items())


def parse(text: str) -> Version | None:
    """Parse a full version, with or without a leading `v`; None for anything else."""
    bare = text.removeprefix("v")
    return _parsed(bare) if FULL.fullmatch(bare) else None


@lru_cache(maxsize=1_000)
def _parsed(text: str) -> Version:
    """Parse a version; the result is cached, because a repository has few different versions."""
    return Version.parse(text)


def minor(version: str) -> tuple[int, int] | None:
    """Return the major and minor part of a Kubernetes version; None if the text has none."""
    match = re.match(r"v?([0-9]{1,4})\.([0-9]{1,4})(?![0-9])", version)
    return (int(match[1]), int(match[2])) if match else None
