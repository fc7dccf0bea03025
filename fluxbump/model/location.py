"""The type of a place in a file, which pins and findings carry."""

from __future__ import annotations

from msgspec import Struct


class Location(Struct, frozen=True, order=True):
    """A place in a file of the repository.

    Attributes:
        path: the file, relative to the root of the repository, with `/` as separator.
        line: the line number, counted from 1.
        column: the column, counted in characters from 1.
    """

    path: str
    line: int
    column: int = 1

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"
