"""Finds Flux as a remote base of Kustomize: `github.com/fluxcd/flux2//manifests/install?ref=…`.

Syntax of such a URL: kubectl.docs.kubernetes.io, "remote targets". The repository has the form that
git accepts, the path is behind one or two slashes, and `ref` is one of the parameters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec.structs import replace

from fluxbump.discover.pins import tagged_urls
from fluxbump.discover.pins.kind import Context, Found, unpinned
from fluxbump.discover.pins.kind_traits import KindTrait
from fluxbump.discover.pins.tagged_urls import Url
from fluxbump.discover.urls import removed_folders
from fluxbump.discover.variables import references
from fluxbump.model import FLUX, Pin, Role
from fluxbump.text.live_code import TextFile
from fluxbump.text.patterns import lazy_pattern

NAME = "kustomize-remote"
ROLE = Role.INSTALLS
NEEDLES: tuple[str, ...] = ()
TRAITS = frozenset({KindTrait.TAG_URL, KindTrait.ONE_RELEASE, KindTrait.BY_VARIABLE})

_BASE = r"github\.com[/:]fluxcd/flux2(?:\.git)?/{1,2}manifests/(?P<path>[\w./-]{0,200})"
_TAG = rf"(?:{references.PIECE}|[^&\s\"'`#]){{1,200}}+"
_SUBJECT = "remote base fluxcd/flux2"
_URL = Url(
    NAME,
    "fluxcd/flux2",
    lazy_pattern(rf"{_BASE}\?(?:[^\s\"'`#&]{{0,100}}&){{0,8}}?(?:ref|version)=(?P<tag>{_TAG})"),
    _SUBJECT,
)
_ANY = lazy_pattern(rf"{_BASE}(?P<parameters>\?[^\s\"'`#]{{0,400}})?")
_BRANCH = lazy_pattern(r"(?:ref|version)=(?!v?[0-9])[A-Za-z][\w./-]*(?![\w$])")
_BESIDE_FLUX = "integrations/"
"""The beginning of paths whose manifests install no controller of Flux."""


def find(file: TextFile, context: Context) -> Iterator[Found]:
    """Yield the release of each remote base in live code, and a pin for each without one."""
    if _URL.needle not in file.text or "manifests/" not in file.text:
        return
    beside = {match.start("path") for match in _ANY.finditer(file.text) if _is_beside(match)}
    for found in tagged_urls.find(_URL, file, context):
        gone = removed_folders.noted(file, found) if isinstance(found, Pin) else None
        if gone is not None:
            yield gone
        elif isinstance(found, Pin) and _path_of(file, found) in beside:
            yield replace(found, role=Role.REFERENCE)
        else:
            yield found
    yield from _floating(file)


def _is_beside(match: re.Match[str]) -> bool:
    return match["path"].startswith(_BESIDE_FLUX)


def _path_of(file: TextFile, pin: Pin) -> int:
    """Return the offset of the path in the URL that holds a pin."""
    return file.text.rfind("manifests/", 0, pin.start) + len("manifests/")


def _floating(file: TextFile) -> Iterator[Found]:
    """Yield the bases without a release, which use the default branch or a named branch."""
    for match in _ANY.finditer(file.text):
        parameters = match["parameters"] or ""
        named = "ref=" in parameters or "version=" in parameters
        if named and not _BRANCH.search(parameters):
            continue
        live = file.is_live(match.start()) and not references.is_searched(file, match.start())
        if live and not _is_beside(match):
            yield unpinned(NAME, FLUX, file.location(match.start()), _SUBJECT)
