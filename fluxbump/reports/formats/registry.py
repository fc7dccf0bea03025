"""The table of the output formats of `fluxbump check`, and the import of one of them.

A new format is a module in this folder and a line in `FORMATS`. A format is imported when it is
used, because the import of all formats takes longer than the rules take to run.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final, cast

if TYPE_CHECKING:
    from fluxbump.reports.formats.format import Format

FORMATS: Final[dict[str, str]] = {
    "text": "fluxbump.reports.formats.text",
    "json": "fluxbump.reports.formats.json",
    "sarif": "fluxbump.reports.formats.sarif",
    "junit": "fluxbump.reports.formats.junit",
    "github": "fluxbump.reports.formats.github",
    "markdown": "fluxbump.reports.formats.markdown",
    "html": "fluxbump.reports.formats.html",
}
"""The module of each format, by its name in `--output`."""


def load(name: str) -> Format:
    """Import and return a format. The name must be in `FORMATS`."""
    return cast("Format", import_module(FORMATS[name]))
