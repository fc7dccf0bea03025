"""Read chart archives from bytes, with their sha256, and detect Git LFS pointers. Pure.

An archive comes from a network or from a stranger's commit, so reading one takes bounded time and
memory whatever it claims. Members are read in one pass and never written to disk. Entries that a
chart does not need are refused: links, devices, sparse files, and paths that leave the folder.
The limits per file and the shape of paths are Helm's (`pkg/chart/loader/archive`).
"""

from __future__ import annotations

import hashlib
import io
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from typing import ClassVar, Self

from msgspec import Struct

from fluxbump.errors import IndexSourceError
from fluxbump.text import yaml, yaml_load
from fluxbump.text.budget import ARCHIVE, ARCHIVED_FILE
from fluxbump.text.patterns import lazy_pattern

# Names longer than 100 characters come in extended headers. Older standard libraries take
# quadratic time over one, so a single header stays small, and so do all of them together.
_MAX_EXTENSION = 2 * 1024
_MAX_EXTENSIONS = 256 * 1024
_EXTENSIONS = frozenset(
    {
        tarfile.XHDTYPE,
        tarfile.XGLTYPE,
        tarfile.SOLARIS_XHDTYPE,
        tarfile.GNUTYPE_LONGNAME,
        tarfile.GNUTYPE_LONGLINK,
    }
)
_FILES = frozenset({tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE})

# What the standard library raises over a damaged archive, RecursionError for chained headers.
_DAMAGE = (tarfile.TarError, zlib.error, OSError, EOFError, ValueError, RecursionError)

_SLICE = 16 * 1024
_DRIVE = lazy_pattern(r"[A-Za-z]:")
_SHOWN = 80  # characters of a member's name in a message
_LFS_POINTER = lazy_pattern(
    rb"version https://(?:git-lfs\.github\.com|hawser\.github\.com)/spec/v\d+\r?\n"
)
_MAX_LFS_POINTER = 1024


class ChartArchive(Struct, frozen=True):
    """The contents of a chart archive.

    Attributes:
        name: `name` in its Chart.yaml.
        version: `version` in its Chart.yaml.
        app_version: `appVersion` in its Chart.yaml; None if it has none.
        files: the files' contents, by path below the top folder, with `/`.
    """

    name: str
    version: str
    app_version: str | None
    files: Mapping[str, bytes]


class _UnusableError(Exception):
    """An archive cannot be used; the public functions turn it into an IndexSourceError."""


def read_chart(data: bytes, *, where: str | None = None) -> ChartArchive:
    """Read a packaged chart, the gzip-compressed tar that `helm package` writes.

    Args:
        data: the archive.
        where: the archive's path or URL for errors, without credentials.

    Raises:
        IndexSourceError: `data` is not a chart archive, is damaged, or exceeds a limit.
    """
    try:
        return _chart(_files(data))
    except _UnusableError as error:
        raise IndexSourceError(f"not a usable chart archive: {error}", where=where) from None


def read_files(data: bytes, *, where: str | None = None) -> Mapping[str, bytes]:
    """Return the files of a gzip-compressed tar, as Flux packs its artifacts, by path.

    The arguments and the limits are those of `read_chart`.

    Raises:
        IndexSourceError: `data` is not such an archive, is damaged, or exceeds a limit.
    """
    try:
        return _loose_files(data)
    except _UnusableError as error:
        raise IndexSourceError(f"not a usable archive: {error}", where=where) from None


def sha256(data: bytes) -> str:
    """Return the lower-case hexadecimal sha256, as a chart index writes `digest`."""
    return hashlib.sha256(data).hexdigest()


def lfs_pointer(data: bytes) -> bool:
    """Whether a file is a Git LFS pointer instead of the real contents."""
    return len(data) < _MAX_LFS_POINTER and _LFS_POINTER.match(data) is not None


