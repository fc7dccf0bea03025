"""Reads a `gotk-components.yaml`, the manifest that `flux bootstrap` commits. Pure.

`flux install --export` writes the same text. Its head are comments with the release and the
components; every object has the release in a label (`pkg/manifestgen/install` in fluxcd/flux2).
The text is made by a program, so it is read by its lines: a hundred clusters have a hundred of
these files, each of half a mebibyte, and a YAML parser would take seconds for what a pattern sees.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from fluxbump.text.patterns import lazy_pattern

FILE = "gotk-components.yaml"
"""The name that `flux bootstrap` gives the file; teams can rename it."""

NEEDLES = ("# Flux Version: ", "# Flux version: ")
"""Texts of which the file contains one: the small `v` is older than Flux 0.22."""

DEPLOYMENT = "Deployment"
DEFINITION = "CustomResourceDefinition"
NAMESPACE = "Namespace"
NETWORK_POLICY = "NetworkPolicy"

_GROUP = ".toolkit.fluxcd.io"
_OF_COPY = (
    "CustomResourceDefinition",
    _GROUP,
    "Deployment",
    "app.kubernetes.io/version:",
)
_BY_HELM = lazy_pattern(r"app\.kubernetes\.io/managed-by[\"']?:[ \t]*[\"']?Helm\b")

# The comments before the first object. Nothing is tried twice, so a long file that is something
# else is left at its first line.
_HEAD = lazy_pattern(r"\ufeff?(?>(?:---[ \t]*\r?\n|[ \t]*\r?\n|#[^\n]*\n)+)")
_VERSION = lazy_pattern(rf"^(?:{'|'.join(NEEDLES)})[ \t]*(?P<version>\S+)[ \t]*\r?$", re.MULTILINE)
_COMPONENTS = lazy_pattern(
    r"^# Components:[ \t]*(?P<components>[a-z0-9,-]+)[ \t]*\r?$", re.MULTILINE
)
_SEPARATOR = lazy_pattern(r"^---[ \t]*\r?\n", re.MULTILINE)
_KIND = lazy_pattern(r"^kind:[ \t]*[\"']?(\w+)", re.MULTILINE)
_METADATA = lazy_pattern(r"^metadata:[ \t]*\r?\n(?:[ \t#][^\n]*\n?|\r?\n)*", re.MULTILINE)
_NAME = lazy_pattern(r"^  name:[ \t]*[\"']?(?P<value>[^\s\"'#]+)", re.MULTILINE)
_LABEL = r"^[ \t]+[\"']?app\.kubernetes\.io/{}[\"']?:[ \t]*[\"']?(?P<value>[^\s\"'#]+)"
_PART_OF = lazy_pattern(_LABEL.format("part-of"), re.MULTILINE)
_INSTANCE = lazy_pattern(_LABEL.format("instance"), re.MULTILINE)
_COMPONENT = lazy_pattern(_LABEL.format("component"), re.MULTILINE)
_RELEASE = lazy_pattern(_LABEL.format("version"), re.MULTILINE)
_IMAGE = lazy_pattern(
    r"^[ \t]+(?:-[ \t]+)?image:[ \t]*[\"']?(?:(?P<registry>[^\s\"'@]*)/)?"
    r"(?P<name>[a-z0-9-]+-(?:controller|watcher)):(?P<tag>[^\s\"'@#]+)",
    re.MULTILINE,
)


class Label(Struct, frozen=True):
    """A label that names the release that an object belongs to.

    Attributes:
        value: the label's value as written, `v2.4.0`.
        line: the 1-based line of the label.
    """

    value: str
    line: int


class Image(Struct, frozen=True):
    """The image of a controller.

    Attributes:
        registry: the text before the last `/` of the image; empty if there is no `/`.
        name: the controller's name.
        tag: the tag as written, without a digest.
        line: the 1-based line of the image.
    """

    registry: str
    name: str
    tag: str
    line: int


class ManifestPart(Struct, frozen=True):
    """One document of the file.

    Attributes:
        kind: the object's kind; empty if it has none.
        name: the object's name; empty if it has none.
        component: the controller that the object belongs to; empty for an object that all
            controllers share.
        text: the document, without the separator before it.
        labels: the labels that name its release.
        images: the images of controllers in it.
    """

    kind: str
    name: str
    component: str
    text: str
    labels: tuple[Label, ...] = ()
    images: tuple[Image, ...] = ()


class GotkManifest(Struct, frozen=True):
    """A parsed `gotk-components.yaml`, or a copy of a release's `install.yaml`.

    Attributes:
        head: the comments before the first object; empty for a copy.
        start: the offset of the release in the text, after a leading `v`.
        version: the release in the head, without a leading `v`; the one in the first label for a
            copy.
        tagged: whether the release has a leading `v` there.
        line: the 1-based line of the release.
        components: the controllers that the head lists, in its order; empty if it lists none.
        parts: the documents, in order.
    """

    head: str
    start: int
    version: str
    tagged: bool
    line: int
    components: tuple[str, ...]
    parts: tuple[ManifestPart, ...]

    @property
    def labels(self) -> Iterator[Label]:
        """All labels that name the release of an object."""
        return (label for part in self.parts for label in part.labels)

    @property
    def images(self) -> Iterator[Image]:
        """The images of all controllers."""
        return (image for part in self.parts for image in part.images)


def has_head(text: str) -> bool:
    """Whether `read` can find a manifest in a text; False means that it finds none."""
    return any(needle in text for needle in NEEDLES)


def read(text: str) -> GotkManifest | None:
    """Read a manifest; None if `text` is not one.

    The file's name does not matter. A text is a manifest if the comments at its beginning name the
    release, and an object after them has the labels that Flux's own manifests have.
    """
    head = _HEAD.match(text) if has_head(text) else None
    named = _VERSION.search(head[0]) if head else None
    if head is None or named is None:
        return None
    parts = tuple(_parts(text, head.end()))
    if not any(part.labels for part in parts):
        return None
    listed = _COMPONENTS.search(head[0])
    version = named["version"]
    return GotkManifest(
        head=head[0],
        start=named.start("version") + version.startswith("v"),
        version=version.removeprefix("v"),
        tagged=version.startswith("v"),
        line=_line(text, named.start()),
        components=tuple(listed["components"].split(",")) if listed else (),
        parts=parts,
    )


def may_be_copy(text: str) -> bool:
    """Whether `read_copy` can find a manifest in a text; False means that it finds none."""
    named = all(word in text for word in _OF_COPY) and not has_head(text)
    return named and _BY_HELM.search(text) is None


def read_copy(text: str) -> GotkManifest | None:
    """Read a copy of a release's `install.yaml`; None if `text` is not one.

    A copy has no head that names the release, so the first label of an object counts. A text with
    CRDs of Flux and a Deployment of a controller is taken for the whole manifest. A manifest that
    Helm rendered is not a copy.
    """
    if not may_be_copy(text):
        return None
    parts = tuple(_parts(text, 0))
    first = next((part for part in parts if part.labels), None)
    whole = any(map(_defines, parts)) and any(part.images for part in parts)
    if first is None or not whole:
        return None
    label = first.labels[0]
    begin = _offset(text, label.line)
    start = text.index(label.value, begin + text[begin:].index("version")) if label.value else begin
    return GotkManifest(
        head="",
        start=start + label.value.startswith("v"),
        version=label.value.removeprefix("v"),
        tagged=label.value.startswith("v"),
        line=label.line,
        components=(),
        parts=parts,
    )


def _defines(part: ManifestPart) -> bool:
    """Whether a document defines a custom resource of Flux."""
    return part.kind == DEFINITION and part.name.endswith(_GROUP)


def is_manifest(text: str) -> bool:
    """Whether `read` or `read_copy` takes a text for a manifest."""
    return read(text) is not None or read_copy(text) is not None


def _offset(text: str, line: int) -> int:
    """Return the offset at which a 1-based line begins."""
    start = 0
    for _ in range(line - 1):
        start = text.index("\n", start) + 1
    return start


def _line(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1


def _parts(text: str, start: int) -> Iterator[ManifestPart]:
    line = _line(text, start)
    separators = _SEPARATOR.finditer(text, start)
    for separator in (*separators, None):
        end = separator.start() if separator else len(text)
        yield _part(text[start:end], line)
        if separator:
            line += text.count("\n", start, separator.end())
            start = separator.end()


def _part(text: str, line: int) -> ManifestPart:
    """Read one document that begins on `line`."""
    kind, metadata = _KIND.search(text), _METADATA.search(text)
    about = metadata[0] if metadata else ""
    name = _NAME.search(about)
    if kind is None or metadata is None or not _of_flux(about):
        return ManifestPart(kind[1] if kind else "", name["value"] if name else "", "", text)
    component = _COMPONENT.search(about)
    # The schemas of a CRD say a lot; its labels are in its metadata.
    end = metadata.end() if kind[1] == DEFINITION else len(text)
    found = _RELEASE.finditer(text, metadata.start(), end)
    return ManifestPart(
        kind=kind[1],
        name=name["value"] if name else "",
        component=component["value"] if component else "",
        text=text,
        labels=tuple(Label(match["value"], line + _breaks(text, match)) for match in found),
        images=tuple(_images(text, line)) if kind[1] == DEPLOYMENT else (),
    )


def _of_flux(metadata: str) -> bool:
    """Whether metadata has the labels of Flux's own manifests; until 2021 they lack `part-of`."""
    part_of = _PART_OF.search(metadata)
    return part_of["value"] == "flux" if part_of else _INSTANCE.search(metadata) is not None


def _images(text: str, line: int) -> Iterator[Image]:
    for match in _IMAGE.finditer(text):
        yield Image(
            match["registry"] or "", match["name"], match["tag"], line + _breaks(text, match)
        )


def _breaks(text: str, match: re.Match[str]) -> int:
    """Count the line breaks before the end of a match."""
    return text.count("\n", 0, match.end())
