"""Reads the version of an OCI artifact, from an OCIRepository or from a reference with a tag. Pure.

Field meanings: fluxcd.io/flux/components/source/ocirepositories.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from fluxbump.discover.pins.kind import Context, Found, beside_digest, pin_at, unpinned
from fluxbump.discover.variables import references
from fluxbump.model import Form, Note, Pin, Track
from fluxbump.text import versions, yaml
from fluxbump.text.live_code import TextFile
from fluxbump.text.patterns import lazy_pattern
from fluxbump.text.version_forms import form_of
from fluxbump.text.yaml import Document, Node, Scalar

TAG = rf"(?P<tag>(?>(?:{references.PIECE}|[^\s\"'`@,;&|)\]}}])+))(?P<digest>@sha256:)?"
"""Matches the tag of a reference; the group `digest` matches if a digest is behind the tag."""

_LISTED = lazy_pattern(r"[\w.:@/=,-]+(?:[ \t]+[\w.:@/=,-]+)*[ \t]*(?:#.*)?")
_UNSET = (None, "", "~", "null")


def of(kind: str, track: Track, document: Document, node: Node) -> Iterator[Found]:
    """Yield the pin of an OCIRepository's `spec.ref`, and a note if `ref` filters the tags.

    Without a `ref` that names a version, the pin is unpinned.

    Args:
        kind: the name of the kind of pin that asks.
        track: the track of the artifact.
        document: the YAML document with the object.
        node: the OCIRepository.
    """
    subject = yaml.subject_of(node)
    reference = yaml.get(node, "spec", "ref")
    # source-controller: `digest` overrides `semver`, which overrides `tag`; an empty one is unset.
    for key in ("digest", "semver", "tag"):
        scalar = document.scalar(yaml.get(reference, key))
        if scalar is None or yaml.text_of(reference, key) in _UNSET:
            continue
        pin = pin_at(kind, track, scalar, subject)
        if key == "semver":
            yield from _filtered(document, reference, pin)
        elif key == "digest":
            yield _of_digest(pin, document.scalar(yaml.get(reference, "tag")))
        else:
            yield _with_digest(pin) if "@" in pin.value else pin
        return
    yield unpinned(kind, track, document.at(node), subject)


def _of_digest(pin: Pin, tag: Scalar | None) -> Pin:
    """Return the pin of a digest.

    It holds the version of the tag beside the digest. Without such a version it is opaque.
    """
    told = None if tag is None else pin_at(pin.kind, pin.track, tag, pin.subject)
    if told is None or told.form is not Form.EXACT or versions.parse(told.value) is None:
        return replace(pin, form=Form.OPAQUE)
    return beside_digest(told)


def _with_digest(pin: Pin) -> Pin:
    """Return the pin of a tag with a digest behind it, cut to the tag. The digest counts."""
    tag = pin.value.partition("@")[0]
    _, skip = form_of(tag)
    start, end = pin.start + skip, pin.start + len(tag)
    return beside_digest(replace(pin, start=start, end=end, value=tag[skip:]))


def _filtered(document: Document, reference: Node | None, pin: Pin) -> Iterator[Found]:
    """Yield the pin of a `semver` range, and a note if a `semverFilter` is set.

    The filter is a regular expression of Go that selects tags before `semver` picks one of them
    (fluxcd.io/flux/components/source/ocirepositories, SemverFilter example). It may exclude a
    version that the range admits, and fluxbump does not evaluate it.
    """
    expression = yaml.text_of(reference, "semverFilter")
    if expression in _UNSET:
        yield pin
        return
    yield replace(pin, subject=f"{pin.subject} (semverFilter {expression})")
    yield Note(
        document.at(yaml.get(reference, "semverFilter")),
        f"{pin.subject} takes only tags that match {expression}",
        advice="Check that the tag of a new version matches",
    )


class References(Struct, frozen=True):
    """How references to the artifacts of one track are found.

    Attributes:
        kind: the name of the kind that its pins get.
        track: the track of the artifacts.
        pattern: matches a reference, with the groups `name`, `tag` and `digest`.
    """

    kind: str
    track: Track
    pattern: re.Pattern[str]


def is_live(file: TextFile, offset: int) -> bool:
    """Whether a reference at an offset is in use.

    It is in live code, or on a line of a `.txt` file that has references and nothing else.
    """
    if not file.path.endswith(".txt"):
        return file.is_live(offset)
    start, end = file.line_span(offset)
    line = file.text[start:end].strip()
    words = line.partition("#")[0].split()
    return bool(_LISTED.fullmatch(line)) and all("/" in word for word in words)


def tags(wanted: References, file: TextFile, context: Context) -> Iterator[Pin]:
    """Yield the pins of references that are in use. A tag such as `latest` holds no version."""
    for match in wanted.pattern.finditer(file.text) if not file.is_program else ():
        form, skip = form_of(match["tag"])
        live = is_live(file, match.start()) and not references.is_searched(file, match.start())
        if not live or form not in (Form.EXACT, Form.VARIABLE):
            continue
        start, end = match.start("tag") + skip, match.end("tag")
        where, value = file.location(start), file.text[start:end]
        subject = f"artifact {match['name']}"
        pin = Pin(wanted.kind, wanted.track, where, start, end, value, form, subject)
        yield beside_digest(pin) if match["digest"] else pin
