"""What a file downloads, and whose digest one is. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct


class Download(Struct, frozen=True):
    """A URL, or a variable that holds the version in one.

    Attributes:
        start: of the URL or the version.
        end: behind it.
        artifact: name of the file of Flux; empty for any other download.
        identity: what is downloaded; the same for two places that name one thing.
        moves: it holds a version that moves.
        variable: it is where the version is set, not a URL.
    """

    start: int
    end: int
    artifact: str
    identity: str
    moves: bool
    variable: bool = False


class Ownership(Struct, frozen=True):
    """Whose digest it is.

    Attributes:
        downloads: what it may belong to; none if it certainly belongs to something else.
        certain: it belongs to all of them, which are one file.
    """

    downloads: tuple[Download, ...] = ()
    certain: bool = True


def one_file(some: Iterable[Download], *, same: bool = False) -> Ownership:
    """Judge by what a digest may belong to: certain if that is one file.

    Args:
        some: what it may belong to.
        same: they are mirrors of each other.
    """
    downloads = tuple(some)
    urls = [download for download in downloads if not download.variable]
    shown = {url.artifact for url in urls}
    files = {url.identity for url in urls}
    files |= {
        download.identity
        for download in downloads
        if download.variable and download.artifact not in shown
    }
    if len(files) <= 1:
        return Ownership(downloads)
    ours = tuple(download for download in downloads if download.artifact)
    if same and len({download.artifact for download in ours}) == 1:
        return Ownership(ours)
    return Ownership(downloads, certain=False)
