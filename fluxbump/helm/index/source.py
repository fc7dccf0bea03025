"""Open a source of chart releases: a URL, a file, a directory, or a registry.

A kind of place is a module with `handles` and `place` (see `places.PlaceKind`), listed in
`SOURCES`. Such a module gets bytes. This module parses the bytes, and verifies archives by the
digests in the index, once for all kinds.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from hashlib import sha256
from typing import Final, Protocol

from msgspec import Struct

from fluxbump.errors import IndexSourceError, NoAnswerError
from fluxbump.helm.chart_releases import ChartIndex, ChartRelease, IndexSource
from fluxbump.helm.index import directory, file, oci, places, url
from fluxbump.helm.index.entries import parse_index
from fluxbump.system.http.failure import HttpError
from fluxbump.text import budget

INDEX_LIMIT: Final = budget.INDEX.size
"""The largest index that is read, in bytes."""

ARCHIVE_LIMIT: Final = budget.DOWNLOADED_ARCHIVE.size
"""The largest chart archive that is read from an index, in bytes."""

_NOT_FOUND = 404

SOURCES: Final[dict[str, places.PlaceKind]] = {
    "url": url,
    "oci": oci,
    "directory": directory,
    "file": file,
}
"""The kinds of places, by name."""


class IndexReader(Protocol):
    """A reader of URLs, such as `fluxbump.system.http.fetch.Web`."""

    def get(self, url: str, *, limit: int) -> bytes:
        """Return the body at `url`.

        Raises:
            HttpError: the body is not available, or is larger than `limit` bytes.
        """
        ...


def open_source(
    spec: str,
    *,
    web: Callable[[], IndexReader],
    charts: Callable[[], places.Charts] | None = None,
    chart: str = "flux2",
) -> IndexSource:
    """Return the source that `spec` names, without reading it yet.

    Args:
        spec: an https, http or oci URL, or the path of a file or a directory.
        web: returns the reader of URLs. It is called at most once, and only if a URL is read. The
            caller closes the reader.
        charts: returns the reader of charts in registries, called at most once and only if needed;
            None if registries cannot be read.
        chart: the chart's name.

    Raises:
        IndexSourceError: no kind of place handles `spec`.
    """
    connect = cache(web)
    reach = places.Reach(
        lambda url, limit: connect().get(url, limit=limit), cache(charts or _no_registry)
    )
    for kind in SOURCES.values():
        if kind.handles(spec):
            return _Source(kind.place(spec, reach), chart)
    raise IndexSourceError(
        "unsupported location of a chart index",
        where=places.public(spec),
        hint="give an https or oci URL, a file or a directory",
    )


def _no_registry() -> places.Charts:
    raise IndexSourceError("registries cannot be read here", hint="give an https URL or a file")


class _Source(Struct, frozen=True):
    """A source of the releases of one chart, at a place."""

    place: places.IndexPlace
    chart: str

    def load(self) -> ChartIndex:
        try:
            listing = self.place.index(INDEX_LIMIT)
        except HttpError as error:
            if error.status == _NOT_FOUND:
                error.hint = "check the URL (an index is usually called index.yaml)"
            kind = NoAnswerError if error.silent else IndexSourceError
            raise error.reading("the chart index", kind) from None
        return parse_index(
            listing.data, chart=self.chart, source=self.place.name, problems=listing.problems
        )

    def archive(self, release: ChartRelease) -> bytes:
        title = f"{release.name} {release.version}"
        if release.digest is None:
            raise IndexSourceError(
                f"the index has no sha256 digest for {title}",
                where=self.place.name,
                facts=["fluxbump cannot verify the archive without it"],
            )
        data = self._first(release, title)
        found = sha256(data).hexdigest()
        if found != release.digest:
            raise IndexSourceError(
                f"the archive of {title} has another sha256 than the index says",
                where=self.place.name,
                facts=[f"archive: {found}", f"index:   {release.digest}"],
                hint="do not use the archive, and tell the operator of the chart repository",
            )
        return data

    def _first(self, release: ChartRelease, title: str) -> bytes:
        """Return the archive from the first URL that has it."""
        failure: IndexSourceError | None = None
        for address in release.urls:
            try:
                return self.place.archive(address, ARCHIVE_LIMIT)
            except HttpError as error:
                failure = failure or error.reading("the chart archive", IndexSourceError)
            except IndexSourceError as error:
                failure = failure or error
        raise failure or IndexSourceError(
            f"the index has no URL for the archive of {title}", where=self.place.name
        )
