"""Version texts: what is a full version, how one is raised. Pure.

Versions follow Semantic Versioning 2.0.0. A leading `v` is a spelling, not part of the version.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from functools import lru_cache
from typing import Literal

from semver import Version

from fluxbump.text.patterns import lazy_pattern

Level = Literal["patch", "minor", "major", "none"]
"""How the version of an own chart is raised; `none` where that is not fluxbump's to do."""

# Nine digits: more than any version has, and few enough that no number needs care.
_NUMBER = r"(?:0|[1-9][0-9]{0,8})"
_CORE = rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}"
_PRERELEASE = rf"(?:[0-9]*[A-Za-z-][0-9A-Za-z-]*|{_NUMBER})"
_SUFFIX = rf"(?:-{_PRERELEASE}(?:\.{_PRERELEASE})*)?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"

FULL = lazy_pattern(_CORE + _SUFFIX)
"""A full version, without a leading `v`."""

_BEFORE, _BEHIND = r"(?<![\w.+])v?", r"(?![\w+]|\.[0-9]|-\w)"

IN_TEXT = lazy_pattern(rf"{_BEFORE}(?P<version>{_CORE}{_SUFFIX}){_BEHIND}")
"""A full version in running text; a final full stop is not part of it."""


_INSIDE = lazy_pattern(r"[\w.+]")
_GOES_ON = lazy_pattern(r"[\w+]|\.[0-9]|-\w")


def _stands_alone(text: str, start: int) -> bool:
    """Whether a version may start here: nothing before it belongs to it, but a `v`."""
    if text[start - 1 : start] == "v":
        start -= 1
    return start == 0 or _INSIDE.match(text, start - 1) is None


def occurrences(text: str, values: Collection[str]) -> Iterator[tuple[int, str]]:
    """Yield what `IN_TEXT` matches, for these versions alone: where each stands, and which.

    A string search finds the few places in a large text much sooner than a pattern does.
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
    """Parse a version once: a repository names the same few again and again."""
    return Version.parse(text)


_COUNTED = lazy_pattern(r"(?P<word>alpha|beta|rc|pre|preview|dev|a|b)?(?P<count>[0-9]{1,9})")
"""An identifier that counts prereleases: a number, or a word that names one with a number behind.

Other words that end in digits, such as a commit's name, count nothing.
"""


def raised(version: Version, level: Level) -> Version:
    """Return the next version at `level`; what is a prerelease stays one, and `+build` stays.

    `none` leaves it as it is.

    At `patch`, the count in the last identifier of a prerelease is raised (`1.0.0-rc.4` to
    `1.0.0-rc.5`). Without a count, the patch of the core is raised and the identifiers stay
    (`0.0.55-beta` to `0.0.56-beta`). `minor` and `major` raise the core; the count starts again.
    """
    if level == "none":
        return version
    core = version.finalize_version()
    if version.prerelease is None:
        return core.next_version(level).replace(build=version.build)
    counted = _counted(version) if level == "patch" else None
    if counted is not None:
        return counted
    parts = core.bump_patch() if level == "patch" else core.next_version(level)
    prerelease = version.prerelease if level == "patch" else _from_the_start(version.prerelease)
    return parts.replace(prerelease=prerelease, build=version.build)


def _counted(version: Version) -> Version | None:
    """Raise the count of a prerelease; None if there is none, or if `rc10` would sort below `rc9`.

    Semantic Versioning compares identifiers with letters as texts.
    """
    before, dot, last = (version.prerelease or "").rpartition(".")
    match = _COUNTED.fullmatch(last)
    if match is None:
        return None
    count = str(int(match["count"]) + 1).zfill(len(match["count"]) if match["word"] else 0)
    after = version.replace(prerelease=f"{before}{dot}{match['word'] or ''}{count}")
    return after if after > version else None


def _from_the_start(prerelease: str) -> str:
    """Set the count of a prerelease back to 1, or to 0 where it is 0."""
    before, dot, last = prerelease.rpartition(".")
    match = _COUNTED.fullmatch(last)
    if match is None:
        return prerelease
    first = str(min(int(match["count"]), 1)).zfill(len(match["count"]) if match["word"] else 0)
    return f"{before}{dot}{match['word'] or ''}{first}"


def minor(version: str) -> tuple[int, int] | None:
    """Return a Kubernetes version's major and minor; None when there is none."""
    match = re.match(r"v?([0-9]{1,4})\.([0-9]{1,4})(?![0-9])", version)
    return (int(match[1]), int(match[2])) if match else None
