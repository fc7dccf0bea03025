"""Whether the keys around a value of YAML are called after Flux. Pure.

The values of a chart, a composite resource and the schema of one hold a version under a key such as
`operators.flux.version`: its own line does not say what it is of.
"""

from __future__ import annotations

from fluxbump.text.live_code import TextFile
from fluxbump.text.patterns import lazy_pattern

_MOST_LINES = 200
"""Lines above a value that are read for its keys."""

_KEY = lazy_pattern(r"(?P<space>(?:[ \t]|-[ \t])*)(?P<key>[\w.\"'-]+)[ \t]*:(?=\s)")
_FLUX = lazy_pattern(r"(?:.*[^a-zA-Z]|.*[a-z](?=F))?(?:[fF]lux|FLUX)(?:2|cd|CD)?(?:[^a-z0-9].*)?")


def encloses(file: TextFile, offset: int) -> bool:
    """Whether one of the keys that the value at `offset` is below names Flux."""
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
