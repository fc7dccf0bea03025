"""The formats of `fluxbump check`. A new format is one module here and one line below."""

from __future__ import annotations

from fluxbump.reports.formats import github, json, junit, markdown, sarif, text
from fluxbump.reports.formats.format import Format

FORMATS: dict[str, Format] = {
    text.NAME: text,
    json.NAME: json,
    sarif.NAME: sarif,
    junit.NAME: junit,
    github.NAME: github,
    markdown.NAME: markdown,
}
"""Every format by the name that `--format` takes."""
