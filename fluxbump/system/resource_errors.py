"""Turn errors about a lack of disk, memory or files into errors with a hint for the user."""

from __future__ import annotations

import errno
import os

from fluxbump.errors import MachineError

_SPACE = "free some space, or name another temporary directory with TMPDIR"
_FILES = "raise the limit with `ulimit -n 256`"
_MEMORY = "free some memory, or raise the limit of the container"

_HINTS = {
    errno.ENOSPC: _SPACE,
    errno.EDQUOT: _SPACE,
    errno.EFBIG: "raise the limit with `ulimit -f unlimited`",
    errno.EROFS: "name a temporary directory that can be written with TMPDIR",
    errno.EMFILE: _FILES,
    errno.ENFILE: "close some programs: the whole machine has too many open files",
    errno.ENOMEM: _MEMORY,
    errno.EAGAIN: "raise the limit of processes with `ulimit -u`",
}
_POSIX = ("fcntl", "resource", "pwd", "grp", "termios")
"""Modules of the standard library that Python on Windows does not have."""
_NO_DIRECTORY = "No usable temporary directory found"  # what the module tempfile says


def lacking(error: OSError | ImportError) -> MachineError | None:
    """Return the error for a resource that the machine lacks; None if the cause is another one.

    Args:
        error: an unexpected error of the system or of an import.
    """
    if isinstance(error, ImportError):
        return _no_posix(error)
    if error.errno == errno.ENOENT and _NO_DIRECTORY in str(error):
        return MachineError("no temporary directory can be written", hint=_SPACE)
    hint = _HINTS.get(error.errno or 0)
    if hint is None:
        return None
    reason = error.strerror or str(error)
    where = os.fsdecode(error.filename) if error.filename else None
    return MachineError(
        f"the system refuses: {reason[:1].lower()}{reason[1:]}", where=where, hint=hint
    )


def _no_posix(error: ImportError) -> MachineError | None:
    if error.name not in _POSIX:
        return None
    return MachineError(
        f"this Python has no module {error.name}",
        facts=["fluxbump needs a POSIX system for this"],
        hint="on Windows, run fluxbump in WSL 2",
    )
