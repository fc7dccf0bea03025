"""Sets limits on the time and memory that fluxbump spends on a file of others. Pure.

Work on a file grows linearly with its size, so a limit on its bytes limits time and memory. Parsers
spend different amounts on a byte, so the values of YAML and the marks of other languages have
limits of their own. The reader of a file that exceeds a limit reports it: as a finding if rules
read it, or as an error if a command needs it.
"""

from __future__ import annotations

from msgspec import Struct

_MARKS = b"{}[]()\"'`=$#"
"""The characters at which the scanners of HCL, templates, scripts and program source stop."""


PIN = 200
"""How many steps a pin or a note costs, for reading it and for the rules that check it."""


class ExceededError(Exception):
    """A file exceeds its budget; the message says which limit."""


class FileBudget(Struct, frozen=True, kw_only=True):
    """The maximum values for one file of a kind.

    Attributes:
        size: the size of the file in bytes.
        values: the keys, values, and collections in YAML or JSON. Each takes 300 bytes of memory.
        slow: the characters that YAML's pure parser gets, which takes ten microseconds for each.
        depth: the depth of nested collections in flow style, because libyaml recurses on the C
            stack.
        steps: the steps of a search for pins. A word of a command is one step, a pin or a note is
            `PIN` steps. This limits the pins found in a file, and the work of rules on them.
        marks: the brackets, quotes, and signs in other languages. A scanner takes a step for each.
        members: the files and folders in an archive.
        documents: the documents of a manifest.
        entries: the releases of one chart in an index. The community has published a hundred.
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
        """Return which limit a file exceeds, as a phrase; None if it exceeds none.

        It is called before the file is parsed.

        Args:
            data: the file, or as much of it as was read.
            is_yaml: whether the file is YAML. The parser counts its values, so marks do not count.
        """
        if len(data) > self.size:
            return f"takes more than {self.shown_size}"
        if not is_yaml and len(data) > self.marks and _marks(data) > self.marks:
            return f"has more than {self.marks:,} brackets, quotes, and signs"
        return None

    @property
    def shown_size(self) -> str:
        """The maximum size for people, such as `16 MiB`."""
        whole = self.size >> 20
        return f"{whole} MiB" if whole else f"{self.size >> 10} KiB"


def _marks(data: bytes) -> int:
    return sum(data.count(mark) for mark in _MARKS)


REPOSITORY_FILE = FileBudget(size=16 << 20)
"""A file of the repository. The manifests of all controllers take half a mebibyte."""

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
"""The manifest of a Flux release: its `install.yaml`, or the output of helm for its chart."""

MOST_READ = max(file_budget.size for file_budget in (REPOSITORY_FILE, ARCHIVE)) + 1
"""How many bytes of a repository's file are read at most: one more than the largest limit."""
