"""Which release has which API version: text, JSON, and a page for a browser. Pure."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from enum import StrEnum
from html import escape
from itertools import groupby
from typing import Literal

from msgspec import Struct
from typing_extensions import TypedDict

from fluxbump.flux import stored_versions
from fluxbump.flux.stored_versions import CrdVersion, Table
from fluxbump.flux.upgrade_path import priority
from fluxbump.reports.matrix_page import CSS
from fluxbump.reports.table import Paint, printable, table


class State(StrEnum):
    """What a release does with an API version; the letter is what tables show."""

    STORAGE = "storage"
    SERVED = "served"
    DEPRECATED = "deprecated"
    UNSERVED = "unserved"
    REMOVED = "removed"
    ABSENT = "absent"

    @property
    def letter(self) -> str:
        """One character, so that no table depends on colour."""
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
    State.STORAGE: "served, and what objects are stored as",
    State.SERVED: "served",
    State.DEPRECATED: "served, but deprecated",
    State.UNSERVED: "defined, but not served",
    State.REMOVED: "removed: an update is refused while it is still stored",
    State.ABSENT: "not there yet",
}


class Row(Struct, frozen=True):
    """One API version of one kind.

    Attributes:
        crd: the CRD's name.
        kind: that it defines.
        group: of its API.
        version: `v1beta2`.
        states: one for each column.
    """

    crd: str
    kind: str
    group: str
    version: str
    states: tuple[State, ...]


class Matrix(Struct, frozen=True):
    """API versions by releases.

    Attributes:
        columns: the releases of each column, oldest first.
        rows: by kind, newest version first.
        here: releases that the repository pins, to be marked.
    """

    columns: tuple[tuple[str, ...], ...]
    rows: tuple[Row, ...]
    here: frozenset[str] = frozenset()

    @property
    def titles(self) -> tuple[str, ...]:
        """The columns' headings: `2.4.0 .. 2.5.1`."""
        return tuple(one[0] if len(one) == 1 else f"{one[0]} .. {one[-1]}" for one in self.columns)

    @property
    def marks(self) -> tuple[str, ...]:
        """The marked releases of each column."""
        return tuple(", ".join(one for one in some if one in self.here) for some in self.columns)


def matrix(known: Table, *, every: bool = False, here: Collection[str] = ()) -> Matrix:
    """Lay the table of CRDs out.

    Args:
        known: what each release defines.
        every: a column for each release; otherwise neighbours with equal CRDs share one.
        here: releases to be marked.
    """
    ordered = sorted(known, key=stored_versions.key)
    columns: list[tuple[str, ...]] = []
    for release in ordered:
        if columns and not every and known[columns[-1][0]] == known[release]:
            columns[-1] = (*columns[-1], release)
        else:
            columns.append((release,))
    return Matrix(tuple(columns), tuple(_rows(known, [one[0] for one in columns])), frozenset(here))


def _rows(known: Table, releases: Sequence[str]) -> list[Row]:
    names = {(crd.kind, crd.group, name) for one in releases for name, crd in known[one].items()}
    rows = []
    for kind, group, name in sorted(names):
        found = [
            {one.name: one for one in known[release][name].versions}
            if name in known[release]
            else {}
            for release in releases
        ]
        versions = sorted({v for some in found for v in some}, key=priority, reverse=True)
        rows += [
            Row(name, kind, group, version, _states([some.get(version) for some in found]))
            for version in versions
        ]
    return rows


def _states(found: Sequence[CrdVersion | None]) -> tuple[State, ...]:
    states, before = [], False
    for one in found:
        states.append(_state(one, before=before))
        before = before or one is not None
    return tuple(states)


def _state(one: CrdVersion | None, *, before: bool) -> State:
    if one is None:
        return State.REMOVED if before else State.ABSENT
    if not one.served:
        return State.UNSERVED
    if one.storage:
        return State.STORAGE
    return State.DEPRECATED if one.deprecated else State.SERVED


