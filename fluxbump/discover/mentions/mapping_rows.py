"""Finds rows of tables that pair a Flux release with the wrong version of the chart. Pure.

A table is recognized by a row of the same form whose pair is right, or by words that name both
columns. Tables that pair other things are not checked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from msgspec import Struct

from fluxbump.discover.mentions import history_texts
from fluxbump.text import versions
from fluxbump.text.live_code import Language, TextFile
from fluxbump.text.patterns import lazy_pattern

_LONGEST_ROW = 300
_PAIR = 2
"""The minimum number of versions in a row."""
_ARROW = lazy_pattern(r"->|→|=>|\|")
_CHART = lazy_pattern(r"(?<![\w-])flux2(?: chart)?[ `*]{1,3}v?$", re.IGNORECASE)
_APP = lazy_pattern(r"(?:appVersion|Flux)[ `*:]{1,3}v?$", re.IGNORECASE)
_SHAPE = lazy_pattern(r"\s+|<-+ ?current|←.*|\(current\)", re.IGNORECASE)


class WrongRow(Struct, frozen=True):
    """A row that the chart index contradicts.

    Attributes:
        release: the Flux release that the row names.
        chart: the chart version that the row names.
        shipped: the release that this chart version ships.
        start: the offset of the line.
    """

    release: str
    chart: str
    shipped: str
    start: int


class _Row(Struct, frozen=True):
    start: int
    line: str
    shape: str
    found: tuple[tuple[str, int], ...]  # versions, and where in the line each stands


def wrong_rows(file: TextFile, app_versions: Mapping[str, str]) -> Iterator[WrongRow]:
    """Yield the rows of mapping tables whose chart ships another release."""
    if file.language in (Language.LOCK, Language.RECORD) or not _ARROW.search(file.text):
        return
    releases = frozenset(app_versions.values())
    old = history_texts.sections(file)
    for table in _tables(file.text):
        for row in table:
            pair = _pair(row, table, app_versions, releases)
            if (
                pair is None
                or history_texts.is_past(_prose(row.line))
                or file.is_live(row.start + row.found[0][1])
            ):
                continue
            if not old.tells_of_the_past(row.start):
                yield WrongRow(*pair, app_versions[pair[1]], row.start)


def _prose(line: str) -> str:
    return re.sub(r"<-+|(?<!-)-+>|=>|[<>^~]{0,9}current", " ", line, flags=re.IGNORECASE)


def _tables(text: str) -> Iterator[list[_Row]]:
    """Yield neighbouring lines that hold several versions and an arrow or a bar."""
    table: list[_Row] = []
    start = 0
    for line in text.split("\n"):
        row = _row(line, start)
        if row is not None:
            table.append(row)
        elif table and not set(line) <= set("|-:+# \r\t/"):
            yield table
            table = []
        start += len(line) + 1
    if table:
        yield table


def _row(line: str, start: int) -> _Row | None:
    if len(line) > _LONGEST_ROW or not _ARROW.search(line):
        return None
    found = tuple((m["version"], m.start("version")) for m in versions.IN_TEXT.finditer(line))
    if len(found) < _PAIR:
        return None
    shape = _SHAPE.sub("", versions.IN_TEXT.sub("V", line))
    return _Row(start, line, shape, found)


def _pair(
    row: _Row, table: list[_Row], app_versions: Mapping[str, str], releases: frozenset[str]
) -> tuple[str, str] | None:
    """Return the release and the chart of a wrong row; None if it is right or not certain."""
    columns = _named_columns(row) or _columns_of(row, table, app_versions)
    if columns is None:
        return None
    chart = row.found[columns[0]][0]
    named = {row.found[column][0] for column in columns[1:]}
    shipped = app_versions.get(chart)
    wrong = sorted(named - {shipped})
    if shipped is None or not wrong or not named <= releases:
        return None
    return wrong[0], chart


def _named_columns(row: _Row) -> tuple[int, ...] | None:
    """Return the columns of chart and release by a row's words: `flux2 2.14.1 -> Flux 2.4.0`."""
    befores = [row.line[max(0, at - 24) : at] for _, at in row.found]
    charts = [n for n, before in enumerate(befores) if _CHART.search(before)]
    apps = [n for n, before in enumerate(befores) if _APP.search(before)]
    return (charts[0], *apps) if len(charts) == 1 and apps else None


def _columns_of(
    row: _Row, table: list[_Row], app_versions: Mapping[str, str]
) -> tuple[int, ...] | None:
    """Return the columns by a right row of the same form: its chart, and those of its release."""
    for other in table:
        if other is row or other.shape != row.shape or len(other.found) != len(row.found):
            continue
        values = [value for value, _ in other.found]
        for chart, value in enumerate(values):
            release = app_versions.get(value)
            columns = [n for n, cell in enumerate(values) if cell == release and n != chart]
            if columns:
                return (chart, *columns)
    return None
