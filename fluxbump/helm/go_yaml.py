"""Convert YAML nodes to values as Helm does, with the YAML 1.1 types of go-yaml v2. Pure.

`yaml` keeps every value as its text, which is right for editing. Where Helm computes with a
value (the digest of a Chart.lock) it matters that `yes` is a boolean and 1.10 a number. Source:
`resolve.go` and `decode.go` of go.yaml.in/yaml/v2, which sigs.k8s.io/yaml reads with.

Not covered: `.inf`, `.nan`, binary and timestamps stay text; explicit tags other than `!!str` are
ignored.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from typing import Any

from fluxbump.text.patterns import lazy_pattern
from fluxbump.text.yaml import YamlError

_LONGEST_INTEGER = 70  # 64 bits in base 2 with a sign; Python refuses to read very long ones
_MAX_NODES = 20_000  # an alias bomb is small only until somebody writes it out

_WORDS: Mapping[str, bool | None] = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE"), False),
    **dict.fromkeys(("on", "On", "ON"), True),
    **dict.fromkeys(("off", "Off", "OFF"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
}
_NUMBER = lazy_pattern(r"[-+.0-9][-+.0-9a-zA-Z_]*")
_INTEGER = lazy_pattern(r"([-+]?)(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|[1-9][0-9]*|0)")
_OCTAL = lazy_pattern(r"0[0-7]+")
_FLOAT = lazy_pattern(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_STRING_TAGS = frozenset({"!", "tag:yaml.org,2002:str"})


def value(node: Any) -> object:
    """Return the value of a node, as dicts, lists, strings, booleans, ints, floats and None.

    Args:
        node: a node of a `text.yaml.Document`; None for a missing node.

    Raises:
        YamlError: the node refers to itself, or is far larger than its text because of aliases.
    """
    try:
        return _value(node, itertools.count())
    except RecursionError:
        raise YamlError("refers to itself or is nested too deeply") from None


def resolve(text: str) -> bool | int | float | str | None:
    """Return the value of a plain scalar, as a boolean, number, None, or text."""
    if text in _WORDS:
        return _WORDS[text]
    if not _NUMBER.fullmatch(text):
        return text
    bare = text.replace("_", "")
    integer = _INTEGER.fullmatch(bare) if len(bare) <= _LONGEST_INTEGER else None
    if integer:
        sign, digits = integer.groups()
        number = int(sign + digits, 8 if _OCTAL.fullmatch(digits) else 0)
        if -(2**63) <= number < 2**63 or (number < 2**64 and not sign):
            return number
    # Behind a leading dot an underscore is a letter like any other.
    if _FLOAT.fullmatch(text if text[0] == "." else bare) and math.isfinite(float(bare)):
        return float(bare)
    return text


def _value(node: Any, seen: Iterator[int]) -> object:
    if node is None:
        return None
    if next(seen) > _MAX_NODES:
        raise YamlError("holds too many values", node.start_mark.line, node.start_mark.column)
    if node.id == "sequence":
        return [_value(item, seen) for item in node.value]
    if node.id == "mapping":
        return _mapping(node, seen)
    plain = not node.style and node.tag not in _STRING_TAGS
    return resolve(node.value) if plain else str(node.value)


def _mapping(node: Any, seen: Iterator[int]) -> dict[str, object]:
    """Read a mapping; a merge key overrides the keys above it, unlike in later libraries."""
    entries: dict[str, object] = {}
    for key, child in node.value:
        held = _value(child, seen)
        if key.value != "<<" or key.style:
            entries[str(key.value)] = held
            continue
        for source in reversed(held if isinstance(held, list) else [held]):
            entries |= source if isinstance(source, dict) else {}
    return entries
