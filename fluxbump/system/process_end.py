"""Wait for the end of a program, without a delay after its end."""

from __future__ import annotations

import os
import select
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

_TICK = 0.05
"""Seconds between two checks, on systems that do not report the end."""


def has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Whether a program has ended; the caller still has to wait for its exit code."""
    try:
        return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return True


def wait(process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Wait until a program has ended, and return whether it has.

    The caller still has to wait for its exit code. With a time limit, `Popen.wait` sleeps up to 50
    ms between two checks. If the system reports the end of a process (pidfd_open(2), Linux 5.3),
    this function does not sleep.

    Args:
        process: the process that was started.
        seconds: seconds to wait at most.
    """
    deadline = time.monotonic() + max(0.0, seconds)
    with end_told(process) as ended:
        while not has_ended(process):
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            if ended is None:
                time.sleep(min(left, _TICK))
            else:
                poll = select.poll()
                poll.register(ended, select.POLLIN)
                poll.poll(left * 1000)
    return True


@contextmanager
def end_told(process: subprocess.Popen[bytes]) -> Iterator[int | None]:
    """Yield a descriptor that is readable when a program has ended; None if unsupported."""
    try:
        descriptor = os.pidfd_open(process.pid)
    except (AttributeError, OSError):  # another system, an older kernel, or a sandbox
        yield None
        return
    try:
        yield descriptor
    finally:
        os.close(descriptor)
