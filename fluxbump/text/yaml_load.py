"""Loads a YAML document as dicts, lists and strings, for readers that need no places. Pure.

Each value is its text: `1.10` stays "1.10" and is never a float.
"""

from __future__ import annotations

from fluxbump.text import yaml_parser
from fluxbump.text.yaml_parser import MappingNode, Node, ScalarNode, SequenceNode, YamlBudget
from fluxbump.text.yaml_problem import YamlError

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BUILDING = object()


def load(text: str, *, quick: bool = False) -> object:
    """Parse one document into dicts, lists and strings; a plain null becomes None.

    Shared nodes (aliases) become shared objects, so an alias bomb costs no memory.

    Args:
        text: the text of the document.
        quick: whether a text that the libyaml binding refuses is an error at once, so that a large
            invalid text takes no longer than a valid one.

    Raises:
        YamlError: the text is not one YAML document, or refers to itself.
    """
    try:
        return _plain(yaml_parser.compose(text, YamlBudget(), quick=quick), {})
    except RecursionError:
        raise YamlError("nested too deeply") from None


def _plain(node: Node | None, done: dict[int, object]) -> object:
    if node is None:
        return None
    if id(node) in done:
        value = done[id(node)]
        if value is _BUILDING:
            raise YamlError("refers to itself", node.start_mark.line, node.start_mark.column)
        return value
    done[id(node)] = _BUILDING
    result: object
    if isinstance(node, MappingNode):
        result = {_key(key): _plain(value, done) for key, value in node.value}
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


def _key(node: Node) -> str:
    if isinstance(node, ScalarNode):
        return str(node.value)
    raise YamlError("a key has to be text", node.start_mark.line, node.start_mark.column)
