"""Finds versions of the chart flux2 by remarks for Renovate, without regard to their use."""

from __future__ import annotations

from collections.abc import Iterator

from fluxbump.discover.pins.kind import Context, Found
from fluxbump.discover.pins.kind_traits import KindTrait
from fluxbump.discover.variables import renovate
from fluxbump.model import FLUX2, Form, Pin, Role
from fluxbump.text.live_code import TextFile
from fluxbump.text.patterns import lazy_pattern

NAME = "chart-remark"
ROLE = Role.INSTALLS
NEEDLES: tuple[str, ...] = ()
TRAITS = frozenset({KindTrait.BOOTSTRAP})

_TOLD = lazy_pattern(r"(?:depName|packageName|lookupName)=flux2(?![\w/.-])")
_URL = lazy_pattern(r"registryUrls?=(?P<url>[^\s\"',]+)")


def find(file: TextFile, context: Context) -> Iterator[Found]:
    """Yield the versions that remarks for Renovate are about, if the chart is the community's."""
    for remark, place in renovate.told(file, _TOLD, ("helm",), context.is_acted_on):
        url = _URL.search(remark)
        if url is not None and not context.is_community(url["url"]):
            continue
        start, end = place.span("version")
        where, text = file.location(start), place["version"]
        subject = "what Renovate is told is the chart flux2"
        yield Pin(NAME, FLUX2, where, start, end, text, Form.EXACT, subject)
