"""Computes the next version of a team's own chart, after a change to the chart. Pure."""

from __future__ import annotations

from typing import Literal

from semver import Version

from fluxbump.text.patterns import lazy_pattern

Level = Literal["patch", "minor", "major", "none"]
"""Which part of an own chart's version a bump increases; `none` if fluxbump must not change it."""

_COUNTED = lazy_pattern(r"(?P<word>alpha|beta|rc|pre|preview|dev|a|b)?(?P<count>[0-9]{1,9})")
"""Matches a prerelease identifier that counts: a number, or one of these words and a number.

Other identifiers that end in digits, such as the hash of a commit, do not count anything.
"""


def raised(version: Version, level: Level) -> Version:
    """Return the next version at `level`.

    A prerelease stays a prerelease, and `+build` stays. At `none` the version does not change.

    At `patch`, the count in the last identifier of a prerelease increases (`1.0.0-rc.4` to
    `1.0.0-rc.5`). Without a count, the patch part increases and the identifiers stay (`0.0.55-beta`
    to `0.0.56-beta`). At `minor` and `major` that part increases, and the count starts again.
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
    """Return the version with the next count of its prerelease; None if that is not possible.

    It is not if there is no count, or if the result would not be newer: Semantic Versioning
    compares identifiers with letters as texts, so `rc10` is older than `rc9`.
    """
    before, dot, last = (version.prerelease or "").rpartition(".")
    match = _COUNTED.fullmatch(last)
    if match is None:
        return None
    count = str(int(match["count"]) + 1).zfill(len(match["count"]) if match["word"] else 0)
    after = version.replace(prerelease=f"{before}{dot}{match['word'] or ''}{count}")
    return after if after > version else None


def _from_the_start(prerelease: str) -> str:
    """Return a prerelease with its count set back to 1; a count of 0 stays."""
    before, dot, last = prerelease.rpartition(".")
    match = _COUNTED.fullmatch(last)
    if match is None:
        return prerelease
    first = str(min(int(match["count"]), 1)).zfill(len(match["count"]) if match["word"] else 0)
    return f"{before}{dot}{match['word'] or ''}{first}"
