"""Tells whether one of the keys above a YAML value names Flux. Pure.

The values of a chart, a composite resource and its schema hold a version under a key such as
`operators.flux.version`, so the line of the version does not say what it is of.
"""

from __future__ import annotations

from fluxbump.text.live_code import TextFile
from fluxbump.text.patterns import lazy_pattern

_MOST_LINES = 200
"""How many lines above a value are read for its keys."""

_KEY = lazy_pattern(r"(?P<space>(?:[ \t]|-[ \t])*)(?P<key>[\w.\"'-]+)[ \t]*:(?=\s)")
_FLUX = lazy_pattern(r"(?:.*[^a-zA-Z]|.*[a-z](?=F))?(?:[fF]lux|FLUX)(?:2|cd|CD)?(?:[^a-z0-9].*)?")


def encloses(file: TextFile, offset: int) -> bool:
    """Whether one of the keys above the value at `offset` names Flux."""
    start, _ = file.line_span(offset)
    first = _KEY.match(file.text, start)
    column = len(first["space"]) if first else offset - start
    for _ in range(_MOST_LINES):
        if column == 0 or start == 0:
            return False
        start, _ = file.line_span(start - 1)
        above = _KEY.match(file.text, start)
        if above is not None and len(above["space"]) < column:
            column = len(above["space"])
            if _FLUX.fullmatch(above["key"].strip("\"'")):
                return True
    return False
