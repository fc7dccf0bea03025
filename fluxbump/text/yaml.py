"""Reads YAML with the place of each scalar, so that an edit can replace its characters alone.

A round trip through a YAML library rewrites most files, so fluxbump uses the parser only to learn
where a scalar is. This module does not write YAML.

Each value is its text: `1.10` stays "1.10" and is never a float.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from functools import cached_property
from itertools import accumulate, islice
from typing import Any

from msgspec import Struct, field

from fluxbump.model import Location
from fluxbump.text import yaml_parser
from fluxbump.text.parsed import Parsed
from fluxbump.text.patterns import lazy_pattern
from fluxbump.text.yaml_keys import KeySpans
from fluxbump.text.yaml_parser import MappingNode, Node, ScalarNode, SequenceNode, YamlBudget
from fluxbump.text.yaml_problem import YamlError

# A line that starts with `---` ends a document wherever it stands, inside any scalar
# (YAML 1.2.2, rule c-forbidden), so documents can be told apart without parsing them. The line
# break in front is there for speed: a pattern that begins with fixed text is searched for that.
_SEPARATOR = lazy_pattern(r"\n---(?=[ \t\r\n]|\Z)")

# Comments and directives before the first separator belong to the document behind it.
_PREAMBLE = lazy_pattern(r"(?:[ \t]*(?:#[^\n]*)?\r?\n|%[^\n]*\n)*")

_MERGE = "<<"  # yaml.org/type/merge.html
_MOST_BASES = 16
_NAMING = ("chart", "name", "url")  # keys that say what the version in a mapping belongs to


class Scalar(Struct, frozen=True):
    """A scalar with the place of its text.

    Attributes:
        value: the text, without quotes.
        start: the offset of the value's first character in the whole file's text.
        end: the offset behind its last character.
        location: the path, line and column of the value.
        editable: whether `text[start:end] == value`, and no other place takes its value from here.
            It is false for block scalars, escapes, values with an anchor or a tag, and values in a
            mapping that another one merges and changes.
        quoted: whether the scalar is in quotes, and so is a string whatever it looks like.
    """

    value: str
    start: int
    end: int
    location: Location
    editable: bool
    quoted: bool


_parsed = Parsed(yaml_parser.compose)


class Document(Struct, dict=True):
    """One document of a file.

    Attributes:
        path: the path of the file.
        text: the whole file's text.
        start: the offset of the document's first character in `text`.
        end: the offset behind its last character.
        line: the 0-based line of `text` on which the document starts.
        budget: the remaining budget for all documents of the file.
        problem: place and reason if the document could not be parsed; None until `root` is read.
    """

    path: str
    text: str
    start: int
    end: int
    line: int
    budget: YamlBudget = field(default_factory=YamlBudget)
    problem: tuple[Location, str] | None = None

    @property
    def source(self) -> str:
        """The document's own text."""
        return self.text[self.start : self.end]

    @cached_property
    def root(self) -> Node | None:
        """The root node; None for an empty document and for one that cannot be parsed."""
        try:
            return _parsed.compose(self.source, self.budget)
        except YamlError as problem:
            where = Location(self.path, self.line + problem.line + 1, problem.column + 1)
            self.problem = (where, problem.message)
            return None

    def objects(self) -> Iterator[Node]:
        """Yield the document's Kubernetes objects: the root, and then the items of a `List`."""
        for node in (self.root, *items(get(self.root, "items"))):
            if node is not None:
                yield node

    def scalar(self, node: Node | None) -> Scalar | None:
        """Return the value of a node and its place; None if the node is no scalar."""
        if not isinstance(node, ScalarNode):
            return None
        start, end = node.start_mark.index + self.start, node.end_mark.index + self.start
        quoted = self.text[start : start + 1] in ("'", '"') and end - start >= len("''")
        if quoted:
            start, end = start + 1, end - 1
        where = Location(
            self.path, self.line + node.start_mark.line + 1, node.start_mark.column + 1 + quoted
        )
        shared = self._is_repeated(node.start_mark.index)
        editable = self.text[start:end] == node.value and not shared
        return Scalar(str(node.value), start, end, where, editable, quoted)

    @cached_property
    def keys(self) -> KeySpans:
        """The spans of values with their keys, in offsets from the document's start."""
        return KeySpans(
            (value.start_mark.index, value.end_mark.index, key)
            for mapping in mappings(self.root)
            for key, value in entries(mapping)
        )

    def _is_repeated(self, position: int) -> bool:
        """Whether a position is in a mapping that another mapping merges and changes."""
        starts, ends = self._repeated
        before = bisect_right(starts, position)
        return before > 0 and position < ends[before - 1]

    @cached_property
    def _repeated(self) -> tuple[list[int], list[int]]:
        """The spans of mappings that others merge and change (`{<<: *base, chart: other}`).

        The first list has their starts in ascending order. The second has, for each, the largest
        end of the mappings up to it. Two mappings in a text are apart, or one is in the other.
        """
        spans = sorted(
            {
                (base.start_mark.index, base.end_mark.index)
                for mapping in mappings(self.root if _MERGE in self.source else None)
                for base in _bases(_held(mapping).get(_MERGE))
                if _changes(mapping, base)
            }
        )
        ends = [*accumulate((end for _, end in spans), max)]
        return [start for start, _ in spans], ends

    def at(self, node: Node | None) -> Location:
        """Return the place of a node's first character, or of the document if `node` is None."""
        if node is None:
            return Location(self.path, self.line + 1)
        return Location(self.path, self.line + node.start_mark.line + 1, node.start_mark.column + 1)


