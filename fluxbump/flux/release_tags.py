"""Which releases of Flux its tags name. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from semver import Version

from fluxbump.text import versions

_LINE = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?\trefs/tags/(?P<tag>v[^\s^]+)(?:\^\{\})?")


def parse(listed: str) -> tuple[Version, ...]:
    """Return the releases in the output of `git ls-remote --tags`, the newest first.

    Releases are tags such as `v2.5.1`; prereleases, `v2.0.0-rc.1`, are among them. Other tags and
    other lines are passed over.
    """
    tags = (line["tag"] for line in map(_LINE.fullmatch, listed.splitlines()) if line)
    return _newest_first(version for version in map(versions.parse, tags) if version)


def _newest_first(found: Iterable[Version]) -> tuple[Version, ...]:
    return tuple(sorted(set(found), reverse=True))
