"""Finds the tags of an image's copies on the line that copies it: `docker tag`, `crane copy`. Pure.

A private registry may keep the image under any path. The copy has the name and the tag of the
original, and both tags change together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from fluxbump.text.live_code import TextFile

_ORIGINAL = "fluxcd/"
_LOOKED_THROUGH = 10_000
"""How many characters cost one step of the budget in a search."""


def tags(file: TextFile, name: str, start: int, end: int) -> Iterator[int]:
    """Yield the offset of the tag of each copy.

    Args:
        file: the file with the reference.
        name: the name of the image, without its path.
        start: the offset of the original's tag.
        end: the offset behind that tag.
    """
    begin, stop = file.line_span(start)
    text = f"{name}:{file.text[start:end]}"
    yield from file.once((tags, begin, text), lambda: _copies(file, text, begin, stop))


def _copies(file: TextFile, text: str, begin: int, stop: int) -> list[int]:
    file.spend(1 + (stop - begin) // _LOOKED_THROUGH)
    if file.text.count(text, begin, stop) < len(("the original", "a copy")):
        return []
    copy = re.compile(rf"(?<![\w.-])(?<!{_ORIGINAL}){re.escape(text)}(?![\w.+@-])")
    found = copy.finditer(file.text, begin, stop)
    return [match.start() + text.index(":") + 1 for match in found if file.is_live(match.start())]
