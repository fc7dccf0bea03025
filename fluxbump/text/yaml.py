"""YAML as text: parse it, find a scalar's span, never write it. The only import of ruamel.yaml.

A round trip through a YAML library rewrites most files it touches, so fluxbump uses the parser
only to learn *where* a scalar stands and replaces those characters alone. Parsing goes through
ruamel.yaml's libyaml binding: Helm and Flux read YAML with a port of the same library, and it is
some thirty times faster than the pure parser.

Every value is its text: `1.10` stays "1.10" and is never a float.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any

from msgspec import Struct
from ruamel.yaml import YAML
from ruamel.yaml.cyaml import CParser
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.tag import Tag

from fluxbump.model import Location
from fluxbump.text.parsed import Parsed
from fluxbump.text.yaml_problem import YamlProblem, refuse_deep_nesting

# A line that starts with `---` ends a document wherever it stands, inside any scalar
# (YAML 1.2.2, rule c-forbidden), so documents can be told apart without parsing them. The line
# break in front is there for speed: a pattern that begins with fixed text is searched for that.
_SEPARATOR = re.compile(r"\n---(?=[ \t\r\n]|\Z)")

# Comments and directives before the first separator belong to the document behind it.
_PREAMBLE = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\r?\n|%[^\n]*\n)*")

_MERGE = "<<"  # yaml.org/type/merge.html
_MOST_BASES = 100
_NAMING = ("chart", "name", "url")  # keys that say what the version in a mapping belongs to

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})


class Scalar(Struct, frozen=True):
    """A scalar and where its text stands.

    Attributes:
        value: the text, without quotes.
        start: offset of the value's first character in the whole file's text.
        end: offset behind its last character.
        location: of the value.
        editable: `text[start:end] == value`, and nothing else takes its value from here. Not so for
            block scalars, escapes, values that carry an anchor or a tag, and what stands in a
            mapping that another one merges and changes.
        quoted: a quoted scalar is a string whatever it looks like.
    """

    value: str
    start: int
    end: int
    location: Location
    editable: bool
    quoted: bool


_NO_TAG = Tag(suffix="")  # one for all: of a text, every node would make its own


class _Parser(CParser):  # type: ignore[misc]  # the binding has no type information
    """The binding's parser with a resolver that resolves nothing: all values stay text."""

    def descend_resolver(self, *_: object) -> None:
        pass

    def ascend_resolver(self) -> None:
        pass

    def resolve(self, *_: object) -> Tag:
        return _NO_TAG


def _compose(text: str, *, quick: bool = False) -> Node | None:
    """Parse one document.

    The binding bundles an old libyaml, which refuses some YAML that Helm and Flux accept (an
    unquoted URL in a flow mapping), so what it refuses goes to the pure parser.

    Raises:
        YamlProblem: the text is not YAML, or not one document.
    """
    refuse_deep_nesting(text)
    try:
        return _compose_fast(text)
    except YamlProblem as problem:
        if quick:
            raise
        try:
            return _compose_pure(text)
        except (YAMLError, ValueError, RecursionError):
            raise problem from None


def _compose_pure(text: str) -> Node | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a repeated anchor is allowed; nobody here looks it up
        roots = list(YAML(typ="safe", pure=True).compose_all(text))
    if len(roots) > 1:
        raise ValueError("more than one document")
    return roots[0] if roots else None


def _compose_fast(text: str) -> Node | None:
    parser: Any = None
    try:
        parser = _Parser(text)
        if not parser.check_node():
            return None
        root: Node = parser.get_node()
        if parser.check_node():
            raise YamlProblem("more than one document")
    except UnicodeEncodeError as error:
        line = text.count("\n", 0, error.start)
        raise YamlProblem("not valid UTF-8", line) from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        message = " ".join(str(part) for part in (error.context, error.problem) if part)
        raise YamlProblem(message, mark.line if mark else 0, mark.column if mark else 0) from None
    except YAMLError as error:
        raise YamlProblem(" ".join(str(error).split())) from None
    finally:
        if parser is not None:
            parser.dispose()
    return root


_parsed = Parsed(_compose)


