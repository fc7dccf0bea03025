"""The interface for dividing work on many files. Pure; `process_pool` uses processes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

A = TypeVar("A")
B = TypeVar("B")


class Spread(Protocol):
    """A function that applies work to the parts of a sequence."""

    def __call__(self, work: Callable[[Sequence[A]], B], items: Sequence[A], /) -> list[B]:
        """Return the result of `work` for each part, in the order of the parts.

        Args:
            work: a pure function whose result can be pickled. Its changes to `items` may be lost.
            items: the sequence to divide.
        """


def serially(work: Callable[[Sequence[A]], B], items: Sequence[A], /) -> list[B]:
    """Apply `work` to all items as one part, in this process."""
    return [work(items)]
