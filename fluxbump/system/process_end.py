"""Tells when a program has ended, without waiting for it longer than that takes."""

from __future__ import annotations

import os
import select
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

_TICK = 0.05
"""Seconds between two looks, where the system does not tell."""


def has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Tell whether a program has ended, and leave it to be waited for."""
    try:
        return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return True


def wait(process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Wait until a program has ended; tell whether it has. It is left to be waited for.

    With a time limit, `Popen.wait` sleeps up to 50 ms between two looks. Where the system tells
    when a process has ended (pidfd_open(2), Linux 5.3), nothing is slept.

    Args:
        process: that was started.
        seconds: that it may take from now on.
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
    """Give a descriptor that can be read when a program has ended; None where there is none."""
    try:
        descriptor = os.pidfd_open(process.pid)
    except (AttributeError, OSError):  # another system, an older kernel, or a sandbox
        yield None
        return
    try:
        yield descriptor
    finally:
        os.close(descriptor)
