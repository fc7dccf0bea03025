"""Writes the matrix of releases and API versions as a page for a browser. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import groupby

from fluxbump.reports.matrix import Matrix, MatrixRow, used_states
from fluxbump.reports.matrix_page import CSS
from fluxbump.reports.table import printable


def matrix_page(found: Matrix) -> str:
    """Return a page that needs nothing else: no script, no font, no picture."""
    body = "\n".join(
        f"<tbody>\n{_group(list(some))}\n</tbody>"
        for _, some in groupby(found.rows, key=lambda row: row.crd)
    )
    legend = "".join(
        f'<li><span class="cell {state}">{state.letter}</span> {escape(state.words)}</li>'
        for state in used_states(found)
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
<caption>Every kind of Flux and its API versions, from the releases' own CRDs</caption>
<thead>
<tr><th scope="col">Kind</th><th scope="col">Version</th>{_heads(found)}</tr>
</thead>
{body}
</table>
</div>
</body>
</html>
"""


def _heads(found: Matrix) -> str:
    return "".join(
        f'<th scope="col">{escape(printable(title)).replace(" .. ", "<br>to ")}</th>'
        for title in found.titles
    )


def _group(rows: Sequence[MatrixRow]) -> str:
    kind, group = escape(printable(rows[0].kind)), escape(printable(rows[0].group))
    head = (
        f'<th scope="rowgroup" rowspan="{len(rows)}" class="kind">{kind}<small>{group}</small></th>'
    )
    lines = []
    for row in rows:
        cells = "".join(
            f'<td><span class="cell {state}" title="{escape(state.words)}">'
            f'{state.letter}<span class="words"> {escape(state.words)}</span></span></td>'
            for state in row.states
        )
        version = escape(printable(row.version))
        lines.append(f'<tr>{head}<th scope="row" class="version">{version}</th>{cells}</tr>')
        head = ""
    return "\n".join(lines)
