"""The formats of `fluxbump check`. A new format is one module here and one line below.

Each is imported when it is asked for: all of them cost more than the rules take to run.
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
"""The module of each format, by the name that `--output` takes."""


def load(name: str) -> Format:
    """Return the format of a name that is in `FORMATS`."""
    return cast("Format", import_module(FORMATS[name]))
