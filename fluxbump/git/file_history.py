"""What files have held before, as values: `history` reads it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime

from msgspec import Struct


class Held(Struct, frozen=True):
    """What a file has held at some time.

    Attributes:
        path: what it was called then.
        data: its bytes.
        since: when the first commit with them was made; None for what no single commit made.
    """

    path: str
    data: bytes
    since: datetime | None


Lineage = Callable[[Collection[str]], Sequence[Held]]
"""Returns all that some files have held; raises RepositoryError where that cannot be told."""
