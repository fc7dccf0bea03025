"""Write a file that other programs read: they see the old or the new contents, never a part."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

_READABLE = 0o644


def write(path: Path, data: bytes) -> None:
    """Write `data` to `path`, readable for all users.

    Raises:
        OSError: the file cannot be written, and the old file stays.
    """
    # The name of the temporary file has no suffix: a collector of *.prom does not read it.
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".fluxbump-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary = Path(name)
        temporary.chmod(_READABLE)
        temporary.replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
