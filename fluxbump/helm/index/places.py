"""What the kinds of places share: their shape, local files, and URLs in messages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Protocol
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from fluxbump.errors import IndexSourceError

Fetch = Callable[[str, int], bytes]
"""Gets the body behind a URL, at most so many bytes; raises HttpError."""


class Charts(Protocol):
    """What reaches charts in registries; `fluxbump.helm.registry.charts.RegistryCharts` does."""

    def index(self, spec: str) -> tuple[bytes, tuple[str, ...]]:
        """Return a chart index in JSON, and a sentence for each version that was left out.

        Raises:
            IndexSourceError: it is not available.
        """
        ...

    def archive(self, url: str, limit: int) -> bytes:
        """Return the archive that such an index names.

        Raises:
            IndexSourceError: it is not available, or is larger than `limit` bytes.
        """
        ...


class Reach(Struct, frozen=True):
    """What reaches other machines; made only where it is needed.

    Attributes:
        fetch: gets what is behind a URL.
        charts: makes what reaches registries.
    """

    fetch: Fetch
    charts: Callable[[], Charts]


class IndexListing(Struct, frozen=True):
    """An index.

    Attributes:
        data: as it was received, or made: YAML or JSON.
        problems: versions that were left out of it, one sentence each.
    """

    data: bytes
    problems: tuple[str, ...] = ()


class IndexPlace(Protocol):
    """A chart repository: where its index is, and how to reach what the index names."""

    @property
    def name(self) -> str:
        """The index's URL or path, for messages; holds no credentials."""
        ...

    def index(self, limit: int) -> IndexListing:
        """Return the index.

        Raises:
            HttpError: it is behind a URL, and not available.
            IndexSourceError: it is not available, or is larger than `limit` bytes.
        """
        ...

    def archive(self, url: str, limit: int) -> bytes:
        """Return what `url`, as the index spells it, stands for.

        Raises:
            HttpError: it is behind a URL, and not available.
            IndexSourceError: it is not available, is larger than `limit` bytes, or `url` leads
                where the index may not lead.
        """
        ...


class PlaceKind(Protocol):
    """A kind of place; a module with these two functions is one."""

    def handles(self, spec: str) -> bool:
        """Tell whether `spec`, as the user gave it, is a place of this kind."""
        ...

    def place(self, spec: str, reach: Reach) -> IndexPlace:
        """Return the place, without reaching for it yet."""
        ...


def public(url: str) -> str:
    """Return `url` as it may be shown: without user, password, query and fragment."""
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
        IndexSourceError: it is not a URL.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        raise IndexSourceError("the index names an archive whose URL is not valid") from None
    return parts.scheme or ("//" if parts.netloc else "")


def fetch_archive(url: str, limit: int, fetch: Fetch) -> bytes:
    """Fetch an archive that an index on this machine names by an absolute URL.

    Raises:
        IndexSourceError: it is not an https URL.
        HttpError: the archive is not available.
    """
    if scheme(url) != "https":
        raise IndexSourceError(f"the index names {public(url)}, which is not an https URL")
    return fetch(url, limit)


def is_directory(spec: str) -> bool:
    """Tell whether `spec` is the path of a directory."""
    try:
        return "://" not in spec and Path(spec).is_dir()
    except (OSError, ValueError):
        return False


def read(path: Path, limit: int) -> bytes:
    """Read a regular file of at most `limit` bytes.

    Raises:
        IndexSourceError: it is missing, cannot be read, or is too large.
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
    """Return the file below `directory` that a relative URL of its index means.

    Raises:
        IndexSourceError: it means something else, also by way of a symbolic link.
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
    """Return the file in `directory` named like the one behind `url`; None without one."""
    try:
        name = PurePosixPath(unquote(urlsplit(url).path)).name
        path = directory / name
        return path if name not in ("", "..") and path.is_file() else None
    except (OSError, ValueError):
        return None
