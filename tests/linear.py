"""Work that grows with its input, and work that ends: judged as a ratio, never as a time.

A time is of a machine and of what else runs on it. Two sizes that are measured one after the other
in one process share both.
"""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

import pytest

_Input = TypeVar("_Input")
NOISE = 0.02
"""Seconds of processor time below which a measurement says nothing."""
_ENDLESS = 300.0
"""Seconds of processor time after which a test fails instead of being killed with its job."""


@contextlib.contextmanager
def ends() -> Iterator[None]:
    """Fail what does not end: exponential work, or a loop without one."""

    def give_up(*_: object) -> None:
        pytest.fail("the work does not end")

    before = signal.signal(signal.SIGVTALRM, give_up)
    signal.setitimer(signal.ITIMER_VIRTUAL, _ENDLESS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def seconds(work: Callable[[_Input], object], given: _Input, *, best_of: int) -> float:
    """Return the least processor time of several; of others' work a little is in each."""
    taken = []
    for _ in range(best_of):
        started = time.process_time()
        work(given)
        taken.append(time.process_time() - started)
    return min(taken)


def assert_linear(
    work: Callable[[_Input], object], grow: Callable[[int], _Input], size: int
) -> None:
    """Tenfold input takes less than thirtyfold time; what is linear takes ten.

    `size` is what `grow` is given for the smaller input. What is above the limit is measured again,
    more often: a machine that was busy for a moment is no finding.
    """
    with ends():
        work(grow(max(1, size // 40)))  # what is imported and compiled once
        small_input, large_input = grow(size), grow(10 * size)
        for best_of in (1, 3, 5):
            small = seconds(work, small_input, best_of=best_of + 1)
            large = seconds(work, large_input, best_of=best_of)
            if large < 30 * max(small, NOISE):
                return
    pytest.fail(f"ten times the input takes {large / small:.0f} times as long: {large:.2f} s")
