"""A file in the cache: written whole or not at all, and done without where it cannot be."""

from __future__ import annotations

import os
import tempfile
import time
from contextlib import suppress
from pathlib import Path

_PREFIX = "tmp"
_ABANDONED = 3600.0
"""Seconds after which nobody still writes a file; who began it was killed."""


def write(path: Path, data: bytes) -> None:
    """Put `data` at `path`, for its owner alone; other processes see the old file or the new one.

    A cache that cannot be written is no error: what is not kept is read again.
    """
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _sweep(path.parent)
        with tempfile.NamedTemporaryFile(prefix=_PREFIX, dir=path.parent, delete=False) as file:
            try:
                file.write(data)
                file.close()
                Path(file.name).replace(path)
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise


def _sweep(folder: Path) -> None:
    """Remove half-written files of runs that were killed."""
    begun = time.time() - _ABANDONED
    with os.scandir(folder) as entries:
        for entry in entries:
            with suppress(OSError):  # another run may sweep too
                if entry.name.startswith(_PREFIX) and entry.stat().st_mtime < begun:
                    Path(entry.path).unlink()
