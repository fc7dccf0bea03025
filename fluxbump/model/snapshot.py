"""A read-only view of a repository at one moment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol


class Snapshot(Protocol):
    """A read-only view of a repository's regular files at one moment."""

    @property
    def name(self) -> str:
        """What the snapshot shows, for people: a revision, `working tree`, `index`."""
        ...

    @property
    def time(self) -> datetime:
        """When the snapshot's commit was made; what `generated` in a Chart.lock is set to."""
        ...

    def paths(self) -> Sequence[str]:
        """All regular files, sorted; symbolic links and submodules are not files."""
        ...

    def read(self, path: str) -> bytes:
        """Return a file's bytes as git stores them; KeyError when there is none."""
        ...

    def read_many(self, paths: Iterable[str]) -> Iterable[tuple[str, bytes]]:
        """Yield each path with its bytes, in the order given."""
        ...

    def below(self, folder: str) -> Sequence[str]:
        """All files below `folder` (which ends in `/`, or is empty), sorted.

        In a working tree this includes files that git ignores.
        """
        ...

    def grep(self, needles: Sequence[str]) -> Sequence[str]:
        """Return the text files that contain any of `needles`, sorted."""
        ...

    def links(self) -> Mapping[str, str]:
        """Return the symbolic links, each with what it holds, as it stands."""
        ...

    def modules(self) -> Sequence[str]:
        """The directories of submodules, sorted; their files are not here."""
        ...
