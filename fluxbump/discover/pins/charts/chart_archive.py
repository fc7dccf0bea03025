"""Finds URLs of the archive of the community's chart, which have the version twice."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fluxbump.discover.pins.kind import BY_HAND, Context, Found
from fluxbump.discover.pins.kind_traits import KindTrait
from fluxbump.discover.urls import chart_archives
from fluxbump.model import FLUX2, Form, Note, Pin, Role
from fluxbump.text.live_code import TextFile
from fluxbump.text.version_forms import form_of

NAME = "chart-archive"
ROLE = Role.INSTALLS
NEEDLES: tuple[str, ...] = ()
TRAITS = frozenset({KindTrait.ARCHIVE, KindTrait.BY_VARIABLE})


def find(file: TextFile, context: Context) -> Iterator[Found]:
    """Yield both versions in the URL of each archive."""
    for match, doubt in chart_archives.found(file, context.is_acted_on):
        if doubt:
            yield Note(file.location(match.start("tag")), doubt, advice=BY_HAND)
            continue
        yield from _pins(file, match)


def _pins(file: TextFile, match: re.Match[str]) -> Iterator[Pin]:
    for part in ("tag", "again"):
        start, end = match.span(part)
        form, skip = form_of(match[part])
        if skip or form is Form.RANGE:
            form = Form.OPAQUE  # the community has no such archive
        if form is Form.VARIABLE and part == "again" and match["tag"] == match["again"]:
            return  # one variable, which is listed or followed once
        where, value = file.location(start), match[part]
        yield Pin(NAME, FLUX2, where, start, end, value, form, chart_archives.SUBJECT)
