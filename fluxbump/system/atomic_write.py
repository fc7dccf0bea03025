"""A file that others read meanwhile: they see the old one or the new one, and never a part."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

_READABLE = 0o644


def write(path: Path, data: bytes) -> None:
    """Put `data` at `path`, readable for everybody.

    Raises:
        OSError: it cannot be written; what was there stays.
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
