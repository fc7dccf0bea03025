"""What this process has changed outside of itself, so that a bug afterwards is not told as nothing.

One record for the process, because the border has to know it wherever an exception comes from.
Caches, and objects in git that no ref holds, are not in it: nobody sees them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from msgspec import Struct

_MOST = 5
"""Changes that a line lists."""


class RecordedChange(Struct):
    """A change that was begun.

    Attributes:
        what: in the past tense.
        made: whether it was; None while that is not certain.
    """

    what: str
    made: bool | None = None


_CHANGES: list[RecordedChange] = []


@contextmanager
def changing(what: str) -> Iterator[RecordedChange]:
    """Record a change that the block makes, and which may say that it was not made after all.

    It counts as perhaps made when an exception ends the block: a push that was cut off may have
    arrived.

    Args:
        what: in the past tense, such as `pushed the branch x`.
    """
    change = RecordedChange(what)
    _CHANGES.append(change)
    yield change
    if change.made is None:
        change.made = True


def begin() -> None:
    """Forget what is recorded: a run begins."""
    _CHANGES.clear()


def so_far() -> str:
    """Return what was changed, in one clause; empty for nothing."""
    told = [
        change.what if change.made else f"perhaps {change.what}"
        for change in _CHANGES
        if change.made is not False
    ]
    more = len(told) - _MOST
    return ", ".join(told[:_MOST] + ([f"and {more} more"] if more > 0 else []))
