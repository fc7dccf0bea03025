"""Read the files of a snapshot as text, within the size budget of a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fluxbump.errors import PinError
from fluxbump.model import Location, Snapshot, Unreadable
from fluxbump.text import budget
from fluxbump.text.live_code import YAML, decode, suffix_of


class TextReader:
    """Reads files of a snapshot as text, and remembers those that are too large.

    Attributes:
        snapshot: the snapshot that has the files.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._refused: dict[str, Unreadable] = {}

    def texts(self, paths: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Yield each path with its text, in the given order, without files that are too large."""
        for path, data in self.snapshot.read_many(paths):
            excess = _excess(path, data)
            if excess is None:
                yield path, decode(data)
            else:
                self._refused[path] = Unreadable(Location(path, 1), excess, within_budget=False)

    @property
    def refused(self) -> tuple[Unreadable, ...]:
        """The files that were too large, sorted by path."""
        return tuple(self._refused[path] for path in sorted(self._refused))


def text_of(snapshot: Snapshot, path: str) -> str:
    """Return the text of a file that a command cannot go on without.

    Raises:
        PinError: the file exceeds the size budget.
        KeyError: there is no such file.
    """
    data = snapshot.read(path)
    excess = _excess(path, data)
    if excess is not None:
        raise PinError(f"this file {excess}", where=Location(path, 1), hint="make it smaller")
    return decode(data)


def _excess(path: str, data: bytes) -> str | None:
    return budget.REPOSITORY_FILE.excess(data, is_yaml=suffix_of(path) in YAML)
