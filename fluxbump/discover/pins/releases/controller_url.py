"""Finds URLs of a controller's files: `fluxcd/source-controller/releases/download/v1.4.1/…`.

Each controller has releases of its own, with its CRDs and its Deployment. Both are also below
`config/` in its repository. The tag is that of its image, so a release of Flux says which it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from fluxbump.discover.pins import tagged_urls
from fluxbump.discover.pins.kind import BY_HAND, Context, Found
from fluxbump.discover.pins.kind_traits import KindTrait
from fluxbump.discover.pins.tagged_urls import Url
from fluxbump.discover.variables import references
from fluxbump.flux.tables import images
from fluxbump.model import Note, Pin, Role, Track, TrackKind
from fluxbump.text.live_code import TextFile
from fluxbump.text.patterns import lazy_pattern

NAME = "controller-url"
ROLE = Role.INSTALLS
NEEDLES: tuple[str, ...] = ()
TRAITS = frozenset({KindTrait.TAG_URL, KindTrait.BY_VARIABLE})

_PATH_TAG = rf"(?P<tag>(?>(?:{references.PIECE}|[^/\s\"'`?#])+))"
_QUERY_TAG = rf"(?P<tag>(?:{references.PIECE}|[^&\s\"'`#]){{1,200}}+)"
_INSTALLED = r"\.(?:crds|deployment)\.yaml(?![\w-]|\.\w)"
"""Matches the end of the name of a file that is applied to a cluster."""


class _Controller(Struct, frozen=True):
    """The URLs of one controller's files.

    Attributes:
        needle: a fixed text that each file with such a URL contains.
        urls: the sorts of URL, each with the role of its places.
        floating: matches a URL that names no tag.
        subject: what such a file is called in reports.
    """

    needle: str
    urls: tuple[tuple[Url, Role], ...]
    floating: re.Pattern[str]
    subject: str


def _of(name: str) -> _Controller:
    needle, subject = f"fluxcd/{name}", f"manifest of {name}"
    base = rf"github\.com[/:]fluxcd/{name}(?:\.git)?/{{1,2}}config/[\w./-]{{0,200}}"
    parameters = r"(?:[^\s\"'`#&]{0,100}&){0,8}?(?:ref|version)="
    installed = lazy_pattern(rf"fluxcd/{name}/releases/download/{_PATH_TAG}/{name}{_INSTALLED}")
    remote = lazy_pattern(rf"{base}\?{parameters}{_QUERY_TAG}")
    read = lazy_pattern(
        rf"(?:fluxcd/{name}/releases/download/|raw\.githubusercontent\.com/fluxcd/{name}/"
        rf"(?:refs/tags/)?|github\.com/fluxcd/{name}/raw/(?:refs/tags/)?)"
        rf"{_PATH_TAG}/(?!{name}{_INSTALLED})(?=[\w.-])"
    )
    floating = lazy_pattern(
        rf"fluxcd/{name}/releases/latest/download/[\w.-]|{base}(?![\w./-])(?!\?{parameters})"
    )
    track = Track(TrackKind.IMAGE, name)
    urls = (
        (Url(NAME, f"{needle}/releases/", installed, subject, track), Role.INSTALLS),
        (Url(NAME, needle, remote, subject, track), Role.INSTALLS),
        (Url(NAME, f"{needle}/", read, f"a file of {name}", track), Role.REFERENCE),
    )
    return _Controller(needle, urls, floating, subject)


_CONTROLLERS = tuple(_of(name) for name in images.NAMES)


def find(file: TextFile, context: Context) -> Iterator[Found]:
    """Yield the tags that such URLs name, and a note on each URL that names none."""
    for controller in _CONTROLLERS:
        if controller.needle not in file.text:
            continue
        for url, role in controller.urls:
            for found in tagged_urls.find(url, file, context):
                yield replace(found, role=role) if isinstance(found, Pin) else found
        for match in controller.floating.finditer(file.text):
            if file.is_live(match.start()):
                what = f"{controller.subject} is that of the newest release, or of a branch"
                yield Note(file.location(match.start()), what, advice=BY_HAND)
