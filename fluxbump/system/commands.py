"""Waits for a process, and no longer than it takes."""

from __future__ import annotations

import os
import select
import subprocess


def wait(process: subprocess.Popen[bytes], seconds: float) -> int:
    """Return the exit code of a process; that of `Popen.wait`, which asks again and again.

    With a time limit, `Popen.wait` sleeps up to 50 ms between two looks. Where the system tells
    when a process has ended (pidfd_open(2), Linux 5.3), nothing is slept.

    Args:
        process: that was started.
        seconds: that it may take from now on.

    Raises:
        subprocess.TimeoutExpired: it takes longer, and goes on.
    """
    if process.poll() is None and hasattr(os, "pidfd_open"):
        try:
            ended = os.pidfd_open(process.pid)
        except OSError:  # an older kernel, or a sandbox that does not allow it
            return process.wait(seconds)
        try:
            poll = select.poll()
            poll.register(ended, select.POLLIN)
            if not poll.poll(max(0.0, seconds) * 1000):
                raise subprocess.TimeoutExpired(process.args, seconds)
        finally:
            os.close(ended)
    return process.wait(max(0.0, seconds))
