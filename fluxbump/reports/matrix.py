"""Lays out the matrix of releases and API versions, as text and JSON. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from itertools import groupby
from typing import Literal

from msgspec import Struct
from typing_extensions import TypedDict

from fluxbump.flux import stored_versions
from fluxbump.flux.removed_versions import priority
from fluxbump.flux.stored_versions import CrdVersion, Table
from fluxbump.model import Step
from fluxbump.reports import next_steps
from fluxbump.reports.json_encoder import dump
from fluxbump.reports.next_steps_json import NextJson, next_json
from fluxbump.reports.table import Paint, table


class VersionState(StrEnum):
    """What a release does with an API version; the letter is what tables show."""

    STORAGE = "storage"
    SERVED = "served"
    DEPRECATED = "deprecated"
    UNSERVED = "unserved"
    REMOVED = "removed"
    ABSENT = "absent"

    @property
    def letter(self) -> str:
        """One character, so that no table depends on color."""
        return {
            "storage": "S",
            "served": "s",
            "deprecated": "d",
            "unserved": "u",
            "removed": "x",
        }.get(self.value, "·")

    @property
    def words(self) -> str:
        """What the letter means."""
        return _WORDS[self]


_WORDS = {
    VersionState.STORAGE: "served, and what objects are stored as",
    VersionState.SERVED: "served",
    VersionState.DEPRECATED: "served, but deprecated",
    VersionState.UNSERVED: "defined, but not served",
    VersionState.REMOVED: "removed: an update is refused while it is still stored",
    VersionState.ABSENT: "not there yet",
}


_HEADER = ("KIND", "VERSION")
_GAP = 2  # spaces between the columns of a table
_STYLES = {
    VersionState.STORAGE.letter: ("green",),
    VersionState.DEPRECATED.letter: ("yellow",),
    VersionState.UNSERVED.letter: ("red",),
    VersionState.REMOVED.letter: ("red",),
}
"""Colors of the letters: what an upgrade can fail on is yellow or red."""


class MatrixRow(Struct, frozen=True):
    """One API version of one kind.

    Attributes:
        crd: the name of the CRD.
        kind: the kind that the CRD defines.
        group: the API group of the kind.
        version: the API version without the group, such as `v1beta2`.
        states: the state in each column.
    """

    crd: str
    kind: str
    group: str
    version: str
    states: tuple[VersionState, ...]


class Matrix(Struct, frozen=True):
    """API versions by releases.

    Attributes:
        columns: the releases of each column, oldest first.
        rows: by kind, newest version first.
    """

    columns: tuple[tuple[str, ...], ...]
    rows: tuple[MatrixRow, ...]

    @property
    def titles(self) -> tuple[str, ...]:
        """The columns' headings: `2.4.0 .. 2.5.1`."""
        return tuple(
            column[0] if len(column) == 1 else f"{column[0]} .. {column[-1]}"
            for column in self.columns
        )


def matrix(known: Table, *, every: bool = False) -> Matrix:
    """Lay the table of CRDs out.

    Args:
        known: what each release defines.
        every: a column for each release; otherwise neighbours with equal CRDs share one.
    """
    ordered = sorted(known, key=stored_versions.key)
    columns: list[tuple[str, ...]] = []
    for release in ordered:
        if columns and not every and known[columns[-1][0]] == known[release]:
            columns[-1] = (*columns[-1], release)
        else:
            columns.append((release,))
    return Matrix(tuple(columns), tuple(_rows(known, [column[0] for column in columns])))


def _rows(known: Table, releases: Sequence[str]) -> list[MatrixRow]:
    names = {
        (crd.kind, crd.group, name) for release in releases for name, crd in known[release].items()
    }
    rows = []
    for kind, group, name in sorted(names):
        found = [
            {version.name: version for version in known[release][name].versions}
            if name in known[release]
            else {}
            for release in releases
        ]
        versions = sorted({v for some in found for v in some}, key=priority, reverse=True)
        rows += [
            MatrixRow(name, kind, group, version, _states([some.get(version) for some in found]))
            for version in versions
        ]
    return rows


