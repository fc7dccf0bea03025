"""A place in a file of the repository."""

from __future__ import annotations

from msgspec import Struct


class Location(Struct, frozen=True, order=True):
    """A place in a file of the repository.

    Attributes:
        path: relative to the repository's root, with `/`.
        line: 1-based.
        column: 1-based, in characters.
    """

    path: str
    line: int
    column: int = 1

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"
