"""A chart repository in a directory: an index.yaml and archives, as `helm repo index` makes it."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from fluxbump.helm.index import places


def handles(spec: str) -> bool:
    """Whether `spec` is the path of a directory."""
    return places.is_directory(spec)


def place(spec: str, reach: places.Reach) -> places.IndexPlace:
    """Return the chart repository in the directory `spec`."""
    return _Directory(Path(spec), reach.fetch)


class _Directory(Struct, frozen=True):
    path: Path
    fetch: places.Fetch

    @property
    def name(self) -> str:
        return str(self.path / "index.yaml")

    def index(self, limit: int) -> places.IndexListing:
        return places.IndexListing(places.read(self.path / "index.yaml", limit))

    def archive(self, url: str, limit: int) -> bytes:
        # A mirror keeps the upstream's index with its absolute URLs and the archives beside it.
        if places.scheme(url):
            copy = places.beside(self.path, url)
            return (
                places.read(copy, limit) if copy else places.fetch_archive(url, limit, self.fetch)
            )
        return places.read(places.inside(self.path, url), limit)
