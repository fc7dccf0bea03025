"""The interface through which rooms read files: a commit, the index, or the working tree."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol


class Snapshot(Protocol):
    """A read-only view of a repository's regular files at one moment."""

    @property
    def name(self) -> str:
        """The name that people see for the snapshot: a revision, `working tree`, or `index`."""
        ...

    @property
    def time(self) -> datetime:
        """The time of the snapshot's commit. A bump writes it as `generated` into a Chart.lock."""
        ...

    def paths(self) -> Sequence[str]:
        """Return the paths of all regular files, sorted, without symbolic links and submodules."""
        ...

    def read(self, path: str) -> bytes:
        """Return the bytes of a file as git stores them.

        Raises:
            KeyError: the snapshot has no such file.
        """
        ...

    def read_many(self, paths: Iterable[str]) -> Iterable[tuple[str, bytes]]:
        """Yield each path with its bytes, in the order given."""
        ...

    def below(self, folder: str) -> Sequence[str]:
        """Return the paths of all files below `folder`, sorted.

        `folder` ends in `/`, or is empty for the root.

        In a working tree this includes files that git ignores.
        """
        ...

    def grep(self, needles: Sequence[str]) -> Sequence[str]:
        """Return the paths of the text files that contain at least one of `needles`, sorted."""
        ...

    def links(self) -> Mapping[str, str]:
        """Return the path of each symbolic link, with its target exactly as the link stores it."""
        ...

    def modules(self) -> Sequence[str]:
        """Return the directories of submodules, sorted. The snapshot does not have their files."""
        ...
