"""The sha256 of install.yaml or of the chart's archive, beside its URL or the URL's variable."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from fluxbump.discover import chart_archives, digests
from fluxbump.discover.digests import Digest
from fluxbump.discover.embedded import program_source
from fluxbump.discover.pins.kind import Context, Found
from fluxbump.model import Form, Note, Pin
from fluxbump.text.live_code import TextFile

NAME = "digest"

_URL = re.compile(r"/install\.yaml(?![\w-]|\.\w)")
_KEY = re.compile(r"sha-?256|shasum|checksum|integrity|digest|hash", re.IGNORECASE)
_OTHER = re.compile(r"https?://[^\s\"'`]+")
_RELEASES = "fluxcd/flux2/releases/"
_EXACT_URL = re.compile(rf"{_RELEASES}download/(?P<tag>[^/\s\"'`]++)/install\.yaml(?![\w-]|\.\w)")
_NEAR = 4  # lines on either side


class _Artifact(Struct, frozen=True):
    """A file that is downloaded, and which URLs lead to it.

    Attributes:
        name: of the file.
        url: matches it in a URL that is known to be one of Flux.
        whole: what such a URL contains.
        held: what the subject of a variable contains that says which release it is of.
    """

    name: str
    url: re.Pattern[str]
    whole: str
    held: str


_MANIFEST = _Artifact(digests.MANIFEST, _URL, _RELEASES, "(install.yaml in ")
_ARCHIVE = _Artifact(
    chart_archives.NAME,
    chart_archives.URL,
    chart_archives.RELEASES,
    f"({chart_archives.SUBJECT} in ",
)


def find(file: TextFile, context: Context) -> Iterator[Found]:
    """Yield the digests that stand within a few lines of a URL of Flux, or its variable."""
    seen: set[int] = set()
    for artifact in (_MANIFEST, _ARCHIVE):
        if artifact.whole not in file.text and file.path not in context.followed.pins:
            continue
        urls = _urls(file, context) if artifact is _MANIFEST else _archives(file, context)
        for offset in sorted({*urls, *_variables(file, context, artifact)}):
            near = _near(file, offset, context)
            for one in near:
                if one.start not in seen:
                    seen.add(one.start)
                    yield _found(file, offset, one, artifact, alone=len(near) == 1)


def _urls(file: TextFile, context: Context) -> Iterator[int]:
    others = program_source.releases(file, _EXACT_URL)
    for match in _EXACT_URL.finditer(file.text) if file.is_program else ():
        certain = program_source.doubt(file, match.start(), match["tag"], others) is None
        if certain and context.is_acted_on(file, match.start()):
            yield match.start()
    for match in _URL.finditer(file.text):
        line = file.line_span(match.start())[0]
        named = file.text.find(f"{_RELEASES}download/", line, match.start()) >= 0
        if named and file.is_live(match.start()):
            yield match.start()


def _archives(file: TextFile, context: Context) -> Iterator[int]:
    found = chart_archives.found(file, context.is_acted_on)
    yield from (match.start() for match, doubt in found if doubt is None)


def _variables(file: TextFile, context: Context, artifact: _Artifact) -> Iterator[int]:
    pins = context.followed.pins.get(file.path, ())
    yield from (pin.start for pin in pins if artifact.held in pin.subject)


def _near(file: TextFile, offset: int, context: Context) -> list[Digest]:
    start, end = _window(file.text, offset)
    return [
        one
        for one in digests.shaped(file.text, start, end)
        if context.is_acted_on(file, one.start)
        and _KEY.search(file.text, file.line_span(one.start)[0], file.line_span(one.end)[1])
    ]


def _window(text: str, offset: int) -> tuple[int, int]:
    start = end = offset
    for _ in range(_NEAR + 1):
        start = text.rfind("\n", 0, max(start, 0)) if start > 0 else start
        end = text.find("\n", end + 1) if end >= 0 else end
    return max(start, 0), len(text) if end < 0 else end


def _found(file: TextFile, offset: int, one: Digest, artifact: _Artifact, *, alone: bool) -> Found:
    where = file.location(one.start)
    others = _OTHER.finditer(file.text, *_window(file.text, offset))
    text = [match.group() for match in others]
    foreign = [u for u in text if not artifact.url.search(u) or artifact.whole not in u]
    if not alone or foreign:
        what = "an install URL" if artifact is _MANIFEST else f"the URL of {artifact.name}"
        return Note(where, f"a digest near {what}, not certainly of that file: left alone")
    value = file.text[one.start : one.end]
    track, subject = digests.track(one.encoding, artifact.name), f"sha256 of {artifact.name}"
    return Pin(NAME, track, where, one.start, one.end, value, Form.EXACT, subject)
