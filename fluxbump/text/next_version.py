"""The version that comes after one, as it is raised when a chart changes. Pure."""

from __future__ import annotations

from typing import Literal

from semver import Version

from fluxbump.text.patterns import lazy_pattern

Level = Literal["patch", "minor", "major", "none"]
"""How the version of an own chart is raised; `none` where that is not fluxbump's to do."""

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
