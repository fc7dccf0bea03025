"""A file in the cache: written whole or not at all, and done without where it cannot be."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from pathlib import Path


def write(path: Path, data: bytes) -> None:
    """Put `data` at `path`, for its owner alone; other processes see the old file or the new one.

    A cache that cannot be written is no error: what is not kept is read again.
    """
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            try:
                file.write(data)
                file.close()
                Path(file.name).replace(path)
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise
