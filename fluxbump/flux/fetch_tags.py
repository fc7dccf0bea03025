"""Fetch the tags of Flux's own repository, which name its releases, and cache them.

For repositories that pin no chart, a release exists if it has a tag. One request to the remote
lists the tags, without fetching any object.
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
"""Seconds for which cached tags are used without a request."""

_SHA = lazy_pattern(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_TIMEOUT = 30.0  # seconds; the answer has some tens of KiB


class Released(Struct, frozen=True):
    """The releases that had a tag when the repository was last read.

    Attributes:
        releases: the releases, newest first.
        source: the repository's URL, without credentials.
        read: when the tags were read, in seconds since the epoch.
        commits: the commit of each release, by release without a leading `v`.
        is_old: the tags come from the cache and are older than allowed, so a newer release may be
            missing.
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
    """Read a cache file of tags; None if it is damaged or names no release.

    Args:
        data: the bytes of the file.
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
    """Reads the tags of a repository of Flux, from the cache or from the remote.

    Args:
        cache_dir: the cache directory; one that cannot be written is no error.
        url: the repository's URL or path, as git takes it; it may be a mirror.
        offline: use cached tags of any age, and ask no remote.
        redirects: whether git may follow a redirect to another server.
        environ: the environment for git; None for the one of this process.
        max_age: seconds for which cached tags are used without a request.
        now: returns the time in seconds since the epoch.

    Raises:
        UsageError: git does not support the URL.
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
        """Return the releases that have a tag.

        Raises:
            RepositoryError: the remote cannot be read or is not asked, and the cache has no tags.
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

        If the cache lacks the release, the remote is asked again.



        Args:
            release: without a leading `v`.

        Raises:
            RepositoryError: the remote cannot be read, or it is not asked and the cache has no
                tags.
            ToolError: git is not installed.
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
