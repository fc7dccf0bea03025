"""Which version of an artifact an OCIRepository asks for, or a reference with a tag. Pure.

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
"""Matches the tag of a reference, and whether a digest is behind it."""

_LISTED = lazy_pattern(r"[\w.:@/=,-]+(?:[ \t]+[\w.:@/=,-]+)*[ \t]*(?:#.*)?")
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
        elif key == "digest":
            yield _of_digest(pin, document.scalar(yaml.get(reference, "tag")))
        else:
            yield _with_digest(pin) if "@" in pin.value else pin
        return
    yield unpinned(kind, track, document.at(node), subject)


def _of_digest(pin: Pin, tag: Scalar | None) -> Pin:
    """Return the pin of a digest: the version that a tag beside it tells, if it tells one."""
    told = None if tag is None else pin_at(pin.kind, pin.track, tag, pin.subject)
    if told is None or told.form is not Form.EXACT or versions.parse(told.value) is None:
        return replace(pin, form=Form.OPAQUE)
    return beside_digest(told)


def _with_digest(pin: Pin) -> Pin:
    """Return the pin of a tag with a digest behind it: the digest decides what is pulled."""
    tag = pin.value.partition("@")[0]
    _, skip = form_of(tag)
    start, end = pin.start + skip, pin.start + len(tag)
    return beside_digest(replace(pin, start=start, end=end, value=tag[skip:]))


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
        f"{pin.subject} takes only tags that match {expression}",
        advice="Check that the tag of a new version matches",
    )


class References(Struct, frozen=True):
    """References to artifacts of one version line.

    Attributes:
        kind: name of the kind of pin.
        track: of the artifacts.
        pattern: matches one; its groups are `name`, `tag` and `digest`.
    """

    kind: str
    track: Track
    pattern: re.Pattern[str]


def is_live(file: TextFile, offset: int) -> bool:
    """Whether a reference counts: in live code, or in a list of references in a `.txt` file."""
    if not file.path.endswith(".txt"):
        return file.is_live(offset)
    start, end = file.line_span(offset)
    line = file.text[start:end].strip()
    words = line.partition("#")[0].split()
    return bool(_LISTED.fullmatch(line)) and all("/" in word for word in words)


def tags(wanted: References, file: TextFile, context: Context) -> Iterator[Pin]:
    """Yield the versions that references in live code hold; `latest` and its like are none."""
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
