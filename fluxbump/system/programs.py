"""Values for a program to run, its limits and its result; `commands` runs it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path

from msgspec import Struct


class Program(Struct, frozen=True):
    """A program to run.

    Attributes:
        words: the program and its arguments, which all users of this machine can read.
        environ: the whole environment.
        cwd: the directory to run in; None for the current one.
        daemons: whether processes that it leaves running stay, such as git's cache of credentials.
    """

    words: Sequence[str]
    environ: Mapping[str, str]
    cwd: Path | None = None
    daemons: bool = False


class Allowance(Struct, frozen=True, kw_only=True):
    """The limits of a program.

    Attributes:
        seconds: the time until the program is ended.
        out: the largest standard output, in bytes.
        err: the number of last bytes of standard error that are kept.
        grace: seconds between SIGTERM and SIGKILL.
        memory: bytes of private writable memory for each of its processes (Linux 4.7); None for no
            limit. Address space is not limited, because Go reserves ten times what it uses.
        processor: seconds of processor time for each of its processes; None for no limit.
    """

    seconds: float
    out: int
    err: int = 1 << 16
    grace: float = 0.0
    memory: int | None = None
    processor: int | None = None


class EndedBy(Enum):
    """Why a program ended."""

    ITSELF = "itself"
    SECONDS = "it took too long"
    OUTPUT = "it printed too much"
    STOPPED = "it was stopped"


class ProgramResult(Struct, frozen=True):
    """The result of a program.

    Attributes:
        ended: why the program ended.
        code: the exit code; negative if a signal ended the program.
        out: the standard output, at most one byte more than the limit.
        err: the last bytes of standard error.
    """

    ended: EndedBy
    code: int
    out: bytes
    err: bytes


class StartError(Exception):
    """A program cannot be started.

    Args:
        reason: the message of the system.
        missing: whether there is no such program.
        nowhere: whether its working directory does not exist.
    """

    def __init__(self, reason: str, *, missing: bool, nowhere: bool) -> None:
        super().__init__(reason)
        self.missing = missing
        self.nowhere = nowhere


class LateError(Exception):
    """A program has sent no data for too long."""
