"""Runs commands side by side as child processes, each bounded in time and output.

What happens to one of them, be it a crash, a hang or all memory of the machine, does not reach the
others.
"""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from queue import SimpleQueue
from typing import IO

from msgspec import Struct, field

from fluxbump.fleet.process_results import End, Event, Finished, Limits, ProcessResult, Started
from fluxbump.system.locks import signals_held

_TICK = 0.1
"""Seconds after which a child is looked at although it says nothing."""
_PIECE = 1 << 16


def run_all(
    commands: Sequence[Sequence[str]],
    environ: Mapping[str, str],
    limits: Limits,
    jobs: int,
    hear: Callable[[Event], None],
) -> None:
    """Run commands, so many at a time; returns when all have ended.

    When the wait is left by an exception, such as that of a signal, the children are ended, `hear`
    still gets those that were faster, and the exception goes on.

    Args:
        commands: each with its arguments, which everybody on this machine can read.
        environ: the whole environment of each.
        limits: of each.
        jobs: how many run at once.
        hear: takes what happens, in the thread that called.
    """
    events: SimpleQueue[Event | BaseException] = SimpleQueue()
    stop = threading.Event()

    def one(number: int) -> None:
        try:
            if stop.is_set():
                return
            events.put(Started(number))
            events.put(Finished(number, run(commands[number], environ, limits, stop)))
        except BaseException as error:  # raised where somebody waits for it
            events.put(error)

    with ThreadPoolExecutor(max_workers=jobs, thread_name_prefix="fleet") as pool:
        try:
            for number in range(len(commands)):
                pool.submit(one, number)
            left = len(commands)
            while left:
                event = _event(events.get())
                left -= isinstance(event, Finished)
                hear(event)
        except BaseException:
            stop.set()
            # A second signal waits until no child is left.
            with signals_held():
                pool.shutdown(wait=True, cancel_futures=True)
                while not events.empty():
                    late = events.get()
                    if isinstance(late, Finished) and late.done.end is not End.STOPPED:
                        hear(late)
            raise


def _event(event: Event | BaseException) -> Event:
    if isinstance(event, BaseException):
        raise event
    return event


class _Heard(Struct):
    """What a child has written so far."""

    limits: Limits
    out: list[bytes] = field(default_factory=list)
    err: deque[bytes] = field(default_factory=deque)
    out_size: int = 0
    err_size: int = 0

    def take(self, data: bytes, *, is_err: bool) -> None:
        if not is_err:
            self.out.append(data)
            self.out_size += len(data)
            return
        self.err.append(data)
        self.err_size += len(data)
        while self.err_size - len(self.err[0]) >= self.limits.err:
            self.err_size -= len(self.err.popleft())

    def done(self, end: End, code: int) -> ProcessResult:
        out = "" if end is End.FLOOD else b"".join(self.out).decode("utf-8", "replace")
        err = b"".join(self.err)[-self.limits.err :].decode("utf-8", "replace")
        return ProcessResult(end, code, out, err, _signal_name(-code) if code < 0 else "")


def _signal_name(number: int) -> str:
    known = {known.value: known.name for known in signal.Signals}
    return known.get(number, f"signal {number}")


def run(
    command: Sequence[str], environ: Mapping[str, str], limits: Limits, stop: threading.Event
) -> ProcessResult:
    """Run one command to its end, or to that of what it may take.

    It leads a process group, and what is left of that ends with it.

    Args:
        command: with its arguments.
        environ: its whole environment.
        limits: of it.
        stop: ends it when it is set.
    """
    try:
        process = subprocess.Popen(  # noqa: S603  # no shell; the caller names the program
            list(command),
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        return ProcessResult(End.NOT_STARTED, 1, "", f"cannot be started: {error.strerror}")
    heard = _Heard(limits)
    try:
        end = _watch(process, heard, stop)
    finally:
        _end(process, limits.grace)
    return heard.done(end, process.returncode)


def _watch(process: subprocess.Popen[bytes], heard: _Heard, stop: threading.Event) -> End:
    """Read until the child has ended, or has to be ended."""
    deadline = time.monotonic() + heard.limits.seconds
    with selectors.DefaultSelector() as selector:
        for stream in (process.stdout, process.stderr):
            _register(selector, stream, is_err=stream is process.stderr)
        while True:
            if selector.get_map():
                _read(selector, heard, _TICK)
            else:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(_TICK)
            if process.poll() is not None:
                # What it wrote last; not what something that it left behind still writes.
                while heard.out_size <= heard.limits.out and _read(selector, heard, 0):
                    pass
            if heard.out_size > heard.limits.out:
                return End.FLOOD
            if process.poll() is not None:
                return End.ITSELF
            if stop.is_set():
                return End.STOPPED
            if time.monotonic() > deadline:
                return End.LATE


def _register(selector: selectors.BaseSelector, stream: IO[bytes] | None, *, is_err: bool) -> None:
    if stream is not None:
        os.set_blocking(stream.fileno(), False)
        selector.register(stream.fileno(), selectors.EVENT_READ, is_err)


def _read(selector: selectors.BaseSelector, heard: _Heard, seconds: float) -> bool:
    """Take what can be read within some seconds; tell whether there was something."""
    ready = selector.select(seconds) if selector.get_map() else []
    for key, _ in ready:
        data = os.read(key.fd, _PIECE)
        if data:
            heard.take(data, is_err=key.data)
        else:
            selector.unregister(key.fd)
    return bool(ready)


def _end(process: subprocess.Popen[bytes], grace: float) -> None:
    """End a child and all of its group; asked politely first, because it ends its own then."""
    if process.poll() is None:
        _signal(process, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(grace)
    _signal(process, signal.SIGKILL)
    process.wait()
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()


def _signal(process: subprocess.Popen[bytes], how: signal.Signals) -> None:
    # The number of a group is not given away while one of it is left (setsid(2), fork(2)).
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, how)
