"""Finds URLs of a release's files for tools: the schemas of its CRDs, raw files of its repository.

`crd-schemas.tar.gz` and `manifests.tar.gz` are among the files of each release of
github.com/fluxcd/flux2.
"""

from __future__ import annotations

from collections.abc import Iterator

from fluxbump.discover.pins import tagged_urls
from fluxbump.discover.pins.kind import Context, Found
from fluxbump.discover.pins.kind_traits import KindTrait
from fluxbump.discover.pins.tagged_urls import Url
from fluxbump.discover.urls import removed_folders
from fluxbump.discover.variables import references
from fluxbump.model import Pin, Role
from fluxbump.text.live_code import TextFile
from fluxbump.text.patterns import lazy_pattern

NAME = "schema-url"
ROLE = Role.REFERENCE
NEEDLES: tuple[str, ...] = ()
TRAITS = frozenset({KindTrait.TAG_URL, KindTrait.BY_VARIABLE, KindTrait.LISTED})

_TAG = rf"(?P<tag>(?>(?:{references.PIECE}|[^/\s\"'`?#])+))"
_REPOSITORY = "fluxcd/flux2/"

URLS = (
    Url(
        NAME,
        _REPOSITORY,
        lazy_pattern(
            rf"fluxcd/flux2/releases/download/{_TAG}/(?:crd-schemas|manifests)\.tar\.gz(?![\w.-])"
        ),
        "the archive of a release",
    ),
    Url(
        NAME,
        _REPOSITORY,
        lazy_pattern(
            r"(?:raw\.githubusercontent\.com/fluxcd/flux2/|github\.com/fluxcd/flux2/raw/)"
            rf"(?:refs/tags/)?{_TAG}/(?=[\w.-])"
        ),
        "a raw file of a release",
    ),
)


def find(file: TextFile, context: Context) -> Iterator[Found]:
    """Yield the releases that such URLs name. A branch holds no release."""
    for url in URLS:
        for found in tagged_urls.find(url, file, context):
            gone = removed_folders.noted(file, found) if isinstance(found, Pin) else None
            yield gone or found
