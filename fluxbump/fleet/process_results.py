"""The limits, events and results of the child processes that `processes` runs."""

from __future__ import annotations

from enum import Enum

from msgspec import Struct


class End(Enum):
    """The reason why a child process ended."""

    ITSELF = "itself"
    LATE = "late"
    FLOOD = "flood"
    STOPPED = "stopped"
    NOT_STARTED = "not started"


class Limits(Struct, frozen=True):
    """The limits of a child process.

    Attributes:
        seconds: the time after which it is ended.
        out: the most bytes on standard output. A child that prints more is ended.
        err: the number of bytes of standard error to keep, the last ones.
        grace: the seconds to end its own children. git gets ten of them (`network_process`).
    """

    seconds: float
    out: int = 16 << 20
    err: int = 256 << 10
    grace: float = 12.0


class ProcessResult(Struct, frozen=True):
    """The result of a child process.

    Attributes:
        end: the reason why it ended.
        code: the exit code. Negative if a signal ended the child.
        out: the standard output, read as UTF-8. Empty if it was too long.
        err: the last part of standard error, or the reason why the child was not started.
        signal: the name of the signal that ended the child. Empty if none did.
    """

    end: End
    code: int
    out: str
    err: str
    signal: str = ""


class Started(Struct, frozen=True):
    """The event that a child was started.

    Attributes:
        number: the position of its command in the list, from 0.
    """

    number: int


class Finished(Struct, frozen=True):
    """The event that a child has ended.

    Attributes:
        number: the position of its command in the list, from 0.
        done: the result of the child.
    """

    number: int
    done: ProcessResult


Event = Started | Finished
