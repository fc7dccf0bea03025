"""The sha256 of the install manifest, beside the URL or the variable that says which one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fluxbump import digests, programs
from fluxbump.digests import Digest
from fluxbump.model import Form, Note, Pin
from fluxbump.pins.kind import Context, Found
from fluxbump.textfile import TextFile

NAME = "digest"

_URL = re.compile(r"/install\.yaml(?![\w-]|\.\w)")
_KEY = re.compile(r"sha-?256|shasum|checksum|integrity|digest|hash", re.IGNORECASE)
_OTHER = re.compile(r"https?://[^\s\"'`]+")
_RELEASES = "fluxcd/flux2/releases/"
_EXACT_URL = re.compile(rf"{_RELEASES}download/(?P<tag>[^/\s\"'`]++)/install\.yaml(?![\w-]|\.\w)")
_NEAR = 4  # lines on either side


def find(file: TextFile, context: Context) -> Iterator[Found]:
    """Yield the digests that stand within a few lines of an install URL or its variable."""
    if _RELEASES not in file.text and file.path not in context.followed.pins:
        return
    seen: set[int] = set()
    for offset in sorted({*_urls(file, context), *_variables(file, context)}):
        near = _near(file, offset, context)
        for one in near:
            if one.start not in seen:
                seen.add(one.start)
                yield _found(file, offset, one, alone=len(near) == 1)


def _urls(file: TextFile, context: Context) -> Iterator[int]:
    others = programs.releases(file, _EXACT_URL)
    for match in _EXACT_URL.finditer(file.text) if file.is_program else ():
        certain = programs.doubt(file, match.start(), match["tag"], others) is None
        if certain and context.is_acted_on(file, match.start()):
            yield match.start()
    for match in _URL.finditer(file.text):
        line = file.line_span(match.start())[0]
        named = file.text.find(f"{_RELEASES}download/", line, match.start()) >= 0
        if named and file.is_live(match.start()):
            yield match.start()


def _variables(file: TextFile, context: Context) -> Iterator[int]:
    pins = context.followed.pins.get(file.path, ())
    yield from (pin.start for pin in pins if "(install.yaml in " in pin.subject)


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


def _found(file: TextFile, offset: int, one: Digest, *, alone: bool) -> Found:
    where = file.location(one.start)
    others = _OTHER.finditer(file.text, *_window(file.text, offset))
    foreign = [m for m in others if not _URL.search(m.group()) or _RELEASES not in m.group()]
    if not alone or foreign:
        return Note(where, "a digest near an install URL, not certainly of that file: left alone")
    value = file.text[one.start : one.end]
    subject = f"sha256 of {digests.MANIFEST}"
    return Pin(
        NAME, digests.track(one.encoding), where, one.start, one.end, value, Form.EXACT, subject
    )
