"""Write to and read from a program through pipes, as long as it runs."""

from __future__ import annotations

import io
import os
import select
import subprocess
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import IO

from fluxbump.system.process_end import end_told, has_ended
from fluxbump.system.programs import Allowance, EndedBy, LateError

_PIECE = 1 << 16
_TICK = 0.05
"""Seconds between checks whether a program has ended or must be stopped."""


class Pipes:
    """Writes a program's input and reads its output, as long as it runs."""

    def __init__(
        self, process: subprocess.Popen[bytes], allowance: Allowance, stdin: bytes
    ) -> None:
        self.out: list[bytes] = []
        self._err: deque[bytes] = deque()
        self._out_size = self._err_size = 0
        self._process, self._allowance = process, allowance
        self._unsent = memoryview(stdin)
        self._poll = select.poll()
        self._streams = {
            pipe.fileno(): pipe
            for pipe in (process.stdin, process.stdout, process.stderr)
            if pipe is not None
        }
        for descriptor, pipe in self._streams.items():
            os.set_blocking(descriptor, False)
            self._poll.register(
                descriptor, select.POLLOUT if pipe is process.stdin else select.POLLIN
            )
        self._end_told = end_told(process)

    def __enter__(self) -> Pipes:
        self._ended = self._end_told.__enter__()
        if self._ended is not None:
            self._poll.register(self._ended, select.POLLIN)
        return self

    def __exit__(self, *_: object) -> None:
        self._end_told.__exit__(None, None, None)

    def until(self, deadline: float, stop: Callable[[], bool] | None) -> EndedBy:
        """Write and read until the program ends or must be ended, and return the reason."""
        while True:
            left = deadline - time.monotonic()
            tick = _TICK if stop is not None or self._ended is None else left
            told = self._step(max(0.0, min(left, tick)))
            if self._ended in told or (self._ended is None and has_ended(self._process)):
                # What it wrote last; not what something that it left behind still writes.
                while self._fits and self._step(0) - {self._ended}:
                    if time.monotonic() > deadline:
                        break
                return EndedBy.ITSELF if self._fits else EndedBy.OUTPUT
            if not self._fits:
                return EndedBy.OUTPUT
            if stop is not None and stop():
                return EndedBy.STOPPED
            if left <= 0:
                return EndedBy.SECONDS

    @property
    def _fits(self) -> bool:
        return self._out_size <= self._allowance.out

    def _step(self, seconds: float) -> set[int | None]:
        """Transfer data for at most some seconds, and return the descriptors that were ready."""
        told: set[int | None] = set()
        for descriptor, _ in self._poll.poll(seconds * 1000):
            told.add(descriptor)
            pipe = self._streams.get(descriptor)
            if pipe is None:
                continue
            if pipe is self._process.stdin:
                self._write(descriptor, pipe)
            else:
                self._read(descriptor, pipe)
        return told

    def _write(self, descriptor: int, pipe: IO[bytes]) -> None:
        with suppress(BlockingIOError):
            try:
                self._unsent = self._unsent[os.write(descriptor, self._unsent[:_PIECE]) :]
            except BrokenPipeError:  # it wants no more
                self._unsent = self._unsent[:0]
        if not self._unsent:
            self._close(descriptor, pipe)

    def _read(self, descriptor: int, pipe: IO[bytes]) -> None:
        is_err = pipe is self._process.stderr
        room = _PIECE if is_err else min(_PIECE, self._allowance.out + 1 - self._out_size)
        data = os.read(descriptor, room)
        if not data:
            self._close(descriptor, pipe)
        elif not is_err:
            self.out.append(data)
            self._out_size += len(data)
        else:
            self._err.append(data)
            self._err_size += len(data)
            while self._err_size - len(self._err[0]) >= self._allowance.err:
                self._err_size -= len(self._err.popleft())

    def _close(self, descriptor: int, pipe: IO[bytes]) -> None:
        self._poll.unregister(descriptor)
        del self._streams[descriptor]
        pipe.close()

    def last_words(self) -> bytes:
        """Return the last bytes that the program wrote to standard error."""
        return b"".join(self._err)[-self._allowance.err :]


class _Timed(io.RawIOBase):
    """A pipe that raises LateError if no data comes for some seconds."""

    def __init__(self, pipe: IO[bytes], seconds: float) -> None:
        super().__init__()
        self._pipe, self._seconds = pipe, seconds
        self._poll = select.poll()
        self._poll.register(pipe.fileno(), select.POLLIN)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]  # wider there
        if not self._poll.poll(self._seconds * 1000):
            raise LateError
        return os.readv(self._pipe.fileno(), [buffer])


def of(pipe: IO[bytes] | None) -> IO[bytes]:
    """Return a pipe of a process, which must have been started with that pipe."""
    if pipe is None:
        raise AssertionError("the process was started with pipes")
    return pipe


def timed(pipe: IO[bytes], seconds: float) -> io.BufferedReader:
    """Return a reader for a pipe that has not been read yet.

    Its methods raise LateError if no data comes for some seconds.
    """
    return io.BufferedReader(_Timed(pipe, seconds), _PIECE)
