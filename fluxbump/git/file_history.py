"""Values for earlier versions of files, which `history` reads."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime

from msgspec import Struct


class Held(Struct, frozen=True):
    """One version that a file has had.

    Attributes:
        path: the file's path at that time.
        data: the file's bytes.
        since: when the first commit with this version was made; None for a version that no single
            commit made.
    """

    path: str
    data: bytes
    since: datetime | None


Lineage = Callable[[Collection[str]], Sequence[Held]]
"""A function that returns all versions that some files have had.

It raises RepositoryError if the history is not complete.
"""
