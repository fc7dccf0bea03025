"""Snapshots without git: files in memory, and a change set over another snapshot. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from msgspec import Struct, field

from fluxbump.model import Snapshot

_BINARY_PROBE = 8000  # bytes; git calls a file binary when a NUL stands in the first 8,000


def contains(data: bytes, needles: Sequence[str]) -> bool:
    """Whether `data` contains any of `needles`; always False for binary data."""
    if b"\0" in data[:_BINARY_PROBE]:
        return False
    return any(needle.encode() in data for needle in needles)


class ChangeSet(Struct, frozen=True):
    """A set of edits: the new bytes of each changed file, by path; None for a deleted file."""

    files: Mapping[str, bytes | None] = field(default_factory=dict)


class MemorySnapshot(Struct, frozen=True):
    """A snapshot of files in memory.

    Attributes:
        linked: the target of each symbolic link, by path.
    """

    files: Mapping[str, bytes]
    name: str = "memory"
    time: datetime = datetime(2026, 4, 29, tzinfo=UTC)
    linked: Mapping[str, str] = field(default_factory=dict)

    def paths(self) -> Sequence[str]:
        """Return all files, sorted."""
        return sorted(self.files)

    def read(self, path: str) -> bytes:
        """Return the bytes of a file; raises KeyError if there is no such file."""
        return self.files[path]

    def read_many(self, paths: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Yield each path with its bytes."""
        for path in paths:
            yield path, self.files[path]

    def below(self, folder: str) -> Sequence[str]:
        """Return all files below `folder`."""
        return [path for path in self.paths() if path.startswith(folder)]

    def grep(self, needles: Sequence[str]) -> Sequence[str]:
        """Return the text files that contain any of `needles`, sorted."""
        return [path for path in self.paths() if contains(self.files[path], needles)]

    def links(self) -> Mapping[str, str]:
        """Return the target of each symbolic link, by path."""
        return self.linked

    def modules(self) -> Sequence[str]:
        """Return no submodules, because memory has none."""
        return ()


class Overlay(Struct, frozen=True):
    """A snapshot of the files after a change set is applied to another snapshot."""

    base: Snapshot
    changes: ChangeSet

    @property
    def name(self) -> str:
        """The name of the base, followed by `with the change set`."""
        return f"{self.base.name} with the change set"

    @property
    def time(self) -> datetime:
        """The time of the base."""
        return self.base.time

    def paths(self) -> Sequence[str]:
        """Return all files after the change, sorted."""
        changed = self.changes.files
        kept = {path for path in self.base.paths() if path not in changed}
        return sorted(kept | {path for path, data in changed.items() if data is not None})

    def read(self, path: str) -> bytes:
        """Return the bytes of a file after the change; raises KeyError if there is no such file."""
        return next(iter(self.read_many([path])))[1]

    def read_many(self, paths: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Yield each path with its bytes after the change."""
        wanted = list(paths)
        untouched = iter(self.base.read_many(p for p in wanted if p not in self.changes.files))
        for path in wanted:
            if path not in self.changes.files:
                yield next(untouched)
                continue
            data = self.changes.files[path]
            if data is None:
                raise KeyError(path)
            yield path, data

    def below(self, folder: str) -> Sequence[str]:
        """Return all files below `folder` after the change, sorted."""
        changed = self.changes.files
        kept = {path for path in self.base.below(folder) if path not in changed}
        come = {path for path, data in changed.items() if data is not None}
        return sorted(kept | {path for path in come if path.startswith(folder)})

    def grep(self, needles: Sequence[str]) -> Sequence[str]:
        """Return the text files that contain any of `needles` after the change, sorted."""
        changed = self.changes.files
        found = {path for path in self.base.grep(needles) if path not in changed}
        found |= {p for p, data in changed.items() if data is not None and contains(data, needles)}
        return sorted(found)

    def links(self) -> Mapping[str, str]:
        """Return the symbolic links of the base, because a change set makes none."""
        return self.base.links()

    def modules(self) -> Sequence[str]:
        """Return the submodules of the base."""
        return self.base.modules()
