"""What becomes of commands that run side by side, as values: `processes` runs them."""

from __future__ import annotations

from enum import Enum

from msgspec import Struct


class End(Enum):
    """Why a child ended."""

    ITSELF = "itself"
    LATE = "late"
    FLOOD = "flood"
    STOPPED = "stopped"
    NOT_STARTED = "not started"


class Limits(Struct, frozen=True):
    """What a child may take.

    Attributes:
        seconds: until it is ended.
        out: bytes on standard output; one that prints more is ended.
        err: bytes of standard error that are kept, the last ones.
        grace: seconds to end what it has started itself; git gets ten (see `network_process`).
    """

    seconds: float
    out: int = 16 << 20
    err: int = 256 << 10
    grace: float = 12.0


class ProcessResult(Struct, frozen=True):
    """What a child left.

    Attributes:
        end: why it ended.
        code: its exit code; negative when a signal ended it.
        out: what it printed, as UTF-8; empty when it was too much.
        err: the last of what it wrote to standard error; of one that was not started, why.
        signal: the name of the signal that ended it; empty when none did.
    """

    end: End
    code: int
    out: str
    err: str
    signal: str = ""


class Started(Struct, frozen=True):
    """A child was started.

    Attributes:
        number: of its command.
    """

    number: int


class Finished(Struct, frozen=True):
    """A child has ended.

    Attributes:
        number: of its command.
        done: what it left.
    """

    number: int
    done: ProcessResult


Event = Started | Finished
