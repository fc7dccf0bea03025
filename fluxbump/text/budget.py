"""What a file that others wrote may take. Pure.

Work on a file grows linearly with its size, so a limit on its bytes limits time and memory. What a
parser makes of a byte differs, so the values of YAML and the marks of other languages have a limit
of their own. Whoever reads a file names it when it exceeds one, as a finding where rules search, as
an error where a command cannot go on without the file.
"""

from __future__ import annotations

from msgspec import Struct

_MARKS = b"{}[]()\"'`=$#"
"""What scanners of HCL, templates, scripts, and program source stop at."""


PIN = 200
"""Steps that a pin or a note takes: reading it, and the rules that check it."""


class ExceededError(Exception):
    """A file takes more than its budget; the message says which limit."""


class FileBudget(Struct, frozen=True, kw_only=True):
    """The limits for one file of a kind.

    Attributes:
        size: bytes.
        values: keys, values, and collections of YAML or JSON. One takes 300 bytes of memory.
        slow: characters for YAML's pure parser, which takes ten microseconds for each.
        depth: collections in flow style, one inside the other; libyaml recurses on the C stack.
        steps: of a search for pins: a word of a command is one, a pin or a note is `PIN`. It bounds
            what is found in a file of any size, and what rules have to do with that.
        marks: brackets, quotes, and signs of other languages; a scanner makes a step for each.
        members: files and folders in an archive.
        documents: of a manifest.
        entries: releases of one chart in an index; the community has published a hundred.
    """

    size: int
    values: int = 2_000_000
    slow: int = 256 << 10
    depth: int = 200
    steps: int = 500_000
    marks: int = 2_000_000
    members: int = 10_000
    documents: int = 2_000
    entries: int = 20_000

    def excess(self, data: bytes, *, is_yaml: bool = True) -> str | None:
        """Say which limit a file exceeds before anything parses it; None if it exceeds none.

        Args:
            data: the file, or as much of it as was read.
            is_yaml: its values are counted when it is parsed, so its marks are not.
        """
        if len(data) > self.size:
            return f"takes more than {self.shown_size}"
        if not is_yaml and len(data) > self.marks and _marks(data) > self.marks:
            return f"has more than {self.marks:,} brackets, quotes, and signs"
        return None

    @property
    def shown_size(self) -> str:
        """The limit of the size, for people."""
        whole = self.size >> 20
        return f"{whole} MiB" if whole else f"{self.size >> 10} KiB"


def _marks(data: bytes) -> int:
    return sum(data.count(mark) for mark in _MARKS)


REPOSITORY_FILE = FileBudget(size=16 << 20)
"""A file that is searched; the manifests of all controllers take half a mebibyte."""

SETTINGS = FileBudget(size=256 << 10)
"""`fluxbump.yaml`."""

FLEET = FileBudget(size=4 << 20)
"""The file of a fleet; ten thousand repositories are a tenth of that."""

INDEX = FileBudget(size=64 << 20)
"""A chart index. The largest public ones take some 30 MiB."""

ARCHIVE = FileBudget(size=32 << 20)
"""A chart archive, packed as well as unpacked."""

DOWNLOADED_ARCHIVE = FileBudget(size=10 << 20)
"""A chart archive that an index names; that of Flux takes 0.1 MiB."""

ARCHIVED_FILE = FileBudget(size=5 << 20)
"""One file of an archive; Helm has the same limit (`pkg/chart/loader/archive`)."""

MANIFEST = FileBudget(size=32 << 20)
"""What a release of Flux ships: its `install.yaml`, or what helm renders of its chart."""

MOST_READ = max(file_budget.size for file_budget in (REPOSITORY_FILE, ARCHIVE)) + 1
"""Bytes that are read of a repository's file at the most: enough to tell that it is too large."""
