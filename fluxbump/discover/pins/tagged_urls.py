"""Finds the pins in URLs that hold the tag of a release, for the kinds that use such URLs. Pure.

URLs of `install.yaml` have a kind of their own. URLs count in live code. In the source code of
programs, only exact tags are pins. A tag may also be a variable, which is followed later.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from msgspec import Struct

from fluxbump.discover.digests import spellings
from fluxbump.discover.digests.download_of import Owners
from fluxbump.discover.digests.downloads import Download
from fluxbump.discover.digests.places import Places
from fluxbump.discover.embedded import program_source
from fluxbump.discover.pins.kind import BY_HAND, Context, Found, beside_digest
from fluxbump.discover.urls import local_paths
from fluxbump.discover.variables import references
from fluxbump.model import FLUX, Form, Note, Pin, Track
from fluxbump.text.live_code import TextFile
from fluxbump.text.patterns import lazy_pattern
from fluxbump.text.version_forms import form_of

_COMMIT = lazy_pattern(r"[0-9a-f]{40}|[0-9a-f]{64}")
_BRANCH = lazy_pattern(r"(?!v?[0-9]|[0-9a-f]{40}$)[A-Za-z][\w-]*")
_ANY_URL = lazy_pattern(r"[a-z][a-z0-9+.-]{0,20}://(?:\$?\{\{[^}\n]{0,200}\}\}|[^\s\"'`<>])+")


class Url(Struct, frozen=True):
    """How one sort of URL is found.

    Attributes:
        kind: the name of the kind that its pins get.
        needle: a fixed text that each file with such a URL contains.
        pattern: matches the URL; its group `tag` is the tag.
        subject: what such a URL is called in reports.
        track: the track of the tags.
    """

    kind: str
    needle: str
    pattern: re.Pattern[str]
    subject: str
    track: Track = FLUX


def find(url: Url, file: TextFile, context: Context) -> Iterator[Found]:
    """Yield a pin for each URL that names a release, and a note for each that may name one.

    URLs with a branch are left out. A URL whose download has a digest in the file is opaque, since
    the new digest could only be computed from the new download.
    """
    if url.needle not in file.text:
        return
    matches = [*url.pattern.finditer(file.text)]
    digested = _digested(file, [match.span() for match in matches])
    doubts = program_source.doubts(file, url.pattern)
    for match in matches:
        at, tag = match.start(), match["tag"]
        if _BRANCH.fullmatch(tag) or not context.is_acted_on(file, at):
            continue
        if local_paths.is_local(file.text, at):
            yield _left(file, match, f"{tag} is in {local_paths.LOCAL}", certain=True)
        elif file.is_program:
            doubt = doubts[at]
            exact = doubt is None and tag.startswith("v")
            yield _pin(url, file, match) if exact else _left(file, match, f"{doubt}")
        elif at in digested and references.is_version(tag):
            yield beside_digest(_pin(url, file, match))
        else:
            yield _live(url, file, match)


def _digested(file: TextFile, ours: Sequence[tuple[int, int]]) -> frozenset[int]:
    """Return the offsets of the URLs to which a digest in the file may belong.

    Args:
        file: the file with the URLs.
        ours: the spans of the URLs.
    """
    digests = list(spellings.shaped(file.text)) if ours else []  # slower to look for than URLs
    if not digests:
        return frozenset()
    downloads = [_download(match, ours) for match in _ANY_URL.finditer(file.text)]
    owners = Owners(Places(file, downloads, digests))
    verdicts = [verdict for digest in digests if (verdict := owners.of(digest)) is not None]
    of = [download for verdict in verdicts for download in verdict.downloads if download.moves]
    return frozenset(
        at for at, _ in ours if any(download.start <= at < download.end for download in of)
    )


def _download(match: re.Match[str], ours: Sequence[tuple[int, int]]) -> Download:
    start, end = match.span()
    mine = any(start <= at < end for at, _ in ours)
    return Download(start, end, "", match.group(), mine)


def _live(url: Url, file: TextFile, match: re.Match[str]) -> Found:
    tag = match["tag"]
    if not references.is_version(tag):
        named = _COMMIT.fullmatch(tag) is not None
        what = f"{url.subject} is at a commit, {tag[:12]}" if named else f"{tag} is not a release"
        return _left(file, match, what, certain=not named)
    if references.is_searched(file, match.start()):
        what = f"{tag} is text that a tool searches for or inserts"
        return _left(file, match, what, certain=True)
    return _pin(url, file, match)


def _left(file: TextFile, match: re.Match[str], what: str, *, certain: bool = False) -> Note:
    advice = "" if certain else BY_HAND
    return Note(file.location(match.start("tag")), what, certain=certain, advice=advice)


def _pin(url: Url, file: TextFile, match: re.Match[str]) -> Pin:
    tag, start = match["tag"], match.start("tag")
    form, skip = form_of(tag)
    if form is Form.EXACT and not tag.startswith("v"):
        form = Form.OPAQUE  # Flux has no such tag
    start += skip
    where, end = file.location(start), match.end("tag")
    return Pin(url.kind, url.track, where, start, end, file.text[start:end], form, url.subject)
