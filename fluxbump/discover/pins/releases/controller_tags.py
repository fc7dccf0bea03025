"""Makes pins or notes of the tags of controllers' images, and finds tags beside image names."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from fluxbump.discover.pins.kind import BY_HAND, Found, beside_digest
from fluxbump.flux.tables import images
from fluxbump.model import FLUX, Form, Note, Pin, Role, Track, TrackKind
from fluxbump.text import yaml
from fluxbump.text.live_code import TextFile
from fluxbump.text.patterns import lazy_pattern
from fluxbump.text.version_forms import form_of
from fluxbump.text.yaml import Document, Node, Scalar

KIND = "controller-image"
"""The kind of these pins."""
ROLE = Role.INSTALLS
CLI = "flux-cli"
"""The image of the flux CLI."""
NAMES = "|".join(images.NAMES)
"""A pattern for the name of a controller's image."""
IMAGE = lazy_pattern(rf"(?:^|/)fluxcd/(?P<name>{NAMES})(?::|@|$)")


class ControllerImage(Struct, frozen=True):
    """The image of a controller or of the CLI, and for people what holds its tag.

    The CLI's image has the role of a tool: the chart runs it in the job that checks a cluster
    before an installation.
    """

    name: str
    subject: str

    @property
    def track(self) -> Track:
        """The track of the image's tags."""
        return FLUX if self.name == CLI else Track(TrackKind.IMAGE, self.name)

    @property
    def role(self) -> Role:
        """The role of a place that holds a tag of the image."""
        return Role.TOOL if self.name == CLI else ROLE


def tag_pin(file: TextFile, image: ControllerImage, start: int, text: str) -> Found:
    """Make the pin of a tag, or a note if Flux publishes no such tag."""
    form, skip = form_of(text)
    if "@" in text or (form is Form.EXACT and not text.startswith("v")):
        form, skip = Form.OPAQUE, 0
    elif form is Form.RANGE or (form is Form.EXACT and ("-" in text or "+" in text)):
        return Note(
            file.location(start),
            f"{text} is not a tag of a stable {image.name} image",
            advice=BY_HAND,
        )
    return _pin(file, image, start + skip, text[skip:], form)


def _pin(file: TextFile, image: ControllerImage, start: int, value: str, form: Form) -> Pin:
    where, end = file.location(start), start + len(value)
    subject = f"image {image.subject}"
    return Pin(KIND, image.track, where, start, end, value, form, subject, role=image.role)


def beside_names(file: TextFile) -> Iterator[Found]:
    """Yield the tags in mappings that name the image beside the tag, as kustomize and charts do."""
    if not any(key in file.text for key in ("newTag", "tag:", "imageReference")):
        return
    for document in file.documents:
        if "fluxcd/" not in document.source:
            continue
        for mapping in yaml.mappings(document.root):
            yield from of_mapping(file, document, mapping)


def of_mapping(file: TextFile, document: Document, mapping: Node) -> Iterator[Found]:
    """Yield the tag in a mapping that names the image beside it."""
    reference = yaml.text_of(mapping, "access", "imageReference") or ""
    version = document.scalar(yaml.get(mapping, "version"))
    match = IMAGE.search(reference)
    # A component of the Open Component Model repeats the tag of the image that it refers to.
    if match and version and version.value and reference.endswith(f":{version.value}"):
        yield scalar_pin(file, ControllerImage(match["name"], match["name"]), version)
    for image_key, tag_key in (("name", "newTag"), ("image", "tag"), ("repository", "tag")):
        named = IMAGE.search(yaml.text_of(mapping, image_key) or "")
        scalar = document.scalar(yaml.get(mapping, tag_key))
        if named is None or scalar is None:
            continue
        image = ControllerImage(named["name"], named["name"])
        pin = scalar_pin(file, image, scalar)
        digest = yaml.text_of(mapping, "digest")
        if digest and isinstance(pin, Pin):
            pin = beside_digest(pin)
        yield pin
        return


def scalar_pin(file: TextFile, image: ControllerImage, scalar: Scalar) -> Found:
    """Make the pin of a tag that is a scalar; opaque if it cannot be edited in its place."""
    found = tag_pin(file, image, scalar.start, scalar.value)
    if scalar.editable or isinstance(found, Note):
        return found
    return _pin(file, image, scalar.start, scalar.value, Form.OPAQUE)
