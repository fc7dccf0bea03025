"""The interface of places with a chart index, and helpers for local files and URLs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Protocol
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from fluxbump.errors import IndexSourceError

Fetch = Callable[[str, int], bytes]
"""A function that returns the body at a URL, up to a number of bytes, or raises HttpError."""


class Charts(Protocol):
    """A reader of charts in registries, such as `fluxbump.helm.registry.charts.RegistryCharts`."""

    def index(self, spec: str) -> tuple[bytes, tuple[str, ...]]:
        """Return a chart index in JSON, and a sentence for each version that was left out.

        Raises:
            IndexSourceError: the registry cannot be read.
        """
        ...

    def archive(self, url: str, limit: int) -> bytes:
        """Return the archive at a URL of such an index.

        Raises:
            IndexSourceError: the archive is not available, or is larger than `limit` bytes.
        """
        ...


class Reach(Struct, frozen=True):
    """The functions by which places reach other machines.

    Attributes:
        fetch: returns the body at a URL.
        charts: returns the reader of charts in registries; called only if one is needed.
    """

    fetch: Fetch
    charts: Callable[[], Charts]


class IndexListing(Struct, frozen=True):
    """A chart index that is not parsed yet.

    Attributes:
        data: the index in YAML or JSON, as it was received or made.
        problems: one sentence for each version that was left out of it.
    """

    data: bytes
    problems: tuple[str, ...] = ()


class IndexPlace(Protocol):
    """A chart repository, which gives its index and the archives that the index names."""

    @property
    def name(self) -> str:
        """The index's URL or path, for messages, without credentials."""
        ...

    def index(self, limit: int) -> IndexListing:
        """Return the index.

        Raises:
            HttpError: the index is at a URL, and is not available.
            IndexSourceError: the index is not available, or is larger than `limit` bytes.
        """
        ...

    def archive(self, url: str, limit: int) -> bytes:
        """Return the archive that the index names by `url`.

        Raises:
            HttpError: the archive is at a URL, and is not available.
            IndexSourceError: the archive is not available, is larger than `limit` bytes, or the
                index may not name that place.
        """
        ...


class PlaceKind(Protocol):
    """A kind of place; each module with these two functions is one."""

    def handles(self, spec: str) -> bool:
        """Whether `spec`, as the user gave it, is a place of this kind."""
        ...

    def place(self, spec: str, reach: Reach) -> IndexPlace:
        """Return the place, without reading anything yet."""
        ...


def public(url: str) -> str:
    """Return `url` for messages: without user, password, query and fragment."""
    try:
        parts = urlsplit(url)
        # Reading the port validates it: a bad one is likely a piece of an unescaped password.
        _ = parts.port
    except ValueError:
        return f"{url.partition(':')[0]}://…"
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}" if parts.scheme else parts.path


def scheme(url: str) -> str:
    """Return the scheme of `url` in lower case; empty for a relative one.

    Raises:
        IndexSourceError: `url` is not a valid URL.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        raise IndexSourceError("the index names an archive whose URL is not valid") from None
    return parts.scheme or ("//" if parts.netloc else "")


def fetch_archive(url: str, limit: int, fetch: Fetch) -> bytes:
    """Fetch an archive that an index on this machine names by an absolute URL.

    Raises:
        IndexSourceError: `url` is not an https URL.
        HttpError: the archive is not available.
    """
    if scheme(url) != "https":
        raise IndexSourceError(f"the index names {public(url)}, which is not an https URL")
    return fetch(url, limit)


def is_directory(spec: str) -> bool:
    """Whether `spec` is the path of a directory."""
    try:
        return "://" not in spec and Path(spec).is_dir()
    except (OSError, ValueError):
        return False


def read(path: Path, limit: int) -> bytes:
    """Read a regular file of at most `limit` bytes.

    Raises:
        IndexSourceError: the file is missing, cannot be read, or is too large.
    """
    try:
        if path.exists() and not path.is_file():
            raise IndexSourceError("not a file", where=str(path))
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except FileNotFoundError:
        hint = "give the URL of an index, or a file or a directory that exists"
        raise IndexSourceError("no such file", where=str(path), hint=hint) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "its name is not valid"
        raise IndexSourceError(f"cannot be read: {reason}", where=str(path)) from None
    if len(data) > limit:
        raise IndexSourceError(f"larger than {limit >> 20} MiB", where=str(path))
    return data


def inside(directory: Path, url: str) -> Path:
    """Return the file below `directory` that a relative URL in its index names.

    Raises:
        IndexSourceError: the URL leads out of `directory`, directly or by a symbolic link.
    """
    try:
        root = directory.resolve()
        path = (root / unquote(urlsplit(url).path)).resolve()
    except (OSError, ValueError, RuntimeError):
        path = root = directory
    if path == root or not path.is_relative_to(root):
        raise IndexSourceError(f"the index names {url!r}, which is not a file below {directory}")
    return path


def beside(directory: Path, url: str) -> Path | None:
    """Return the file in `directory` with the file name of `url`; None if there is none."""
    try:
        name = PurePosixPath(unquote(urlsplit(url).path)).name
        path = directory / name
        return path if name not in ("", "..") and path.is_file() else None
    except (OSError, ValueError):
        return None
