"""Finds downloads and images of the flux CLI: the URL of an archive, and the tag of an image.

The version is in an archive's URL twice, and each is a pin. Flux publishes the files of a
release as `flux_VERSION_…`, and the image as `ghcr.io/fluxcd/flux-cli:vVERSION`, on Docker Hub too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from fluxbump.discover.digests import cli_archives
from fluxbump.discover.pins import oci_references
from fluxbump.discover.pins.kind import BY_HAND, Context, Found, beside_digest
from fluxbump.discover.pins.kind_traits import KindTrait
from fluxbump.discover.urls import image_copies
from fluxbump.discover.variables import references
from fluxbump.model import FLUX, Form, Note, Pin, Role
from fluxbump.text import yaml
from fluxbump.text.live_code import TextFile
from fluxbump.text.patterns import lazy_pattern
from fluxbump.text.version_forms import form_of
from fluxbump.text.yaml import Document, Node

NAME = "flux-cli"
ROLE = Role.TOOL
NEEDLES: tuple[str, ...] = ()
TRAITS = frozenset({KindTrait.CLI_FILE, KindTrait.BY_VARIABLE, KindTrait.LISTED})

_NAME = "flux-cli"
_IMAGE = f"fluxcd/{_NAME}"

_REFERENCE = lazy_pattern(
    rf"{_IMAGE}(?<![\w.-]{_IMAGE})(?P<sign>[:@])"
    r"(?P<tag>(?:\$?\{\{[^\n]{0,200}?\}\}"
    r"|\$\{[^}\n]{0,200}\}|\$\([^)\n]{0,200}\)|[^\s\"'`,;|&()<>\]}\\=])+)"
)
_FILE = lazy_pattern(
    r"flux_(?<![\w.-]flux_)(?P<version>\d+\.\d+\.\d+)_[a-z]+_[a-z0-9]+"
    r"\.(?:tar\.gz|zip)(?![\w.])"
)
_IN_URL = lazy_pattern(r"://[^\s\"'`]{0,300}\Z")
_OF_ONE_ARCHITECTURE = lazy_pattern(r"\d-(?:amd64|arm64|arm|386|armv7)\b")
_NAMES = ("newName", "name", "repository", "image")
_TAGS = ("newTag", "tag")


def find(file: TextFile, context: Context) -> Iterator[Found]:
    """Yield both versions in the URL of each archive, and the tags of the image."""
    if cli_archives.RELEASES in file.text:
        yield from _urls(file, context)
        yield from _files(file)
    if _IMAGE in file.text and not file.is_program:
        yield from _images(file)


# --- the archive -----------------------------------------------------------------------------


def _urls(file: TextFile, context: Context) -> Iterator[Found]:
    for match, doubt in cli_archives.found(file, context.is_acted_on):
        if doubt is None:
            yield from _of_url(file, match)
        else:
            yield Note(file.location(match.start("tag")), doubt, advice=BY_HAND)


def _of_url(file: TextFile, match: re.Match[str]) -> Iterator[Pin]:
    for part in ("tag", "again"):
        form, skip = form_of(match[part])
        if form is Form.EXACT and bool(skip) == (part == "again"):
            form = Form.OPAQUE  # Flux has no such file: `v` in the tag, and none behind it
        if form is Form.VARIABLE and part == "again" and _is_same(match["tag"], match["again"]):
            return  # one variable, which is listed or followed once
        start, end = match.start(part) + skip, match.end(part)
        yield _pin(file, start, end, form, cli_archives.SUBJECT)


def _files(file: TextFile) -> Iterator[Pin]:
    """Yield the versions in names of downloaded archives, which later commands open."""
    if file.is_program:
        return
    for match in _FILE.finditer(file.text):
        start, end = match.span("version")
        in_url = _IN_URL.search(file.text, max(0, start - 300), start) is not None
        if not in_url and file.is_live(start) and not references.is_searched(file, start):
            yield _pin(file, start, end, Form.EXACT, f"name of the {cli_archives.SUBJECT}")


def _is_same(tag: str, again: str) -> bool:
    first, second = references.parse(tag), references.parse(again)
    return first is not None and (second is None or first.name == second.name)


def _pin(file: TextFile, start: int, end: int, form: Form, subject: str) -> Pin:
    where, value = file.location(start), file.text[start:end]
    return Pin(NAME, FLUX, where, start, end, value, form, subject, ROLE)


# --- the image -------------------------------------------------------------------------------


def _images(file: TextFile) -> Iterator[Found]:
    for match in _REFERENCE.finditer(file.text):
        live = oci_references.is_live(file, match.start())
        if live and not references.is_searched(file, match.start()):
            yield _tag(file, match.start("tag"), match["tag"], pinned=match["sign"] == "@")
            for copy in image_copies.tags(file, _NAME, *match.span("tag")):
                yield _tag(file, copy, match["tag"], pinned=False)
    for document in file.documents:
        if _IMAGE in document.source and "ag" in document.source:
            for mapping in yaml.mappings(document.root):
                yield from _beside(file, document, mapping)


def _beside(file: TextFile, document: Document, mapping: Node) -> Iterator[Found]:
    """Yield the tag beside the name of the image: of a kustomization, of values, of a component.

    A component of the Open Component Model repeats the tag of the image that it refers to.
    """
    reference = yaml.text_of(mapping, "access", "imageReference") or ""
    version = document.scalar(yaml.get(mapping, "version"))
    if version and reference.endswith(f"{_IMAGE}:{version.value}"):
        yield _tag(file, version.start, file.text[version.start : version.end], pinned=False)
    names = (yaml.text_of(mapping, key) for key in _NAMES)
    if not any(name and f"/{name}".endswith(f"/{_IMAGE}") for name in names):
        return
    found = (document.scalar(yaml.get(mapping, key)) for key in _TAGS)
    tag = next((scalar for scalar in found if scalar is not None), None)
    if tag is None:
        return
    digest = yaml.text_of(mapping, "digest") is not None
    pinned = digest or not tag.editable
    result = _tag(file, tag.start, file.text[tag.start : tag.end], pinned=pinned)
    if digest and isinstance(result, Pin):
        result = beside_digest(result)
    yield result


def _tag(file: TextFile, start: int, text: str, *, pinned: bool) -> Found:
    """Make the pin of a tag.

    Args:
        file: the file with the reference.
        start: the offset of the tag.
        text: the tag and the text behind it.
        pinned: whether a digest decides which image runs, so that a new tag would change nothing.
    """
    form, skip = form_of(text)
    if pinned or "@" in text or (form is Form.EXACT and not text.startswith("v")):
        form, skip = Form.OPAQUE, 0
    elif form is Form.RANGE or _OF_ONE_ARCHITECTURE.search(text):
        what = f"{text} is not a tag of a release of the image flux-cli"
        return Note(file.location(start), what, advice=BY_HAND)
    return _pin(file, start + skip, start + len(text), form, "image flux-cli")
