"""Finds Kubernetes objects inside other text: scripts, templates, heredocs, strings. Pure.

Such a text is often no valid YAML: a template has directives. So directives are replaced by the
same number of harmless characters, the lines of an object are found by their indentation, and the
result is parsed as YAML. All offsets stay the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from fluxbump.discover.embedded.manifests import DIRECTIVE, Manifest, Value
from fluxbump.text import yaml
from fluxbump.text.patterns import lazy_pattern
from fluxbump.text.yaml import Document, Node

_MOST_LINES = 400
"""How many lines above and below a key an object may extend; a larger one is not read."""

_MOST_CHARACTERS = 20_000
"""How many characters before a key are searched for the bracket of an object in flow style."""

_MOST_BRACKETS = 200
"""How many brackets may be between that bracket and the key."""

# What one directive has taken is not given back: a line of thirty of them would never end.
_ALONE = lazy_pattern(
    r"^[ \t]*(?:\{\{[^\n]*\}\}|\{%[^\n]*%\}"
    r"|(?>(?:(?>\{\{[^\n]*?\}\}|\{%[^\n]*?%\}|%\{[^{}\n]*\})[ \t]*+)+))[ \t]*+\r?$",
    re.MULTILINE,
)
_TABS = lazy_pattern(r"^\t+", re.MULTILINE)
_DASHES = lazy_pattern(r"[ \t]*(?:-[ \t]+)*")
_KEY = lazy_pattern(r"""["']?[A-Za-z_][\w./-]*["']?[ \t]*:(?=[ \t\r\n]|\Z)""")
_KIND_KEY = lazy_pattern(r"""["']?kind["']?[ \t]*:""")
_END = ("---", "...")


class Piece(Struct, frozen=True, dict=True):
    """A part of a text that is YAML except for its directives.

    Attributes:
        source: the text that it is a part of.
        start: the offset of its first character in that text.
        document: the part as a YAML document, with its directives replaced.
    """

    source: Source
    start: int
    document: Document

    @property
    def root(self) -> Node | None:
        """The root node; None if the part is no valid YAML even without directives."""
        return self.document.root

    def value(self, node: Node | None) -> Value | None:
        """Return the value of a scalar with its place; None if `node` is no scalar."""
        scalar = self.document.scalar(node)
        if scalar is None:
            return None
        start, end = self.start + scalar.start, self.start + scalar.end
        return Value(self.source.text[start:end], start, end, scalar.editable)

    def manifest(self, kind: str) -> Manifest | None:
        """Return the piece as an object; None if it is no object of that kind."""
        return self.manifest_of(self.root, kind)

    def manifest_of(self, node: Node | None, kind: str) -> Manifest | None:
        """Return a node of the piece as an object; None if it is no object of that kind."""
        if node is None or yaml.text_of(node, "kind") not in (kind, None):
            return None
        values: dict[tuple[str, ...], Value] = {}
        repeated: set[tuple[str, ...]] = set()
        for path, inner in _paths(node, ()):
            value = self.value(inner)
            if path in values:
                repeated.add(path)
            if value is not None:
                values[path] = value
        return Manifest(
            kind,
            self.start + node.start_mark.index,
            self.start + node.end_mark.index,
            values,
            frozenset(repeated),
            self.source.directives(self.start, self.start + len(self.document.text)),
        )


DEEPEST = 4
"""Keys of the deepest field that matters, `spec.chart.spec.version`."""


def _paths(node: Node, above: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Node]]:
    for key, inner in yaml.entries(node):
        path = (*above, key)
        yield path, inner
        if len(path) < DEEPEST:
            yield from _paths(inner, path)