def _states(found: Sequence[CrdVersion | None]) -> tuple[VersionState, ...]:
    states, before = [], False
    for version in found:
        states.append(_state(version, before=before))
        before = before or version is not None
    return tuple(states)


def _state(crd_version: CrdVersion | None, *, before: bool) -> VersionState:
    if crd_version is None:
        return VersionState.REMOVED if before else VersionState.ABSENT
    if not crd_version.served:
        return VersionState.UNSERVED
    if crd_version.storage:
        return VersionState.STORAGE
    return VersionState.DEPRECATED if crd_version.deprecated else VersionState.SERVED


# --- text and JSON ----------------------------------------------------------------------------


def text(found: Matrix, steps: Sequence[Step], paint: Paint) -> str:
    """Lay it out for people: on a narrow terminal as several tables, one below the other."""
    lines: list[str] = []
    for columns in _fitting(found, paint.width):
        lines += [*_table(found, columns, paint), ""]
    legend = [f"  {state.letter}  {state.words}" for state in used_states(found)]
    return "\n".join([*lines, *legend, "", *next_steps.lines(steps, paint.width)])


def _table(found: Matrix, columns: Sequence[int], paint: Paint) -> Iterable[str]:
    header = (*_HEADER, *(found.titles[column] for column in columns))
    rows: list[Sequence[str]] = []
    for _, some in groupby(found.rows, key=lambda row: row.crd):
        for number, row in enumerate(some):
            kind = "" if number else row.kind
            letters = (row.states[column].letter for column in columns)
            rows.append((kind, row.version, *letters))
    return table(header, rows, paint, _STYLES)


def _fitting(found: Matrix, width: int | None) -> list[list[int]]:
    """Divide the columns of releases so that each table fits the width; one table in a pipe."""
    titles = [len(title) + _GAP for title in found.titles]
    if width is None:
        return [[*range(len(titles))]]
    names = zip(_HEADER, ("kind", "version"), strict=True)
    own = sum(
        max(len(word), *(len(getattr(row, key)) for row in found.rows)) + _GAP
        for word, key in names
    )
    tables: list[list[int]] = [[]]
    for column, size in enumerate(titles):
        used = own + sum(titles[placed] for placed in tables[-1])
        if tables[-1] and used + size - _GAP > width:
            tables.append([])
        tables[-1].append(column)
    return tables


def used_states(found: Matrix) -> list[VersionState]:
    """Return the states that a matrix has, for its legend."""
    used = {state for row in found.rows for state in row.states}
    return [state for state in VersionState if state in used]


class CellJson(TypedDict):
    """What the releases of one column do with an API version."""

    releases: list[str]
    state: Literal["storage", "served", "deprecated", "unserved", "removed", "absent"]


class MatrixRowJson(TypedDict):
    """One API version of one kind."""

    crd: str
    kind: str
    group: str
    version: str
    cells: list[CellJson]


class MatrixJson(TypedDict):
    """What `fluxbump matrix --output json` prints."""

    schema: Literal["fluxbump/matrix/v1"]
    columns: list[list[str]]
    rows: list[MatrixRowJson]
    next: list[NextJson]


def document(found: Matrix, steps: Sequence[Step] = ()) -> MatrixJson:
    """Return it for programs."""
    return {
        "schema": "fluxbump/matrix/v1",
        "columns": [list(some) for some in found.columns],
        "rows": [
            {
                "crd": row.crd,
                "kind": row.kind,
                "group": row.group,
                "version": row.version,
                "cells": [
                    {"releases": list(some), "state": state.value}
                    for some, state in zip(found.columns, row.states, strict=True)
                ],
            }
            for row in found.rows
        ],
        "next": next_json(steps),
    }


def json_text(found: Matrix, steps: Sequence[Step]) -> str:
    """Return it as JSON."""
    return dump(document(found, steps))
