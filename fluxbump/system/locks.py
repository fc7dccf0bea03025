"""Hold a lock on a working tree, and hold back signals during a critical section."""

from __future__ import annotations

import fcntl
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from msgspec import Struct, field

from fluxbump.errors import RepositoryError

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class BusyError(Exception):
    """Another process holds the lock."""


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock, which the kernel releases when the process ends, even if it is killed.

    Raises:
        BusyError: another process holds the lock.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o666)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BusyError from None
        yield
    finally:
        os.close(descriptor)


class _StoppedError(Exception):
    """A signal came at a point where the run can stop without a loss."""


class HeldSignals(Struct, frozen=True):
    """The signals that came while they were held back."""

    came: list[int] = field(default_factory=list)

    def note(self, number: int, _: FrameType | None) -> None:
        """Record a signal, as its handler."""
        self.came.append(number)

    def stop_here(self) -> None:
        """Leave the block of `signals_held`, if a signal came."""
        if self.came:
            raise _StoppedError


@contextmanager
def signals_held() -> Iterator[HeldSignals]:
    """Hold SIGINT, SIGTERM and SIGHUP back; the first that came works when the block ends.

    One that is ignored stays ignored. Only the main thread is interrupted by signals, so in
    another one there is nothing to hold.

    Raises:
        RepositoryError: the block was left at `stop_here`, and the signal ended nothing.
    """
    held, stopped = HeldSignals(), False
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    before = {number: handler for number, handler in before.items() if handler != signal.SIG_IGN}
    try:
        for number in before:
            signal.signal(number, held.note)
    except ValueError:  # not the main thread
        before = {}
    try:
        yield held
    except _StoppedError:
        stopped = True
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if held.came:
            signal.raise_signal(held.came[0])
    if stopped:
        raise RepositoryError("stopped by a signal", facts=["fluxbump wrote nothing"])
