"""A chart index in a file, with archives below its directory or at URLs."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from fluxbump.helm.index import places


def handles(spec: str) -> bool:
    """Whether `spec` is a path that is not a directory; it need not exist."""
    return "://" not in spec and not places.is_directory(spec)


def place(spec: str, reach: places.Reach) -> places.IndexPlace:
    """Return the chart repository whose index is the file `spec`."""
    return _File(Path(spec), reach.fetch)


class _File(Struct, frozen=True):
    path: Path
    fetch: places.Fetch

    @property
    def name(self) -> str:
        return str(self.path)

    def index(self, limit: int) -> places.IndexListing:
        return places.IndexListing(places.read(self.path, limit))

    def archive(self, url: str, limit: int) -> bytes:
        if places.scheme(url):
            return places.fetch_archive(url, limit, self.fetch)
        return places.read(places.inside(self.path.parent, url), limit)
