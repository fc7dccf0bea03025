"""Which version of an artifact an OCIRepository asks for. Pure.

Field meanings: fluxcd.io/flux/components/source/ocirepositories.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from fluxbump.discover.pins.kind import Found, pin_at, unpinned
from fluxbump.model import Form, Note, Pin, Track
from fluxbump.text import yaml
from fluxbump.text.yaml import Document, Node

_UNSET = (None, "", "~", "null")


def of(kind: str, track: Track, document: Document, node: Node) -> Iterator[Found]:
    """Yield what the `ref` of an OCIRepository says.

    Args:
        kind: name of the kind of pin that asks.
        track: the version line of the artifact.
        document: with the object.
        node: the object.
    """
    subject = yaml.subject_of(node)
    reference = yaml.get(node, "spec", "ref")
    # source-controller: a digest wins over semver, semver over tag; one that is empty is not set.
    for key in ("digest", "semver", "tag"):
        scalar = document.scalar(yaml.get(reference, key))
        if scalar is None or yaml.text_of(reference, key) in _UNSET:
            continue
        pin = pin_at(kind, track, scalar, subject)
        if key == "semver":
            yield from _filtered(document, reference, pin)
        else:
            yield pin if key != "digest" else replace(pin, form=Form.OPAQUE)
        return
    yield unpinned(kind, track, document.at(node), subject)


def _filtered(document: Document, reference: Node | None, pin: Pin) -> Iterator[Found]:
    """With a filter, what `semver` admits may still be excluded, so nobody here says that it fits.

    A regular expression of Go decides which tags count before `semver` picks one of them
    (fluxcd.io/flux/components/source/ocirepositories, SemverFilter example).
    """
    expression = yaml.text_of(reference, "semverFilter")
    if expression in _UNSET:
        yield pin
        return
    yield replace(pin, subject=f"{pin.subject} (semverFilter {expression})")
    yield Note(
        document.at(yaml.get(reference, "semverFilter")),
        f"{pin.subject} takes only tags that match {expression}: "
        "fluxbump does not check whether the tag of a new version matches",
    )
