"""Defines objects embedded in other text, and makes the pins of their versions. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from fluxbump.model import Form, Pin, Track
from fluxbump.text import version_ranges
from fluxbump.text.live_code import TextFile
from fluxbump.text.patterns import lazy_pattern
from fluxbump.text.version_forms import form_of

# What Go templates, Terraform templates, Flux substitutions and ResourceSets put in.
DIRECTIVE = lazy_pattern(
    r"\{\{[^\n]{0,400}?\}\}|\{%[^\n]{0,400}?%\}|\$\{[^{}\n]{0,400}\}"
    r"|\$\{\{[^\n]{0,400}?\}\}|%\{[^{}\n]{0,400}\}"
    r"|<<[^<>\n]{0,200}>>"
)

FIELDS: Mapping[str, tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]] = {
    "HelmRelease": (("spec", "chart", "spec", "chart"), (("spec", "chart", "spec", "version"),)),
    "HelmChart": (("spec", "chart"), (("spec", "version"),)),
    # source-controller: a digest wins over semver, semver over tag.
    "OCIRepository": (
        ("spec", "url"),
        (("spec", "ref", "digest"), ("spec", "ref", "semver"), ("spec", "ref", "tag")),
    ),
    # Of a FluxInstance, nothing names what it installs.
    "FluxInstance": (("kind",), (("spec", "distribution", "version"),)),
}
"""For each kind: the field with its chart, and the fields for its version by precedence."""


class Value(Struct, frozen=True):
    """A scalar of an embedded object.

    Attributes:
        text: the text as written in the file, without quotes.
        start: the offset of its first character in the file's text.
        end: the offset behind its last character.
        plain: whether the text is the value, without escapes, anchor or block scalar.
        expression: whether it is an expression of another language, whose value is not known.
    """

    text: str
    start: int
    end: int
    plain: bool
    expression: bool = False

    @property
    def templated(self) -> bool:
        """Whether a template writes a part of the value."""
        return DIRECTIVE.search(self.text) is not None


class Manifest(Struct, frozen=True):
    """A Kubernetes object inside other text.

    Attributes:
        kind: the `kind` that it names.
        start: the offset of its first character.
        end: the offset behind its last character.
        values: the scalars in its mappings, by the keys that lead to them.
        repeated: the keys that appear twice, of which a template chooses one.
        templated: whether some of its lines are directives of a template, which may add others.
    """

    kind: str
    start: int
    end: int
    values: Mapping[tuple[str, ...], Value] = field(default_factory=dict)
    repeated: frozenset[tuple[str, ...]] = frozenset()
    templated: bool = False

    def has(self, *keys: str) -> bool:
        """Whether the object has a field, which is a scalar or a mapping with scalars."""
        return any(path[: len(keys)] == keys for path in self.values)

    def text(self, *keys: str) -> str | None:
        """Return the text of the scalar that `keys` lead to; None if there is none."""
        value = self.values.get(keys)
        return value.text if value else None


def pin_of(name: str, file: TextFile, value: Value, track: Track, subject: str) -> Pin | None:
    """Return the pin of kind `name` for a value; None if its meaning is not certain."""
    form, skip = form_of(value.text)
    if value.templated or value.expression:
        form, skip = Form.VARIABLE, 0
    elif not value.plain or (form is Form.RANGE and not _is_range(value.text)):
        return None
    start = value.start + skip
    where = file.location(start)
    return Pin(name, track, where, start, value.end, value.text[skip:], form, subject)


def _is_range(text: str) -> bool:
    try:
        version_ranges.parse(text)
    except ValueError:
        return False
    return True
