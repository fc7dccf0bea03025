"""URLs of the files of the flux CLI, as Flux publishes them: `flux_VERSION_…`, beside the manifest.

The version stands in each twice. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from fluxbump.discover.embedded import program_source
from fluxbump.discover.variables import references
from fluxbump.text.live_code import TextFile
from fluxbump.text.patterns import lazy_pattern

NAME = "the archive of the flux CLI"
SUBJECT = "archive of the flux CLI"
RELEASES = "fluxcd/flux2/releases/download/"

_VERSION = rf"(?:{references.PIECE}|[^/\s\"'`_$])++"
URL = lazy_pattern(
    rf"{RELEASES}(?<![\w.-]{RELEASES})(?P<tag>(?:{references.PIECE}|[^/\s\"'`])++)/"
    rf"flux_(?P<again>{_VERSION})_"
)


def found(
    file: TextFile, is_acted_on: Callable[[TextFile, int], bool]
) -> Iterator[tuple[re.Match[str], str | None]]:
    """Yield each URL that something acts on, and why it may not be one; None where it is one.

    Args:
        file: to search.
        is_acted_on: whether a URL at an offset of a file counts.
    """
    if RELEASES not in file.text:
        return
    others = program_source.releases(file, URL)
    for match in URL.finditer(file.text):
        if is_acted_on(file, match.start()):
            yield match, _doubt(file, match, others)


def _doubt(file: TextFile, match: re.Match[str], others: frozenset[str]) -> str | None:
    tag = match["tag"]
    if file.is_program:
        return program_source.doubt(file, match.start(), tag, others)
    if not (references.is_version(tag) and references.is_version(match["again"])):
        return f"{tag} is a pattern, not a release"
    if references.is_searched(file, match.start()):
        return f"a pattern that tools search for or insert, {tag}"
    return None
