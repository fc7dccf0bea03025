"""Record what this process has changed, so that the message of a later bug names it.

There is one record for the process, because an exception can come from any place. Caches, and
objects in git without a ref, are not recorded, because users do not see them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from msgspec import Struct

_MOST = 5
"""The most changes that a message lists."""


class RecordedChange(Struct):
    """A change that was started.

    Attributes:
        what: the change, in the past tense.
        made: whether the change was made; None as long as that is not certain.
    """

    what: str
    made: bool | None = None


_CHANGES: list[RecordedChange] = []


@contextmanager
def changing(what: str) -> Iterator[RecordedChange]:
    """Record a change that the block makes.

    The block can set `made` to False if the change was not made. If an exception ends the block,
    the change counts as perhaps made: a push that was cut off may have arrived.

    Args:
        what: the change in the past tense, such as `pushed the branch x`.
    """
    change = RecordedChange(what)
    _CHANGES.append(change)
    yield change
    if change.made is None:
        change.made = True


def begin() -> None:
    """Clear the record at the start of a run."""
    _CHANGES.clear()


def so_far() -> str:
    """Return the recorded changes as one clause; empty if there are none."""
    told = [
        change.what if change.made else f"perhaps {change.what}"
        for change in _CHANGES
        if change.made is not False
    ]
    more = len(told) - _MOST
    return ", ".join(told[:_MOST] + ([f"and {more} more"] if more > 0 else []))
