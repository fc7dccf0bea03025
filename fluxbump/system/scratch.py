"""Make scratch directories, which are removed after use, or by the next run after a kill.

A directory is locked as long as the process that made it lives, because the kernel releases a lock
when its holder ends. So a process that gets the lock of a directory may remove it. A new directory
has no lock yet. If another run removes it in that moment, its maker notices and makes another one.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PREFIX = "fluxbump-scratch-"
_OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

_swept: set[tuple[str, str]] = set()
"""The parents and prefixes for which this process has removed leftovers; once is enough."""


def for_temporary_files() -> str:
    """Return the directory for temporary files: the first of tempfile's that can be written.

    Python's own search writes a file into each, under a name that tells nobody whose it is. A run
    that is killed in that moment leaves it for good, so no file is written here.

    Raises:
        OSError: there is none.
    """
    if tempfile.tempdir is None:
        named = [os.environ.get(name, "") for name in ("TMPDIR", "TEMP", "TMP")]
        usual = ("/tmp", "/var/tmp")  # noqa: S108  # where tempfile looks, too
        tempfile.tempdir = next(filter(_is_writable, (*named, *usual)), None)
    return tempfile.gettempdir()


def _is_writable(path: str) -> bool:
    return bool(path) and Path(path).is_dir() and os.access(path, os.W_OK | os.X_OK)


@contextmanager
def directory(prefix: str = _PREFIX, parent: Path | None = None) -> Iterator[Path]:
    """Make a directory, and remove it when the block is left.

    Args:
        prefix: the prefix of its name. Leftovers with this prefix, of ended processes of this user,
            are removed first.
        parent: the parent directory; None for the one for temporary files.

    Raises:
        OSError: the directory cannot be made.
    """
    where = str(parent) if parent is not None else for_temporary_files()
    if (where, prefix) not in _swept:
        _swept.add((where, prefix))
        _sweep(where, prefix)
    path, lock = _locked(where, prefix)
    try:
        yield Path(path)
    finally:
        shutil.rmtree(path, ignore_errors=True)  # the next run tidies up
        os.close(lock)


def _locked(where: str, prefix: str) -> tuple[str, int]:
    """Make a directory and lock it; return its path, and the descriptor that holds the lock."""
    while True:
        path = tempfile.mkdtemp(prefix=prefix, dir=where)
        try:
            lock = os.open(path, _OPEN)
        except FileNotFoundError:  # another run took it for a leftover
            continue
        except BaseException:
            Path(path).rmdir()
            raise
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.fstat(lock).st_nlink and Path(path).is_dir():
            return path, lock
        os.close(lock)


def _sweep(where: str, prefix: str) -> None:
    """Remove the leftovers of this user's ended processes, except those that cannot be removed."""
    with suppress(OSError), os.scandir(where) as entries:
        for entry in entries:
            if entry.name.startswith(prefix):
                with suppress(OSError):
                    _remove(entry.path)


def _remove(path: str) -> None:
    lock = os.open(path, _OPEN)
    try:
        if os.fstat(lock).st_uid == os.geteuid():
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(path, ignore_errors=True)
    finally:
        os.close(lock)