# --- text and JSON ----------------------------------------------------------------------------


def text(one: Matrix, paint: Paint) -> str:
    """Lay it out for a terminal."""
    header = ("KIND", "VERSION", *one.titles)
    rows: list[Sequence[str]] = []
    for _, some in groupby(one.rows, key=lambda row: row.crd):
        for number, row in enumerate(some):
            kind = "" if number else row.kind
            rows.append((kind, row.version, *(state.letter for state in row.states)))
    if any(one.marks):
        rows.append(("", "pinned here", *one.marks))
    legend = [f"  {state.letter}  {state.words}" for state in _used(one)]
    return "\n".join([*table(header, rows, paint), "", *legend])


def _used(one: Matrix) -> list[State]:
    used = {state for row in one.rows for state in row.states}
    return [state for state in State if state in used]


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
    pinned: list[str]
    rows: list[MatrixRowJson]


def document(one: Matrix) -> MatrixJson:
    """Return it for programs."""
    return {
        "schema": "fluxbump/matrix/v1",
        "columns": [list(some) for some in one.columns],
        "pinned": sorted(one.here),
        "rows": [
            {
                "crd": row.crd,
                "kind": row.kind,
                "group": row.group,
                "version": row.version,
                "cells": [
                    {"releases": list(some), "state": state.value}
                    for some, state in zip(one.columns, row.states, strict=True)
                ],
            }
            for row in one.rows
        ],
    }


def json_text(one: Matrix) -> str:
    """Return it as JSON."""
    return json.dumps(document(one), indent=2)


# --- a page -----------------------------------------------------------------------------------


def html(one: Matrix) -> str:
    """Return a page that needs nothing else: no script, no font, no picture."""
    body = "\n".join(
        f"<tbody>\n{_group(list(some), one)}\n</tbody>"
        for _, some in groupby(one.rows, key=lambda row: row.crd)
    )
    legend = "".join(
        f'<li><span class="cell {state}">{state.letter}</span> {escape(state.words)}</li>'
        for state in _used(one)
    )
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Flux API versions by release</title>
<style>{CSS}</style>
</head>
<body>
<h1>Flux API versions by release</h1>
<ul class="legend" aria-label="Legend">{legend}</ul>
<div class="scroll" role="region" aria-label="API versions" tabindex="0">
<table>
<caption>Every kind of Flux and its API versions, from the releases' own definitions</caption>
<thead>
<tr><th scope="col">Kind</th><th scope="col">Version</th>{_heads(one)}</tr>
</thead>
{body}
</table>
</div>
</body>
</html>
"""


def _heads(one: Matrix) -> str:
    return "".join(
        f'<th scope="col"{_here(mark)}>{escape(printable(title)).replace(" .. ", "<br>to ")}'
        + (f'<span class="pin">pinned: {escape(printable(mark))}</span>' if mark else "")
        + "</th>"
        for title, mark in zip(one.titles, one.marks, strict=True)
    )


def _here(mark: str) -> str:
    return ' class="here"' if mark else ""


def _group(rows: Sequence[Row], one: Matrix) -> str:
    kind, group = escape(printable(rows[0].kind)), escape(printable(rows[0].group))
    head = (
        f'<th scope="rowgroup" rowspan="{len(rows)}" class="kind">{kind}<small>{group}</small></th>'
    )
    lines = []
    for row in rows:
        cells = "".join(
            f'<td{_here(mark)}><span class="cell {state}" title="{escape(state.words)}">'
            f'{state.letter}<span class="words"> {escape(state.words)}</span></span></td>'
            for state, mark in zip(row.states, one.marks, strict=True)
        )
        version = escape(printable(row.version))
        lines.append(f'<tr>{head}<th scope="row" class="version">{version}</th>{cells}</tr>')
        head = ""
    return "\n".join(lines)
