"""Defines a download in a file, and the downloads to which a digest belongs. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct


class Download(Struct, frozen=True):
    """A URL that is downloaded, or a variable that holds the version in a URL.

    Attributes:
        start: the offset of the URL or the version.
        end: the offset behind it.
        artifact: the name of the file of Flux; empty for any other download.
        identity: a text that is the same for two places which download the same file.
        moves: whether it holds a version that a bump changes.
        variable: whether it is the place that sets the version, and no URL.
    """

    start: int
    end: int
    artifact: str
    identity: str
    moves: bool
    variable: bool = False


class Ownership(Struct, frozen=True):
    """The downloads to which a digest belongs.

    Attributes:
        downloads: the downloads to which it may belong; empty if it certainly belongs to something
            else.
        certain: whether it belongs to all of them, because they are the same file.
    """

    downloads: tuple[Download, ...] = ()
    certain: bool = True


def one_file(some: Iterable[Download], *, same: bool = False) -> Ownership:
    """Return the ownership of a digest, which is certain if its downloads are the same file.

    Args:
        some: the downloads to which the digest may belong.
        same: whether the downloads are mirrors of each other.
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
