"""Load the chart index, or use the cache or the shipped table if it does not answer.

What an index says of a published chart never changes. A copy of it is as true as the index, and
lacks only newer charts. If the network gives no answer, the cached copy of this index is used. If
there is no copy, the table that ships with the package is used.

If an index answers, a bump chooses from that index alone, because a team's mirror may lack charts
that the community has. The table then adds only charts that are newer than all charts of the index,
to tell what pins hold. If the table replaces a mirror, the index says so, and no bump chooses from
it.
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
"""Seconds without a byte of the index after which the cache or the table is used."""

LONGEST: Final = 20.0
"""Seconds after which the cache or the table is used although bytes still arrive."""

BRIEF: Final = (SILENCE, SILENCE, LONGEST, 3, 0.1, 0.5)
"""The fields of a `Patience` for an index that can be replaced: short waits, three attempts."""

_Noted = Callable[[], None]


class KeepingReader(IndexReader, Protocol):
    """A reader of URLs with a cache, such as `fluxbump.system.http.fetch.Web`."""

    def get(
        self, url: str, *, limit: int, progress: Callable[[int, int | None], None] | None = None
    ) -> bytes:
        """Return the body behind `url`.

        `progress` is called while the body is received, with its bytes so far and in total.
        """
        ...

    def kept_at(self, url: str) -> datetime | None:
        """Return when the cached body of `url` was read or confirmed; None if there is none."""
        ...


class IndexReach:
    """Reads an index and the files that it names, and reports arriving bytes and the copy's age.

    Args:
        spec: an https, http or oci URL, or the path of a file or a directory.
        web: returns the reader of URLs; called only if a URL is read.
        charts: returns the reader of charts in registries; called only if a registry is read.
    """

    def __init__(
        self, spec: str, web: Callable[[], KeepingReader], charts: Callable[[], places.Charts]
    ) -> None:
        self._spec, self._web, self._charts = spec, web, charts
        self.heard: _Noted = lambda: None
        self.kept_at: datetime | None = None

    def source(self) -> IndexSource:
        """Return the source of the index, without reading it yet.

        Raises:
            IndexSourceError: `spec` is not of a supported kind.
        """
        return indexes.open_source(self._spec, web=lambda: self, charts=self._charts)

    def get(self, url: str, *, limit: int) -> bytes:
        """Return the body behind `url`; see `IndexReader.get`."""
        web = self._web()
        body = web.get(url, limit=limit, progress=lambda size, total: self.heard())
        self.kept_at = web.kept_at(url)
        return body


class LocalIndex(Struct, frozen=True):
    """An index on this machine; if it is missing, nothing is used in its place."""

    source: IndexSource

    def load(self) -> ChartIndex:
        """Return the index; see `IndexSource`."""
        return _with_newer(self.source.load())

    def archive(self, release: ChartRelease) -> bytes:
        """Return the archive of a chart; see `IndexSource`."""
        return self.source.archive(release)


class IndexOrTable:
    """An index at a URL or in a registry, with the cache and the table as its substitutes.

    Args:
        brief: reads the index and gives up soon; None to ask nothing.
        kept: reads the copy of the index in the cache.
        usual: reads the archives of charts, for which there is no substitute.
        mirror: the index's name for messages, if it is a mirror; empty for the community's own
            index, of which the table is a copy.

    Raises:
        IndexSourceError: the index is not in a supported kind of place.
    """

    def __init__(
        self, brief: IndexReach | None, kept: IndexReach, usual: IndexReach, *, mirror: str
    ) -> None:
        self._brief, self._kept, self._usual = brief, kept, usual
        self._copy = kept.source()
        self._mirror = mirror
        self._silent = False

    def load(self) -> ChartIndex:
        """Return the index, or its substitute, which says that it is one.

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
    """Return the table that ships with the package, as an index.

    Args:
        problem: why the table replaces another index; empty if no other index was asked.
    """
    held = table.published()
    return ChartIndex(
        held.name, held.releases, answered="shipped", as_of=held.until, silent=problem
    )


def _with_newer(index: ChartIndex) -> ChartIndex:
    """Add the published charts that are newer than the index's newest, to tell what pins hold."""
    newest = index.releases[0].version
    beyond = (release for release in table.published().releases if release.version > newest)
    return replace(index, beyond=tuple(beyond))


def _together(copy: ChartIndex) -> ChartIndex:
    """Merge an old copy of the community's index with the table: both come from one index."""
    have = {str(release.version) for release in copy.releases}
    others = (release for release in table.published().releases if str(release.version) not in have)
    every = sorted((*copy.releases, *others), key=lambda release: release.version, reverse=True)
    return replace(copy, releases=tuple(every))
