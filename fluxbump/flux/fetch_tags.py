"""The tags of Flux's own repository, which say what releases there are; kept for a while.

For repositories that pin no chart, a release exists if it has a tag. A tag costs one question to
the remote, without any object.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace
from semver import Version

from fluxbump.errors import RepositoryError
from fluxbump.flux import parse_tags
from fluxbump.git.network_process import configured
from fluxbump.git.remote import Remote
from fluxbump.git.remote_errors import UnreachableError
from fluxbump.system import cache_file
from fluxbump.text import versions
from fluxbump.text.patterns import lazy_pattern

MAX_AGE = 3600.0
"""Seconds for which the tags are not asked for again."""

_SHA = lazy_pattern(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_TIMEOUT = 30.0  # seconds; the answer has some tens of KiB


class Released(Struct, frozen=True):
    """The releases that had a tag.

    Attributes:
        releases: the newest first.
        source: the repository's URL, without credentials.
        read: when they were read, in seconds since the epoch.
        commits: the commit of each, by release without a leading `v`.
        is_old: the remote cannot be reached, or is not asked, and they are older than allowed; a
            newer release may be missing.
    """

    releases: tuple[Version, ...]
    source: str
    read: float
    commits: Mapping[str, str] = field(default_factory=dict)
    is_old: bool = False


class _Kept(Struct, frozen=True):
    read: float
    releases: tuple[str, ...]
    commits: Mapping[str, str] = field(default_factory=dict)


def parse(data: bytes, source: str) -> Released | None:
    """Read a file of tags that were kept; None if it is damaged, or of somebody else.

    Args:
        data: the file.
        source: the repository's URL, without credentials.
    """
    try:
        kept = msgspec.json.decode(data, type=_Kept)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    found = tuple(version for version in map(versions.parse, kept.releases) if version)
    commits = {
        name: kept.commits[name] for name in kept.commits if _SHA.fullmatch(kept.commits[name])
    }
    return Released(found, source, kept.read, commits) if found else None


class FluxTags:
    """The tags of a repository.

    Args:
        cache_dir: where they are kept; one that cannot be written is no error.
        url: of the repository, as git takes it: a mirror, or a path.
        offline: take what is kept, however old.
        redirects: whether the server may lead to another.
        environ: for git; the process's own if it is None.
        max_age: seconds for which what is kept is taken.
        now: seconds since the epoch.

    Raises:
        UsageError: git has no such URLs.
    """

    def __init__(
        self,
        cache_dir: Path,
        url: str,
        *,
        offline: bool = False,
        redirects: bool = True,
        environ: Mapping[str, str] | None = None,
        max_age: float = MAX_AGE,
        now: Callable[[], float] = time.time,
    ) -> None:
        told = os.environ if environ is None else environ
        if not redirects:
            # More specific than what `Remote` sets for all, so it wins (git-config(1), http.<url>).
            told = configured(told, [(f"http.{url}.followRedirects", "false")])
        self._remote = Remote(None, url, environ=told, timeout=_TIMEOUT)
        name = hashlib.sha256(self._remote.url.url.encode()).hexdigest()
        self._path = cache_dir / "tags" / f"{name}.json"
        self._offline = offline
        self._max_age = max_age
        self._now = now

    def released(self) -> Released:
        """Return the releases.

        Raises:
            RepositoryError: the remote cannot be read, and nothing is kept; offline, nothing is
                kept.
            ToolError: git is not installed.
        """
        kept = self._read()
        if kept is not None and (self._offline or not kept.is_old):
            return kept
        if self._offline:
            raise RepositoryError(
                f"the tags of {self._remote.where} are not in the cache, and offline",
                hint="run once without --offline",
            )
        try:
            return self._asked()
        except UnreachableError:
            if kept is None:
                raise
            return kept

    def commit(self, release: str) -> str | None:
        """Return the commit of a release; None if the repository has no such tag.

        A release that is newer than what is kept is asked for again.

        Args:
            release: without a leading `v`.

        Raises:
            RepositoryError: as `released` does.
            ToolError: likewise.
        """
        known = self.released().commits
        if release not in known and not self._offline:
            known = self._asked().commits
        return known.get(release)

    def _asked(self) -> Released:
        url = self._remote.url.url
        listed = self._remote.run("ls-remote", "--tags", "--", url)
        found, commits = parse_tags.parse(listed), parse_tags.commits(listed)
        if not found:
            raise RepositoryError(
                f"{self._remote.where} has no tag that is a release of Flux",
                hint="give the URL of fluxcd/flux2, or of a mirror of it with its tags",
            )
        read = self._now()
        kept = _Kept(read, tuple(map(str, found)), commits)
        cache_file.write(self._path, msgspec.json.encode(kept))
        return Released(found, self._remote.where, read, commits)

    def _read(self) -> Released | None:
        kept = None
        with suppress(OSError):
            kept = parse(self._path.read_bytes(), self._remote.where)
        if kept is None:
            return None
        return replace(kept, is_old=not 0 <= self._now() - kept.read < self._max_age)
