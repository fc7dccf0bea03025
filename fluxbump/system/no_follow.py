"""Open files below a root folder by folder through descriptors, without following symbolic links.

If a path is checked before it is opened, another process can put a link there in between. An open
descriptor is safe from that.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@contextmanager
def beside(root: Path, path: str) -> Iterator[tuple[int, str]]:
    """Open the folder of a file below `root`; yield its descriptor and the file's name.

    Raises:
        OSError: a folder on the way is none, or a symbolic link; it names the file.
    """
    *folders, name = path.split("/")
    # The root itself may be reached through a link.
    descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for folder in folders:
            inner = os.open(folder, _FOLDER, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = inner
        yield descriptor, name
    except OSError as error:
        error.filename = path  # a name below an open folder says little
        raise
    finally:
        os.close(descriptor)


def make_folders(root: Path, path: str) -> None:
    """Make the folders of a file below `root` that are not there yet.

    Raises:
        OSError: one of them is something else, such as a symbolic link; it names the file.
    """
    folders = path.split("/")[:-1]
    for number, name in enumerate(folders):
        reached = beside(root, "/".join([*folders[:number], name]))
        with reached as (outer, inner), suppress(FileExistsError):
            os.mkdir(inner, dir_fd=outer)
    with beside(root, path):
        pass


def read(folder: int, name: str, longest: int | None = None) -> bytes | None:
    """Return the bytes of a regular file; None if there is no file.

    Raises:
        OSError: the name is something else, such as a symbolic link, or has more than `longest`
            bytes.
    """
    try:
        descriptor = os.open(name, _FILE, dir_fd=folder)
    except FileNotFoundError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "not a regular file", name)
        if longest is not None and found.st_size > longest:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), name)
        return file.read()


def create(folder: int, name: str, data: bytes, like: os.stat_result | None = None) -> None:
    """Write a new file, and wait until it is on the disk.

    Args:
        folder: the descriptor of the file's folder.
        name: the file's name.
        data: the file's bytes.
        like: the file whose mode and owner the new one gets; None for the usual ones.

    Raises:
        OSError: the file exists, or cannot be written.
    """
    descriptor = os.open(name, _NEW, 0o666, dir_fd=folder)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]
        if like is not None:
            _dress(descriptor, like)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _dress(descriptor: int, like: os.stat_result) -> None:
    if (like.st_uid, like.st_gid) != (os.geteuid(), os.getegid()):
        with suppress(PermissionError):  # only root may; git does not keep the owner either
            os.fchown(descriptor, like.st_uid, like.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(like.st_mode))


@contextmanager
def opened(folder: Path) -> Iterator[int]:
    """Open a folder; it must not be a symbolic link."""
    descriptor = os.open(folder, _FOLDER)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def sync(folder: Path) -> None:
    """Wait until the names in a folder are on the disk."""
    with opened(folder) as descriptor:
        os.fsync(descriptor)
