"""Finds rows of tables of chart versions and releases that mark the current release. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from fluxbump.text import versions
from fluxbump.text.live_code import Language, TextFile
from fluxbump.text.patterns import lazy_pattern

MARKER = lazy_pattern(r"(?:<-+|←)\s*[Cc](?i:urrent)\b|\([Cc](?i:urrent)\)")
"""Matches the marker behind the row of the installed release, such as `<- current`."""


class Token(Struct, frozen=True):
    """A version in a text, with its offsets."""

    value: str
    start: int
    end: int


class MarkedRow(Struct, frozen=True):
    """A mapping row that carries the marker.

    Attributes:
        release: the Flux release that it names.
        chart: the chart version that it names; the index says that it ships `release`.
        start: offset of the line's first character.
        end: the offset behind its last character.
        marker: the span of the marker.
    """

    release: str
    chart: str
    start: int
    end: int
    marker: tuple[int, int]


def marked_rows(file: TextFile, app_versions: Mapping[str, str]) -> Iterator[MarkedRow]:
    """Yield the mapping rows of comments and documents that carry the marker.

    A row is recognised by holding a chart version together with the Flux release that the index
    says it ships, so a marker on anything else is never taken for one.
    """
    if "URRENT" not in file.text and "urrent" not in file.text:
        return
    if file.language in (Language.RECORD, Language.LOCK):
        return  # what was so at one time stays as it was written
    for marker in MARKER.finditer(file.text):
        if not file.is_live(marker.start()):
            line = file.line_span(marker.start())
            pair = _pair(tokens(file.text, *line), app_versions)
            if pair is not None:
                yield MarkedRow(*pair, *line, marker.span())


def tokens(text: str, start: int, end: int) -> list[Token]:
    """Return the versions between two offsets."""
    return [
        Token(m["version"], *m.span("version")) for m in versions.IN_TEXT.finditer(text, start, end)
    ]


def _pair(found: Iterable[Token], app_versions: Mapping[str, str]) -> tuple[str, str] | None:
    """Return the release and the chart version that a row pairs; None if it has no such pair."""
    values = [token.value for token in found]
    for chart in values:
        release = app_versions.get(chart)
        if release in values and release != chart:
            return release, chart
    return None
