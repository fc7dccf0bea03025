"""Indexes the downloads and digests of a file by place, to find those in a scope. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import islice

from msgspec import Struct

from fluxbump.discover.digests.downloads import Download
from fluxbump.discover.digests.spellings import Digest
from fluxbump.text.live_code import TextFile
from fluxbump.text.scopes import EnclosingScope, Scopes

_NEAR = 4
"""How many lines above and below a digest are searched for a download."""
_BRACKETS = 4
"""How many pairs of brackets around a place are scopes."""
_TEMPLATES = (".yml", ".yaml", ".j2", ".tpl", ".tftpl")


class Places(Struct, dict=True):
    """The downloads and digests of one file, by their places.

    Attributes:
        file: the file with the downloads and digests.
        downloads: the downloads in the file's order.
        digests: the digests in the file's order.
    """

    file: TextFile
    downloads: Sequence[Download]
    digests: Sequence[Digest]

    @cached_property
    def scopes(self) -> Scopes:
        """The scopes of the file."""
        return Scopes(self.file)

    @cached_property
    def _starts(self) -> list[int]:
        return [download.start for download in self.downloads]

    @cached_property
    def _digest_starts(self) -> list[int]:
        return [digest.start for digest in self.digests]

    def around(self, start: int) -> Iterator[EnclosingScope]:
        """Yield the scopes around a place that may connect a digest to a URL, innermost first."""
        statement = self.scopes.statement(start)
        some = [statement, *islice(self.scopes.brackets(start), _BRACKETS)]
        mappings = self.scopes.mappings(start) if self._has_mappings else iter(())
        some += islice(mappings, 1)
        yield from sorted(some, key=lambda scope: scope.end - scope.start)
        yield from (scope for scope in islice(mappings, 1) if scope.start)

    @cached_property
    def _has_mappings(self) -> bool:
        is_yaml = self.file.is_yaml and not self.file.path.endswith(".json")
        return is_yaml or self.file.path.endswith(_TEMPLATES)

    def downloads_in(self, scope: EnclosingScope) -> list[Download]:
        """Return the downloads that begin in a scope."""
        first = bisect_left(self._starts, scope.start)
        last = bisect_left(self._starts, scope.end)
        return list(self.downloads[first:last])

    def digests_in(self, scope: EnclosingScope) -> Sequence[Digest]:
        """Return the digests that begin in a scope."""
        first = bisect_left(self._digest_starts, scope.start)
        return self.digests[first : bisect_left(self._digest_starts, scope.end)]

    def window(self, start: int) -> EnclosingScope:
        """Return the lines near an offset as a scope."""
        begin = end = start
        for _ in range(_NEAR + 1):
            begin = self.file.text.rfind("\n", 0, begin) if begin > 0 else begin
            end = self.file.text.find("\n", end + 1) if end >= 0 else end
        return EnclosingScope(max(begin, 0), len(self.file.text) if end < 0 else end, "statement")

    def url_before(self, start: int) -> Download | None:
        """Return the last URL that begins before an offset; None if there is none."""
        last = bisect_left(self._starts, start) - 1
        while last >= 0 and self.downloads[last].variable:
            last -= 1
        return self.downloads[last] if last >= 0 else None

    def lines_between(self, start: int, end: int) -> int:
        """Return how many lines an offset is below another one."""
        return self.file.location(end).line - self.file.location(start).line
