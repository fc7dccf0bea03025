"""Write files of the cache: completely or not at all, and without an error if that fails."""

from __future__ import annotations

import os
import tempfile
import time
from contextlib import suppress
from pathlib import Path

_PREFIX = "tmp"
_ABANDONED = 3600.0
"""Seconds after which a half-written file is abandoned, because its process was killed."""


def write(path: Path, data: bytes) -> None:
    """Write `data` to `path`, for the owner alone; others see the old file or the new one.

    A cache that cannot be written is no error, because the data can be read from its source again.
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
    """Remove the half-written files of runs that were killed."""
    begun = time.time() - _ABANDONED
    with os.scandir(folder) as entries:
        for entry in entries:
            with suppress(OSError):  # another run may sweep too
                if entry.name.startswith(_PREFIX) and entry.stat().st_mtime < begun:
                    Path(entry.path).unlink()