class Source(Struct, frozen=True, dict=True):
    """A text that may contain objects.

    Attributes:
        text: the text as written.
        masked: the text with its directives replaced, of the same length.
    """

    text: str
    masked: str

    def directives(self, start: int, end: int) -> bool:
        """Whether a line between two offsets is a directive and nothing else."""
        return _ALONE.search(self.text, start, end) is not None

    def piece(self, start: int, end: int) -> Piece:
        """Return the part between two offsets."""
        part = self.masked[start:end]
        return Piece(self, start, Document("", part, 0, len(part), 0))

    def pieces(self, start: int, end: int) -> Iterator[Piece]:
        """Yield the YAML documents between two offsets, with any indentation."""
        begin = start
        for line_start, line_end in _lines(self.masked, start, end):
            if self.masked[line_start:line_end].strip() in _END:
                yield self.piece(begin, line_start)
                begin = line_end
        yield self.piece(begin, end)

    def block(self, at: int, start: int, end: int) -> Piece | None:
        """Return the object in block style with a key at `at`; None if its extent is not known.

        Args:
            at: the offset of a key of the object.
            start: the start of the text that can contain the object.
            end: the end of that text.
        """
        line = max(self.masked.rfind("\n", 0, at) + 1, start)
        before = self.masked[line:at]
        lead = _DASHES.match(before)
        if lead is None or before[lead.end() :] not in ("", "'", '"'):
            return None
        column = lead.end()
        first = line if before.strip(" \t'\"") else self._up(line, column, start)
        last = self._down(line, column, end)
        part = self.masked[first:last]
        opening = _DASHES.match(part)
        width = opening.end() if opening else 0
        part = " " * width + part[width:]  # the dash of a list's item
        tabs = {len(found.group()) for found in _TABS.finditer(part)}
        if len(tabs) > 1:
            return None  # what is left of the indentation, the shell decides
        part = _TABS.sub(lambda found: " " * len(found.group()), part)
        return Piece(self, first, Document("", part, 0, len(part), 0))

    def _up(self, line: int, column: int, start: int) -> int:
        first = line
        for _ in range(_MOST_LINES):
            if line <= start:
                break
            line = max(self.masked.rfind("\n", start, line - 1) + 1, start)
            shape = _shape(self.masked[line : self.masked.find("\n", line) + 1], column)
            if shape == "inside":
                continue
            if shape in ("key", "item"):
                first = line
            if shape != "key":
                break
        return first

    def _down(self, line: int, column: int, end: int) -> int:
        last = line
        for number, (begin, behind) in enumerate(_lines(self.masked, line, end)):
            if number >= _MOST_LINES:
                break
            shape = _shape(self.masked[begin:behind], column)
            if number and shape not in ("inside", "key"):
                break
            last = behind
        return last

    def flow(self, at: int, start: int, end: int) -> Piece | None:
        """Return the object in flow style, or JSON, that has a key at `at`; None without one."""
        position = self._opening(at, start)
        if position is None:
            return None
        close = _closing(self.masked, position, min(end, position + _MOST_CHARACTERS))
        return self.piece(position, close) if close else None

    def _opening(self, at: int, start: int) -> int | None:
        depth, position = 0, at
        lowest = max(start, at - _MOST_CHARACTERS)
        for _ in range(_MOST_BRACKETS):
            opening = self.masked.rfind("{", lowest, position)
            closing = self.masked.rfind("}", lowest, position)
            if opening < 0:
                return None
            position = max(opening, closing)
            depth += 1 if closing < opening else -1
            if depth > 0:
                return position
        return None


def source(text: str) -> Source:
    """Return a text with a masked copy, in which harmless characters replace directives."""
    masked = text
    if "{{" in text or "%{" in text or "{%" in text:
        masked = _ALONE.sub(lambda found: " " * len(found.group()), masked)
    if any(mark in text for mark in ("{{", "${", "%{", "{%", ">>")):
        masked = DIRECTIVE.sub(lambda found: "x" * len(found.group()), masked)
    return Source(text, masked)


def _lines(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the lines between two offsets, each with its line break."""
    while start < end:
        behind = text.find("\n", start, end) + 1 or end
        yield start, behind
        start = behind


def _shape(line: str, column: int) -> str:
    """Return the role of a line for an object whose keys are in `column`."""
    bare = line.strip()
    indent = len(line) - len(line.lstrip(" \t"))
    if not bare or bare.startswith("#"):
        return "inside"
    if indent > column:
        return "inside"
    if bare.startswith(_END):
        return "outside"
    if indent == column:
        if _KIND_KEY.match(bare):
            return "outside"  # of another object
        return "key" if _KEY.match(bare) or bare.startswith("- ") else "outside"
    dashes = _DASHES.match(line)
    item = dashes is not None and dashes.end() == column and _KEY.match(line, column)
    return "item" if item else "outside"


_BRACE_OR_STRING = lazy_pattern(r"""[{}]|(?<!\\)"(?:\\.|[^"\\])*"|'[^'\n]*'""")


def _closing(text: str, opening: int, end: int) -> int | None:
    """Return the offset behind the bracket that closes the one at `opening`."""
    depth = 0
    for found in _BRACE_OR_STRING.finditer(text, opening, end):
        depth += (found.group() == "{") - (found.group() == "}")
        if depth == 0:
            return found.end()
    return None
