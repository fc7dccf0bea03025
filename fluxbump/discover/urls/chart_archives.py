"""Finds URLs of the community chart's archives, and the new digests of archives. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable

from fluxbump.discover.digests import spellings
from fluxbump.discover.digests.stale_digests import stays
from fluxbump.discover.embedded import program_source
from fluxbump.discover.variables import references
from fluxbump.helm.chart_releases import ChartIndex, ChartRelease
from fluxbump.model import FLUX2, Form, Inventory, Track
from fluxbump.text.live_code import TextFile
from fluxbump.text.patterns import lazy_pattern

NAME = "flux2.tgz"
"""The name of the archive in the tracks of its digests."""
SUBJECT = "flux2 chart archive"
"""The subject of a pin in the URL, for people."""
RELEASES = "fluxcd-community/helm-charts/releases/download/flux2-"

_VERSION = rf"(?:{references.PIECE}|[^/\s\"'`])"

# Any host, as with the install URL. Each version is taken possessively: a long line is read once.
URL = lazy_pattern(
    rf"{RELEASES}(?<![\w.-]{RELEASES})(?P<tag>(?>{_VERSION}+))"
    rf"/flux2-(?P<again>(?>(?:(?!\.tgz){_VERSION})+))\.tgz(?![\w-]|\.\w)"
)
_INDEX = lazy_pattern(r"^entries:", re.MULTILINE)

Found = tuple[re.Match[str], str | None]


def found(file: TextFile, acted_on: Callable[[TextFile, int], bool]) -> list[Found]:
    """Return the URLs of archives, each with the reason why it may not be a pin.

    The index of a chart repository is left out, because it lists archives and installs none.

    Args:
        file: the file to search.
        acted_on: returns whether a URL at an offset is in use.
    """
    if RELEASES not in file.text or _INDEX.search(file.text):
        return []
    urls = [match for match in URL.finditer(file.text) if acted_on(file, match.start())]
    if file.is_program:
        doubts = program_source.doubts(file, URL)
        return [(match, doubts[match.start()]) for match in urls]
    tags = frozenset(match["tag"] for match in urls)
    return [(match, _doubt(file, match, tags)) for match in urls]


def _doubt(file: TextFile, match: re.Match[str], tags: frozenset[str]) -> str | None:
    tag = match["tag"]
    if not all(references.is_version(match[part]) for part in ("tag", "again")):
        return f"{tag} is a pattern, not a version of the chart"
    if references.is_searched(file, match.start()):
        return f"{tag} is text that a tool searches for or inserts"
    if len(tags) > 1:
        return f"the file names {len(tags)} archives of flux2, one of them {tag}"
    return None


def targets(inventory: Inventory, chart: ChartRelease, index: ChartIndex) -> dict[Track, str]:
    """Return the digest that each digest of the archive becomes at a chart version, by track.

    Raises:
        HalfBumpError: the index has no digest for the version, or the digest beside the URL is that
            of something else, such as the unpacked chart.
    """
    pins = [pin for pin in inventory.pins if pin.track in _TRACKS]
    held = {p.value for p in inventory.pins if (p.track, p.form) == (FLUX2, Form.EXACT)}
    if not pins or held <= {str(chart.version)}:
        return {}
    known = {value for release in index.releases for value in digests(release).values()}
    found = digests(chart)
    for pin in pins:
        if pin.track in _UNKNOWN:
            raise stays(pin, "must move, and the chart index has no sha512")
        if pin.value not in known:
            raise stays(pin, "is not the sha256 of any archive in the chart index")
        if pin.track not in found:
            raise stays(pin, f"must move, and the chart index has none for {chart.version}")
    return {pin.track: found[pin.track] for pin in pins}


_UNKNOWN = frozenset(
    spellings.track(encoding, NAME, spellings.SHA512) for encoding in spellings.ENCODINGS
)
_TRACKS = _UNKNOWN | {spellings.track(encoding, NAME) for encoding in spellings.ENCODINGS}


def digests(chart: ChartRelease) -> dict[Track, str]:
    """Return the digests of a chart's archive that the index has, in every encoding."""
    if chart.digest is None:
        return {}
    spelled = spellings.spelled(bytes.fromhex(chart.digest))
    return {spellings.track(encoding, NAME): value for encoding, value in spelled.items()}