class _Inflated(io.RawIOBase):
    """The bytes inside a gzip file, as a stream that ends or raises within `ARCHIVE.size`."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self._data = memoryview(data)
        self._taken = 0
        self._given = 0
        self._zlib = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)

    def read(self, size: int = _SLICE, /) -> bytes:
        """Return up to `size` bytes; empty at the end, after the checksum was verified."""
        while not self._zlib.eof:
            packed = self._zlib.unconsumed_tail or self._next()
            piece = self._zlib.decompress(packed, size)
            self._given += len(piece)
            if self._given > ARCHIVE.size:
                raise _UnusableError(f"holds more than {ARCHIVE.shown_size}")
            if piece:
                return piece
            if not packed:
                raise _UnusableError("cut short")
        if self._zlib.unused_data or self._taken < len(self._data):
            raise _UnusableError("something follows the archive")
        return b""

    def _next(self) -> memoryview:
        packed = self._data[self._taken : self._taken + _SLICE]
        self._taken += len(packed)
        return packed


class _Member(tarfile.TarInfo):
    """A tar header that is checked before the library acts on it."""

    extensions: ClassVar[int] = 0

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        """Read one header block, also those that extend the next header."""
        try:
            member = super().frombuf(buf, encoding, errors)
        except tarfile.HeaderError:
            # The library would take a damaged header for the end of the archive.
            if buf.strip(b"\0"):
                raise _UnusableError("damaged") from None
            raise
        if member.size < 0:
            raise _UnusableError("damaged")
        if member.type in _EXTENSIONS:
            cls.extensions += member.size
            if member.size > _MAX_EXTENSION or cls.extensions > _MAX_EXTENSIONS:
                raise _UnusableError("its file names and headers are too long")
        else:
            _refuse_useless(member)
        return member


def _refuse_useless(member: tarfile.TarInfo) -> None:
    if member.issparse() or not (member.type in _FILES or member.isdir()):
        raise _UnusableError(f"{_shown(member.name)} is a link, a device or a sparse file")
    if member.size > ARCHIVED_FILE.size:
        raise _UnusableError(f"{_shown(member.name)} takes more than {ARCHIVED_FILE.shown_size}")


def _files(data: bytes) -> dict[str, bytes]:
    """Read all files below the single top folder of a chart."""
    files: dict[str, bytes] = {}
    folder = None
    try:
        for name, contents in _members(data):
            top, _, path = _clean(name).partition("/")
            folder = folder or top
            if top != folder:
                raise _UnusableError(f"several top folders: {_shown(folder)} and {_shown(top)}")
            if contents is None:
                continue
            if not path:
                raise _UnusableError(f"{_shown(name)} is outside the chart's folder")
            if path in files:
                raise _UnusableError(f"{_shown(name)} is in it twice")
            files[path] = contents
    except _DAMAGE:
        raise _UnusableError("damaged") from None
    return files


def _loose_files(data: bytes) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    try:
        for name, contents in _members(data):
            if contents is None:
                continue
            path = _clean(name.removeprefix("./"))
            if path in files:
                raise _UnusableError(f"{_shown(name)} is in it twice")
            files[path] = contents
    except _DAMAGE:
        raise _UnusableError("damaged") from None
    return files


def _members(data: bytes) -> Iterator[tuple[str, bytes | None]]:
    """Yield the name and the contents of each entry; the contents are None for a folder."""
    _refuse_foreign(data)

    class Counted(_Member):
        """Counts the extended headers of this archive alone."""

    stream = _Inflated(data)
    with tarfile.open(fileobj=stream, mode="r|", tarinfo=Counted) as archive:
        for count, member in enumerate(archive, start=1):
            if count > ARCHIVE.members:
                raise _UnusableError(f"more than {ARCHIVE.members:,} entries")
            _refuse_useless(member)  # again: an extended header may have changed it
            file = None if member.isdir() else archive.extractfile(member)
            yield member.name, file.read() if file else None
            archive.pax_headers = {}  # global headers, which the library copies to every member
    while stream.read():
        pass


def _refuse_foreign(data: bytes) -> None:
    if lfs_pointer(data):
        raise _UnusableError("a Git LFS pointer, not the file that it stands for")
    if not data.startswith(b"\x1f\x8b"):
        raise _UnusableError("not gzip")
    if len(data) > ARCHIVE.size:
        raise _UnusableError(f"takes more than {ARCHIVE.shown_size}")


def _clean(name: str) -> str:
    """Return a member's path with `/`; a path that could leave its folder is refused."""
    path = name.replace("\\", "/")
    unsafe = {"", ".", ".."}.intersection(path.split("/"))
    if unsafe or _DRIVE.match(path) or "\0" in path:
        raise _UnusableError(f"{_shown(name)} is not a plain relative path")
    return path


def _shown(name: str) -> str:
    return ascii(name if len(name) <= _SHOWN else f"{name[:_SHOWN]}...")


def _chart(files: Mapping[str, bytes]) -> ChartArchive:
    try:
        text = files["Chart.yaml"].decode("utf-8-sig")
        metadata = yaml_load.load(text)
    except KeyError:
        raise _UnusableError("no Chart.yaml in its top folder") from None
    except UnicodeDecodeError:
        raise _UnusableError("its Chart.yaml is not UTF-8") from None
    except yaml.YamlError as problem:
        reason = f"its Chart.yaml, line {problem.line + 1}: {problem.message}"
        raise _UnusableError(reason) from None
    entries = metadata if isinstance(metadata, dict) else {}
    name, version, app_version = (entries.get(key) for key in ("name", "version", "appVersion"))
    if not (isinstance(name, str) and name and isinstance(version, str) and version):
        raise _UnusableError("its Chart.yaml has no name or no version")
    if not isinstance(app_version, str | None):
        raise _UnusableError("its Chart.yaml has an appVersion that is not a text")
    return ChartArchive(name, version, app_version or None, files)