def documents(text: str, path: str) -> tuple[Document, ...]:
    """Split a file's text into its documents, without parsing them.

    A byte order mark belongs to no document.
    """
    first = 1 if text.startswith("\ufeff") else 0
    separators = [match.start() + 1 for match in _SEPARATOR.finditer(text, first)]
    if separators and _PREAMBLE.fullmatch(text, first, separators[0]):
        separators.pop(0)
    starts = [first, *separators]
    ends = [*starts[1:], len(text)]
    found, line, budget = [], 0, YamlBudget()
    for start, end in zip(starts, ends, strict=True):
        found.append(Document(path, text, start, end, line, budget))
        line += text.count("\n", start, end)
    return tuple(found)


def entries(node: Node | None) -> Iterator[tuple[str, Node]]:
    """Yield a mapping's keys and values; nothing for any other node."""
    if isinstance(node, MappingNode):
        for key, value in node.value:
            if isinstance(key, ScalarNode):
                yield str(key.value), value


def items(node: Node | None) -> Iterator[Node]:
    """Yield a sequence's items; nothing for any other node."""
    if isinstance(node, SequenceNode):
        yield from node.value


def get(node: Node | None, *keys: str) -> Node | None:
    """Return the value that `keys` lead to through nested mappings; None if one is missing.

    The last of duplicate keys counts, as it does for all readers that accept them. A key from a
    merged mapping (`<<`) counts if the mapping itself has no such key.
    """
    for key in keys:
        node = _value(node, key)
    return node


def _value(node: Node | None, key: str) -> Node | None:
    if not isinstance(node, MappingNode):
        return None
    merge: Node | None = None
    held: list[tuple[Node, Node]] = node.value
    for name, value in reversed(held):
        if isinstance(name, ScalarNode):
            if name.value == key:
                return value
            if merge is None and name.value == _MERGE:
                merge = value
    return None if merge is None else _merged(merge, key)


def _merged(node: Node | None, key: str) -> Node | None:
    """Return the value of `key` in the merged mappings of a merge key; None without one."""
    return next((held[key] for held in map(_held, _bases(node)) if key in held), None)


def _bases(node: Node | None) -> Iterator[MappingNode]:
    """Yield the mappings that a merge key names and those that they merge, by precedence.

    At most sixteen are read, since a text may have a long chain of mappings that merge each other.
    """
    waiting, seen = [node], set[int]()
    while waiting and len(seen) <= _MOST_BASES:
        current = waiting.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        if isinstance(current, MappingNode):
            yield current
            waiting.append(_held(current).get(_MERGE))
        waiting.extend(reversed([*islice(items(current), _MOST_BASES)]))


def _held(mapping: Any) -> dict[str, Node]:
    """Return the values of a mapping by key, cached, because many may merge the same mapping.

    The cache is the node's attribute `merge`, in which constructors of the library keep merged
    values. fluxbump uses no constructor.
    """
    if mapping.merge is None:
        mapping.merge = dict(entries(mapping))
    held: dict[str, Node] = mapping.merge
    return held


def _changes(mapping: MappingNode, base: MappingNode) -> bool:
    """Whether a mapping overrides a key that it merges, or says what a merged version is of."""
    own, merged = _held(mapping).keys(), _held(base).keys()
    return not (own & merged) <= {_MERGE} or any(name in own for name in _NAMING)


def text_of(node: Node | None, *keys: str) -> str | None:
    """Return the text of the scalar that `keys` lead to; None if there is none."""
    node = get(node, *keys)
    return str(node.value) if isinstance(node, ScalarNode) else None


def subject_of(node: Node) -> str:
    """Return the kind and the name of a Kubernetes object, for people."""
    return f"{text_of(node, 'kind')} {text_of(node, 'metadata', 'name') or ''}"


def mappings(node: Node | None) -> Iterator[MappingNode]:
    """Yield each mapping in the tree of `node`, the root included, once even if it has aliases."""
    return (found for found in yaml_parser.every(node) if isinstance(found, MappingNode))


def scalars(node: Node | None) -> Iterator[ScalarNode]:
    """Yield each scalar in the tree of `node` that is a value and no key, once."""
    return (found for found in yaml_parser.every(node) if isinstance(found, ScalarNode))


__all__ = [
    "Document",
    "MappingNode",
    "Node",
    "Scalar",
    "ScalarNode",
    "SequenceNode",
    "YamlError",
    "documents",
    "entries",
    "get",
    "items",
    "mappings",
    "scalars",
    "text_of",
]
