"""Search a snapshot for texts: as seldom as possible, and a large tree in parallel parts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import AnyStr, Generic

from msgspec import Struct

from fluxbump.text.budget import MOST_READ

_MOST_LOOSE = 2_000  # files that are named one by one: a command line has its limits
_GRAIN = 4  # pieces to each part, so that parts come out about equal

_STEMS = ("lux", "FLUX")
"""Parts of needles: more than half of all needles contain one, but few files without a needle."""


class Searched(ABC):
    """A snapshot that searches with git, as seldom as it can.

    A search of a large tree costs more than reading the files that were found. So a search for some
    needles of an earlier search reads only the files that the earlier one found.
    """

    def __init__(self) -> None:
        self._searches: dict[frozenset[str], list[str]] = {}
        self._held: dict[str, bytes] = {}

    @abstractmethod
    def _search(self, needles: Sequence[str]) -> list[str]:
        """Return the files that contain any of `needles`, sorted."""

    @abstractmethod
    def read_many(self, paths: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Yield each path with the bytes of its file."""

    def grep(self, needles: Sequence[str]) -> Sequence[str]:
        """Return the files that contain any of `needles`, sorted."""
        wanted = frozenset(needles)
        if wanted not in self._searches:
            among = next((paths for known, paths in self._searches.items() if wanted < known), None)
            least = shortest(wanted)
            if among is None:
                stems = shortest(stemmed(least))
                among = self._search(stems)
                self._searches[frozenset(stems)] = among
            if wanted not in self._searches:
                self._searches[wanted] = self._holding(least, among)
        return self._searches[wanted]

    def _holding(self, needles: Iterable[str], paths: Sequence[str]) -> list[str]:
        """Return the paths, of files that a search has found, that contain any of these needles."""
        self._held.update(self.read_many(path for path in paths if path not in self._held))
        if any(len(self._held[path]) >= MOST_READ for path in paths):
            return self._search(sorted(needles))  # only the beginning of a file is here
        return holding(needles, ((path, self._held[path]) for path in paths))


def shortest(needles: Collection[str]) -> list[str]:
    """Return the needles that contain no other needle, sorted; they find the same files."""
    return sorted(
        needle
        for needle in needles
        if not any(other in needle for other in needles if other != needle)
    )


def stemmed(needles: Collection[str]) -> set[str]:
    """Return fewer texts, of which each file that contains a needle contains one.

    Git searches a file for one needle after the other. Measured with `make bench`: without stems,
    `git grep` takes 1.4 times the processor time on 10,000 files.
    """
    return {next((stem for stem in _STEMS if stem in needle), needle) for needle in needles}


def holding(needles: Iterable[str], files: Iterable[tuple[str, bytes]]) -> list[str]:
    """Return the paths of the files that contain any of `needles`."""
    wanted = Needles(needle.encode("utf-8", "surrogateescape") for needle in sorted(needles))
    return [path for path, data in files if wanted.are_in(data)]


class Needles(Generic[AnyStr]):
    """Tests files, one after the other, for any of some fixed texts.

    The next file often contains the same text, so the text found last is tried first.
    """

    def __init__(self, needles: Iterable[AnyStr]) -> None:
        self._likely = [*needles]

    def are_in(self, text: AnyStr) -> bool:
        """Whether a text contains any of the needles."""
        likely = self._likely
        place = next((place for place, needle in enumerate(likely) if needle in text), None)
        if place is not None:
            likely.insert(0, likely.pop(place))
        return place is not None


class Listing(Struct, frozen=True):
    """A commit's files and folders.

    Attributes:
        paths: the paths of its files, sorted.
        blobs: the mode and the object name of each file, by path.
        trees: the object name of each folder, by path without a slash at the end; `""` is the root.
    """

    paths: Sequence[str]
    blobs: Mapping[str, tuple[bytes, bytes]]
    trees: Mapping[str, bytes]


class Part(Struct, frozen=True):
    """A part of a commit's files.

    Attributes:
        names: the paths of each tree and blob, by object name.
    """

    names: Mapping[bytes, Sequence[str]]

    def path(self, found: bytes) -> Iterator[str]:
        """Yield the paths for a line of `git grep`: `TREE:path below it`, or the name of a blob."""
        name, colon, below = found.partition(b":")
        inner = below.decode("utf-8", "surrogateescape")
        for path in self.names[name]:
            yield f"{path}/{inner}" if colon and path else inner or path


def divide(listing: Listing, number: int) -> list[Part]:
    """Divide a commit's files into parts of about the same number of files.

    Folders stay whole if possible, because `git grep` takes a folder as one name.
    """
    whole, loose = {"": len(listing.paths)}, list[str]()
    while whole:
        largest = max(whole, key=lambda folder: whole[folder])
        if whole[largest] * number * _GRAIN <= len(listing.paths):
            break
        folders, direct = _inside(listing.paths, largest)
        if not folders or len(loose) + len(direct) > _MOST_LOOSE:
            break
        del whole[largest]
        loose += direct
        whole |= folders
    return _parts(listing, whole, loose, number)


def _inside(paths: Sequence[str], folder: str) -> tuple[dict[str, int], list[str]]:
    """Return a folder's subfolders with their numbers of files, and the files directly in it."""
    folders, direct = dict[str, int](), list[str]()
    prefix = f"{folder}/" if folder else ""
    position = bisect_left(paths, prefix)
    while position < len(paths) and paths[position].startswith(prefix):
        name, slash, _ = paths[position].removeprefix(prefix).partition("/")
        behind = position + 1
        if slash:
            behind = bisect_left(paths, f"{prefix}{name}0")  # 0 comes right behind /
            folders[f"{prefix}{name}"] = behind - position
        else:
            direct.append(paths[position])
        position = behind
    return folders, direct


def _parts(
    listing: Listing, whole: Mapping[str, int], loose: Sequence[str], number: int
) -> list[Part]:
    """Make the parts: each folder goes to the smallest part, and loose files go around in turn."""
    parts = [defaultdict[bytes, list[str]](list) for _ in range(number)]
    filled = [0] * number
    for folder, size in sorted(whole.items(), key=lambda item: -item[1]):
        least = filled.index(min(filled))
        filled[least] += size
        parts[least][listing.trees[folder]].append(folder)
    for turn, path in enumerate(loose):
        _, name = listing.blobs[path]
        parts[turn % number][name].append(path)
    return [Part(part) for part in parts if part]
