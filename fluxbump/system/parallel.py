"""How work on many files is divided. Pure; `process_pool` divides it among processes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

A = TypeVar("A")
B = TypeVar("B")


class Spread(Protocol):
    """Does work on parts of a sequence."""

    def __call__(self, work: Callable[[Sequence[A]], B], items: Sequence[A], /) -> list[B]:
        """Return what `work` makes of each part, in the order of the parts.

        Args:
            work: pure, and what it returns can be pickled. What it does to `items` may be lost.
            items: to be divided.
        """


def serially(work: Callable[[Sequence[A]], B], items: Sequence[A], /) -> list[B]:
    """Do the whole as one part, here."""
    return [work(items)]