class Document(Struct, dict=True):
    """One document of a file.

    Attributes:
        path: of the file.
        text: the whole file's text.
        start: offset of the document's first character in `text`.
        end: offset behind its last character.
        line: 0-based line of `text` on which the document starts.
        problem: why the document could not be parsed; set once `root` was asked for.
    """

    path: str
    text: str
    start: int
    end: int
    line: int
    problem: tuple[Location, str] | None = None

    @property
    def source(self) -> str:
        """The document's own text."""
        return self.text[self.start : self.end]

    @cached_property
    def root(self) -> Node | None:
        """The root node; None for an empty document and for one that cannot be parsed."""
        try:
            return _parsed.compose(self.source)
        except YamlProblem as problem:
            where = Location(self.path, self.line + problem.line + 1, problem.column + 1)
            self.problem = (where, problem.message)
            return None

    def objects(self) -> Iterator[Node]:
        """Yield its Kubernetes objects: the root, and then the items of a `List`."""
        for node in (self.root, *items(get(self.root, "items"))):
            if node is not None:
                yield node

    def scalar(self, node: Node | None) -> Scalar | None:
        """Return what `node` holds and where, or None when it is not a scalar."""
        if not isinstance(node, ScalarNode):
            return None
        start, end = node.start_mark.index + self.start, node.end_mark.index + self.start
        quoted = self.text[start : start + 1] in ("'", '"') and end - start >= len("''")
        if quoted:
            start, end = start + 1, end - 1
        where = Location(
            self.path, self.line + node.start_mark.line + 1, node.start_mark.column + 1 + quoted
        )
        shared = any(a <= node.start_mark.index < b for a, b in self._repeated)
        editable = self.text[start:end] == node.value and not shared
        return Scalar(str(node.value), start, end, where, editable, quoted)

    @cached_property
    def _repeated(self) -> tuple[tuple[int, int], ...]:
        """The spans of mappings that others merge and change (`{<<: *base, chart: other}`)."""
        everything = mappings(self.root if _MERGE in self.source else None)
        return tuple(
            (base.start_mark.index, base.end_mark.index)
            for own in map(dict, map(entries, everything))
            for base in _bases(own.get(_MERGE))
            if own.keys() & {*dict(entries(base)), *_NAMING} - {_MERGE}
        )

    def at(self, node: Node | None) -> Location:
        """Return the place of a node's first character; without a node, that of the document."""
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
    found, line = [], 0
    for start, end in zip(starts, ends, strict=True):
        found.append(Document(path, text, start, end, line))
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
    """Follow `keys` through nested mappings; None when one is missing.

    Of duplicate keys the last one counts, as it does for every reader that accepts them. What a
    merge key (`<<`) brings along counts where the mapping itself has no such key.
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
    """Return what a merge key brings along under `key`; None when it brings nothing."""
    merged = map(dict, map(entries, _bases(node))) if node is not None else iter(())
    return next((one[key] for one in merged if key in one), None)


def _bases(node: Node | None) -> Iterator[Node]:
    """Yield the mappings that a merge key names, and what they merge; what comes first wins.

    Not more than a hundred, so that a text in which each merges the one before takes no time.
    """
    waiting, seen = [node], set[int]()
    while waiting and len(seen) <= _MOST_BASES:
        current = waiting.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        if isinstance(current, MappingNode):
            yield current
            waiting.append(dict(entries(current)).get(_MERGE))
        waiting.extend(reversed(list(items(current))))


def text_of(node: Node | None, *keys: str) -> str | None:
    """Follow `keys` to a scalar and return its text; None when there is none."""
    node = get(node, *keys)
    return str(node.value) if isinstance(node, ScalarNode) else None


def subject_of(node: Node) -> str:
    """Name a Kubernetes object for people, by kind and name."""
    return f"{text_of(node, 'kind')} {text_of(node, 'metadata', 'name') or ''}"


def mappings(
    node: Node | None, wanted: Callable[[Node], bool] = lambda _: True
) -> Iterator[MappingNode]:
    """Yield every mapping below and including `node`, each once, also when aliased.

    Args:
        node: where to begin.
        wanted: tells the nodes that are looked into; below others nothing is looked for.
    """
    return (one for one in _every(node, wanted) if isinstance(one, MappingNode))


def scalars(node: Node | None) -> Iterator[ScalarNode]:
    """Yield every scalar below and including `node` that is a value, each once."""
    return (one for one in _every(node) if isinstance(one, ScalarNode))


def _every(node: Node | None, wanted: Callable[[Node], bool] = lambda _: True) -> Iterator[Node]:
    """Yield `node` and every value below it, each once, that is wanted."""
    seen: set[int] = set()
    queue = [node]
    while queue:
        current = queue.pop()
        if current is None or id(current) in seen or not wanted(current):
            continue
        seen.add(id(current))
        yield current
        if isinstance(current, MappingNode):
            queue.extend(value for _, value in reversed(current.value))
        else:
            queue.extend(reversed(list(items(current))))


def load(text: str, *, quick: bool = False) -> object:
    """Parse one document into dicts, lists and strings; a plain null becomes None.

    Shared nodes (aliases) become shared objects, so an alias bomb costs no memory.

    Args:
        text: of the document.
        quick: what the binding refuses is refused, so that a large text that is broken takes no
            longer than one that is not.

    Raises:
        YamlProblem: the text is not one YAML document, or refers to itself.
    """
    try:
        return _plain(_compose(text, quick=quick), {})
    except RecursionError:
        raise YamlProblem("nested too deeply") from None


def _plain(node: Node | None, done: dict[int, object]) -> object:
    if node is None:
        return None
    if id(node) in done:
        value = done[id(node)]
        if value is _BUILDING:
            raise YamlProblem("refers to itself", node.start_mark.line, node.start_mark.column)
        return value
    done[id(node)] = _BUILDING
    result: object
    if isinstance(node, MappingNode):
        result = {str(key.value): _plain(value, done) for key, value in node.value}
    elif isinstance(node, SequenceNode):
        result = [_plain(item, done) for item in node.value]
    else:
        plain_null = node.value in _NULLS and getattr(node, "style", None) not in (
            "'",
            '"',
            "|",
            ">",
        )
        result = None if plain_null else str(node.value)
    done[id(node)] = result
    return result


_BUILDING = object()

__all__ = [
    "Document",
    "MappingNode",
    "Node",
    "Scalar",
    "ScalarNode",
    "SequenceNode",
    "YamlProblem",
    "documents",
    "entries",
    "get",
    "items",
    "load",
    "mappings",
    "scalars",
    "text_of",
]
