"""Snapshots that need no git: files in memory, and a change set over another snapshot. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from msgspec import Struct, field

from fluxbump.model import Snapshot

_BINARY_PROBE = 8000  # bytes; git calls a file binary when a NUL stands in the first 8,000


def contains(data: bytes, needles: Sequence[str]) -> bool:
    """Whether text `data` contains any of `needles`; never so for binary data."""
    if b"\0" in data[:_BINARY_PROBE]:
        return False
    return any(needle.encode() in data for needle in needles)


class ChangeSet(Struct, frozen=True):
    """The files after the edits: path to new bytes, or None for a file that goes."""

    files: Mapping[str, bytes | None] = field(default_factory=dict)


class MemorySnapshot(Struct, frozen=True):
    """Files held in memory."""

    files: Mapping[str, bytes]
    name: str = "memory"
    time: datetime = datetime(2026, 4, 29, tzinfo=UTC)
    linked: Mapping[str, str] = field(default_factory=dict)

    def paths(self) -> Sequence[str]:
        """All files, sorted."""
        return sorted(self.files)

    def read(self, path: str) -> bytes:
        """Return a file's bytes; KeyError when there is none."""
        return self.files[path]

    def read_many(self, paths: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Yield each path with its bytes."""
        for path in paths:
            yield path, self.files[path]

    def below(self, folder: str) -> Sequence[str]:
        """All files below `folder`."""
        return [path for path in self.paths() if path.startswith(folder)]

    def grep(self, needles: Sequence[str]) -> Sequence[str]:
        """Return the text files that contain any of `needles`."""
        return [path for path in self.paths() if contains(self.files[path], needles)]

    def links(self) -> Mapping[str, str]:
        """Return the symbolic links that it was given."""
        return self.linked

    def modules(self) -> Sequence[str]:
        """No submodules: they are not held in memory."""
        return ()


class Overlay(Struct, frozen=True):
    """A change set over another snapshot: what the repository will be."""

    base: Snapshot
    changes: ChangeSet

    @property
    def name(self) -> str:
        """The base's name, and that it is changed."""
        return f"{self.base.name} with the change set"

    @property
    def time(self) -> datetime:
        """The base's time."""
        return self.base.time

    def paths(self) -> Sequence[str]:
        """The base's files, less those that go, and those that come."""
        changed = self.changes.files
        kept = {path for path in self.base.paths() if path not in changed}
        return sorted(kept | {path for path, data in changed.items() if data is not None})

    def read(self, path: str) -> bytes:
        """Return a file's bytes after the change; KeyError when there is none."""
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
        """All files below `folder` after the change."""
        changed = self.changes.files
        kept = {path for path in self.base.below(folder) if path not in changed}
        come = {path for path, data in changed.items() if data is not None}
        return sorted(kept | {path for path in come if path.startswith(folder)})

    def grep(self, needles: Sequence[str]) -> Sequence[str]:
        """Return the text files that contain any of `needles` after the change."""
        changed = self.changes.files
        found = {path for path in self.base.grep(needles) if path not in changed}
        found |= {p for p, data in changed.items() if data is not None and contains(data, needles)}
        return sorted(found)

    def links(self) -> Mapping[str, str]:
        """Return the base's symbolic links: a change set makes none."""
        return self.base.links()

    def modules(self) -> Sequence[str]:
        """The base's submodules."""
        return self.base.modules()
