"""Programs as values: what is run, what it may take, what it left. `commands` runs them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path

from msgspec import Struct


class Program(Struct, frozen=True):
    """What is run.

    Attributes:
        words: program and arguments, which everybody on this machine can read.
        environ: the whole environment.
        cwd: where it runs; None for where we are.
        daemons: what it leaves running stays, such as git's cache of credentials.
    """

    words: Sequence[str]
    environ: Mapping[str, str]
    cwd: Path | None = None
    daemons: bool = False


class Allowance(Struct, frozen=True, kw_only=True):
    """What a program may take.

    Attributes:
        seconds: until it is ended.
        out: bytes on standard output.
        err: bytes of standard error that are kept, the last ones.
        grace: seconds to end by itself when it is asked to, before it is killed.
        memory: bytes of writable memory of its own, for each of its processes; Linux 4.7.
            Not of address space: Go reserves ten times what it uses.
        processor: seconds of the processor's time, for each of its processes.
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
    """What a program left.

    Attributes:
        ended: why it ended.
        code: its exit code; negative if a signal ended it.
        out: what it printed, at most one byte more than it may.
        err: the last of what it wrote to standard error.
    """

    ended: EndedBy
    code: int
    out: bytes
    err: bytes


class StartError(Exception):
    """A program was not started.

    Args:
        reason: what the system says.
        missing: there is no such program.
        nowhere: where it is to run is no directory.
    """

    def __init__(self, reason: str, *, missing: bool, nowhere: bool) -> None:
        super().__init__(reason)
        self.missing = missing
        self.nowhere = nowhere


class LateError(Exception):
    """A program that is read from does not go on."""
