"""Parse the output of `git ls-remote --tags` into Flux releases and their commits. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from semver import Version

from fluxbump.text import versions
from fluxbump.text.patterns import lazy_pattern

_LINE = lazy_pattern(
    r"(?P<object>[0-9a-f]{40}(?:[0-9a-f]{24})?)\trefs/tags/(?P<tag>v[^\s^]+)(?P<peeled>\^\{\})?"
)


def parse(listed: str) -> tuple[Version, ...]:
    """Return the releases in the output of `git ls-remote --tags`, the newest first.

    Releases are tags such as `v2.5.1`; prereleases, `v2.0.0-rc.1`, are among them. Other tags and
    other lines are passed over.
    """
    return tuple(sorted({version for version, _ in _lines(listed)}, reverse=True))


def commits(listed: str) -> Mapping[str, str]:
    """Return the commit of each release in that output, by release without a leading `v`.

    A tag with a message is an object of its own; git lists the commit behind it with `^{}`
    (git-ls-remote(1), `--refs`).
    """
    found: dict[str, str] = {}
    for version, line in _lines(listed):
        if line["peeled"] or str(version) not in found:
            found[str(version)] = line["object"]
    return found


def _lines(listed: str) -> Iterator[tuple[Version, re.Match[str]]]:
    for line in map(_LINE.fullmatch, listed.splitlines()):
        version = versions.parse(line["tag"]) if line else None
        if line is not None and version is not None:
            yield version, line
