"""Parses one YAML document into nodes, within a budget. The only import of ruamel.yaml.

The parser is ruamel.yaml's libyaml binding. Helm and Flux read YAML with a port of the same
library, and it is about thirty times faster than the pure parser. A text may come from a stranger,
so the nesting, the number of nodes, and the characters for the slow parser are limited. Each value
is its text: `1.10` stays "1.10".
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

from msgspec import Struct
from ruamel.yaml import YAML
from ruamel.yaml.cyaml import CParser
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import CollectionNode, MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.tag import Tag

from fluxbump.text.budget import REPOSITORY_FILE
from fluxbump.text.yaml_problem import RefusedYamlError, YamlError, refuse_deep_nesting

_NO_TAG = Tag(suffix="")  # one for all: of a text, every node would make its own


class YamlBudget(Struct):
    """The remaining budget for the documents of one file.

    Attributes:
        nodes: how many nodes may still be made.
        slow: how many characters the pure parser may still get.
    """

    nodes: int = REPOSITORY_FILE.values
    slow: int = REPOSITORY_FILE.slow


class _Parser(CParser):  # type: ignore[misc]  # the binding has no type information
    """The binding's parser without resolution of types, so that all values stay text."""

    nodes = 0
    text = ""

    def descend_resolver(self, _: object, key: object) -> None:
        self.nodes -= 1
        if self.nodes < 0:
            raise RefusedYamlError(f"holds more than {REPOSITORY_FILE.values:,} values")
        if isinstance(key, CollectionNode):
            _refuse_key(key, self.text)

    def ascend_resolver(self) -> None:
        pass

    def resolve(self, _kind: object, _value: object, _implicit: object) -> Tag:
        return _NO_TAG


def compose(text: str, budget: YamlBudget, *, quick: bool = False) -> Node | None:
    """Parse one document; None for an empty one.

    The binding bundles an old libyaml, which refuses some YAML that Helm and Flux accept (an
    unquoted URL in a flow mapping), so what it refuses goes to the pure parser.

    Args:
        text: the text of the document.
        budget: the budget of the file, from which the spent amount is subtracted.
        quick: whether a text that the binding refuses is an error, without the pure parser.

    Raises:
        YamlError: the text is not YAML, is not one document, has a key that is no scalar, or
            exceeds the budget.
    """
    refuse_deep_nesting(text)
    try:
        root = _fast(text, budget)
    except RefusedYamlError:
        raise
    except YamlError as problem:
        if quick or len(text) > budget.slow:
            raise
        budget.slow -= len(text)
        try:
            root = _pure(text)
        except (YAMLError, ValueError, RecursionError):
            raise problem from None
        _refuse_keys(root, text)
    if "*" in text:  # the parser asks nothing about a value that is an alias
        _refuse_keys(root, text)
    return root


def _pure(text: str) -> Node | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a repeated anchor is allowed; nobody here looks it up
        roots = list(YAML(typ="safe", pure=True).compose_all(text))
    if len(roots) > 1:
        raise ValueError("more than one document")
    return roots[0] if roots else None


def _fast(text: str, budget: YamlBudget) -> Node | None:
    parser: Any = None
    try:
        parser = _Parser(text)
        parser.nodes, parser.text = budget.nodes, text
        if not parser.check_node():
            return None
        root: Node = parser.get_node()
        budget.nodes = parser.nodes
        if parser.check_node():
            raise YamlError("more than one document")
    except UnicodeEncodeError as error:
        line = text.count("\n", 0, error.start)
        raise YamlError("not valid UTF-8", line) from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        message = " ".join(str(part) for part in (error.context, error.problem) if part)
        raise YamlError(message, mark.line if mark else 0, mark.column if mark else 0) from None
    except YAMLError as error:
        raise YamlError(" ".join(str(error).split())) from None
    finally:
        if parser is not None:
            parser.dispose()
    return root


def _refuse_keys(root: Node | None, text: str) -> None:
    for node in every(root):
        for key, _ in node.value if isinstance(node, MappingNode) else ():
            if isinstance(key, CollectionNode):
                _refuse_key(key, text)


def _refuse_key(key: CollectionNode, text: str) -> None:
    """Refuse a key that is no scalar, as Helm and Flux do, because as text it may be endless.

    A template action `{{ name }}`, which is such a key to YAML, is accepted, since it is not used.
    """
    start = key.start_mark.index
    if "{{" not in text[max(start - 1, 0) : start + len("{{")]:
        raise RefusedYamlError(
            "a key is a list or a mapping, and has to be text",
            key.start_mark.line,
            key.start_mark.column,
        )


def every(node: Node | None) -> Iterator[Node]:
    """Yield `node` and all values below it, each once."""
    seen: set[int] = set()
    waiting = [node]
    while waiting:
        current = waiting.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        if isinstance(current, MappingNode):
            waiting.extend(value for _, value in reversed(current.value))
        elif isinstance(current, SequenceNode):
            waiting.extend(reversed(current.value))


__all__ = [
    "MappingNode",
    "Node",
    "RefusedYamlError",
    "ScalarNode",
    "SequenceNode",
    "YamlBudget",
    "YamlError",
    "compose",
    "every",
]
