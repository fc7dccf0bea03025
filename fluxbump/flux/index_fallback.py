"""A chart index that always answers: by itself, from the cache, or from the table that ships.

What an index says of a published chart never changes, so a copy of it is as true as the index, and
lacks only what is newer. Where the network gives no answer, the copy that was kept of this index
stands in, and where there is none, the table that ships with the package. An index that does answer
is the only one that a bump chooses from: a team's mirror may lack what the community has. The table
then says only what charts ship that are newer than every chart of it. Where the table stands in for
a mirror, it says so, and no bump chooses from it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final, Protocol

from msgspec import Struct
from msgspec.structs import replace

from fluxbump.errors import IndexSourceError, NoAnswerError
from fluxbump.flux.tables import charts as table
from fluxbump.helm.chart_releases import ChartIndex, ChartRelease, IndexSource
from fluxbump.helm.index import places
from fluxbump.helm.index import source as indexes
from fluxbump.helm.index.source import IndexReader
from fluxbump.system.wait_at_most import Heard, SilentError

SILENCE: Final = 2.0
"""Seconds without a byte of the index after which what is kept or ships stands in."""

LONGEST: Final = 20.0
"""Seconds after which it does, although bytes arrive."""

BRIEF: Final = (SILENCE, SILENCE, LONGEST, 3, 0.1, 0.5)
"""How long to wait for such an index, as in `Patience`: what fails at once may fail once more."""

_Noted = Callable[[], None]


class KeepingReader(IndexReader, Protocol):
    """What reaches URLs, and keeps what it reads; `fluxbump.system.http.fetch.Web` does."""

    def get(
        self, url: str, *, limit: int, progress: Callable[[int, int | None], None] | None = None
    ) -> bytes:
        """Return the body behind `url`; `progress` is called while it is received."""
        ...

    def kept_at(self, url: str) -> datetime | None:
        """Return when what is kept of `url` was read or confirmed; None where nothing is kept."""
        ...


class IndexReach:
    """Reaches an index and what it names, and notes what arrives and how old it is.

    Args:
        spec: an https, http or oci URL, or the path of a file or a directory.
        web: makes what reaches URLs. It is called at most once, and only when a URL is needed.
        charts: makes what reaches registries, likewise.
    """

    def __init__(
        self, spec: str, web: Callable[[], KeepingReader], charts: Callable[[], places.Charts]
    ) -> None:
        self._spec, self._web, self._charts = spec, web, charts
        self.heard: _Noted = lambda: None
        self.kept_at: datetime | None = None

    def source(self) -> IndexSource:
        """Return the index; nothing is read yet.

        Raises:
            IndexSourceError: no kind of place handles where it is.
        """
        return indexes.open_source(self._spec, web=lambda: self, charts=self._charts)

    def get(self, url: str, *, limit: int) -> bytes:
        """Return the body behind `url`; see `IndexReader.get`."""
        web = self._web()
        body = web.get(url, limit=limit, progress=lambda size, total: self.heard())
        self.kept_at = web.kept_at(url)
        return body


class LocalIndex(Struct, frozen=True):
    """An index on this machine: nothing stands in for one that is not there."""

    source: IndexSource

    def load(self) -> ChartIndex:
        """Return the index; see `IndexSource`."""
        return _with_newer(self.source.load())

    def archive(self, release: ChartRelease) -> bytes:
        """Return the archive of a chart; see `IndexSource`."""
        return self.source.archive(release)


class IndexOrTable:
    """An index behind a URL or in a registry, and what stands in for it.

    Args:
        brief: reaches the index, and soon gives up; None to ask nothing.
        kept: reaches what the cache has of it.
        usual: reaches the archives, for which nothing stands in.
        mirror: the index, for messages, if it is not the community's own, of which the table is a
            copy; empty for that.

    Raises:
        IndexSourceError: no kind of place handles where the index is.
    """

    def __init__(
        self, brief: IndexReach | None, kept: IndexReach, usual: IndexReach, *, mirror: str
    ) -> None:
        self._brief, self._kept, self._usual = brief, kept, usual
        self._copy = kept.source()
        self._mirror = mirror
        self._silent = False

    def load(self) -> ChartIndex:
        """Return the index, or what stands in for it, which then says so.

        Raises:
            IndexSourceError: the index has answered, and cannot be used.
        """
        try:
            return _with_newer(self._waited_for())
        except NoAnswerError as error:
            self._silent = True
            return self._standing_in(error.message)

    def archive(self, release: ChartRelease) -> bytes:
        """Return the archive of a chart; see `IndexSource`."""
        return (self._copy if self._silent else self._usual.source()).archive(release)

    def _waited_for(self) -> ChartIndex:
        brief = self._brief
        if brief is None:
            raise NoAnswerError("--offline")

        def work(heard: _Noted) -> ChartIndex:
            brief.heard = heard
            return brief.source().load()

        try:
            return Heard(work).wait(SILENCE, LONGEST)
        except SilentError:
            message = f"the chart index has not answered within {SILENCE:g} s"
            raise NoAnswerError(message) from None

    def _standing_in(self, problem: str) -> ChartIndex:
        try:
            found = self._copy.load()
        except IndexSourceError:
            return replace(shipped(problem), instead_of=self._mirror)
        found = replace(found, answered="cache", as_of=self._kept.kept_at, silent=problem)
        return _with_newer(found) if self._mirror else _together(found)


def shipped(problem: str) -> ChartIndex:
    """Return the table that ships, as an index.

    Args:
        problem: why it stands in for another index; empty where nothing else was asked.
    """
    held = table.published()
    return ChartIndex(
        held.name, held.releases, answered="shipped", as_of=held.until, silent=problem
    )


def _with_newer(index: ChartIndex) -> ChartIndex:
    """Add what is published and newer than all that an index has, to tell what pins hold."""
    newest = index.releases[0].version
    beyond = (release for release in table.published().releases if release.version > newest)
    return replace(index, beyond=tuple(beyond))


def _together(copy: ChartIndex) -> ChartIndex:
    """Put an old copy of the community's index and the table together: both are of one index."""
    have = {str(release.version) for release in copy.releases}
    others = (release for release in table.published().releases if str(release.version) not in have)
    every = sorted((*copy.releases, *others), key=lambda release: release.version, reverse=True)
    return replace(copy, releases=tuple(every))
