"""What an object in other text says: its chart, its version, and the pin that this is. Pure."""

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
"""Where each kind names its chart, and where its version; the first that it has counts."""


class Value(Struct, frozen=True):
    """A scalar of an embedded object.

    Attributes:
        text: as it stands in the file, without quotes.
        start: offset of its first character in the file's text.
        end: offset behind its last character.
        plain: the text is the value: no escapes, no anchor, no block scalar.
        expression: another language's, which tells the value when it is run.
    """

    text: str
    start: int
    end: int
    plain: bool
    expression: bool = False

    @property
    def templated(self) -> bool:
        """Whether something else writes a part of it."""
        return DIRECTIVE.search(self.text) is not None


class Manifest(Struct, frozen=True):
    """An object inside other text.

    Attributes:
        kind: what it says that it is.
        start: offset of its first character.
        end: offset behind its last character.
        values: the scalars in its mappings, by their keys.
        repeated: keys that stand twice; which of them counts, a template decides.
        templated: lines of it are directives, which may add others.
    """

    kind: str
    start: int
    end: int
    values: Mapping[tuple[str, ...], Value] = field(default_factory=dict)
    repeated: frozenset[tuple[str, ...]] = frozenset()
    templated: bool = False

    def has(self, *keys: str) -> bool:
        """Whether there is a field; also one that is a mapping with scalars."""
        return any(path[: len(keys)] == keys for path in self.values)

    def text(self, *keys: str) -> str | None:
        """Return the text of a scalar; None when there is none."""
        value = self.values.get(keys)
        return value.text if value else None


def pin_of(name: str, file: TextFile, value: Value, track: Track, subject: str) -> Pin | None:
    """Make the pin of kind `name` that a value is; None where it is not certain what it says."""
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
