"""Makes edits that remove or replace entries of YAML mappings and change nothing else. Pure.

An entry is edited only if its text is certainly its own, without anchor, alias, tag, merge key,
duplicate key or template. In block style, whole lines are removed. Comments on lines of their own
stay.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from fluxbump.errors import PinError
from fluxbump.text.patterns import lazy_pattern
from fluxbump.text.splice import Edit
from fluxbump.text.yaml import Document, MappingNode, Node, ScalarNode

_COMMENT = lazy_pattern(r"(?:^|(?<=\s))#.*", re.MULTILINE)
_TEMPLATES = ("{{", "{%", "${")


class Entry(Struct, frozen=True):
    """One entry of a mapping.

    Attributes:
        document: the document with the entry.
        mapping: the mapping that holds the entry.
        key: the node of the entry's key.
        value: the node of the entry's value.
        above: the entry whose value is `mapping`; None for the first of the keys in `find`.
    """

    document: Document
    mapping: MappingNode
    key: Node
    value: Node
    above: Entry | None = None

    @property
    def alone(self) -> bool:
        """Whether the mapping holds no other entry."""
        return len(self.mapping.value) == 1


def find(document: Document, node: Node | None, *keys: str) -> Entry | None:
    """Return the entry that `keys` lead to; None if there is none.

    Raises:
        PinError: the text of the entry is not certainly its own.
    """
    found: Entry | None = None
    for key in keys:
        if not isinstance(node, MappingNode):
            return None
        pairs = [(k, v) for k, v in node.value if isinstance(k, ScalarNode)]
        some = [(k, v) for k, v in pairs if k.value == key]
        merges = next((k for k, _ in pairs if k.value == "<<"), None)
        if merges is not None:
            raise _refusal(document, merges, "a merge key")
        if not some:
            return None
        if len(some) > 1:
            raise _refusal(document, some[1][0], f"a second {key}")
        found = Entry(document, node, *some[0], found)
        _require_own(found)
        node = found.value
    return found


def _require_own(entry: Entry) -> None:
    document, key, value = entry.document, entry.key, entry.value
    first = value.value[0][0] if isinstance(value, MappingNode) and value.value else value
    between = document.source[key.end_mark.index : first.start_mark.index + 1]
    code = _COMMENT.sub("", between)
    if value.start_mark.index < key.end_mark.index or "*" in code:
        raise _refusal(document, key, "an alias")
    if "&" in code or "!" in code:
        raise _refusal(document, key, "an anchor or a tag")


def _refusal(document: Document, node: Node, what: str) -> PinError:
    return PinError(
        f"{what} is in the way, so this is not fixed",
        where=document.at(node),
        hint="edit it yourself, or leave out --fix",
    )


def remove(entry: Entry) -> list[Edit]:
    """Return the edits that remove an entry, and the entries above that hold nothing else."""
    while entry.alone and entry.above is not None:
        entry = entry.above
    if entry.mapping.flow_style:
        return [_from_flow(entry)]
    return list(_lines(entry))


def replace_value(entry: Entry, new: str) -> Edit:
    """Return the edit that replaces the value of an entry.

    Raises:
        PinError: the value is a variable, or more than plain text on one line.
    """
    scalar = entry.document.scalar(entry.value)
    if scalar is None or not scalar.editable or "$" in scalar.value:
        raise _refusal(entry.document, entry.value, "a variable or a multi-line value")
    return Edit(entry.document.path, scalar.start, scalar.end, new)


def become(entry: Entry, key: str, inner: str, value: str) -> list[Edit]:
    """Return the edits that turn an entry with a mapping into `key: {inner: value}`.

    The style of the mapping and the quotes stay.

    Raises:
        PinError: the entry's value is no mapping, or an edit is not possible.
    """
    document, held = entry.document, entry.value
    if not isinstance(held, MappingNode) or not held.value:
        raise _refusal(document, entry.key, "a value that is no mapping")
    quote = document.source[entry.key.start_mark.index]
    quote = quote if quote in "\"'" else ""
    new = f"{quote}{inner}{quote}: {quote}{value}{quote}"
    (first, text), *others = held.value
    end = others[-1][1] if held.flow_style and others else text
    edits = [
        _replace(entry, entry.key.start_mark.index, entry.key.end_mark.index, quote + key + quote),
        _replace(entry, first.start_mark.index, _end(end), new),
    ]
    for other, entry_value in () if held.flow_style else others:
        edits += _lines(Entry(document, held, other, entry_value))
    return edits


def _replace(entry: Entry, start: int, end: int, new: str) -> Edit:
    text = entry.document.source[start:end]
    if "#" in text or any(template in text for template in _TEMPLATES):
        raise _refusal(entry.document, entry.key, "a comment or a template")
    base = entry.document.start
    return Edit(entry.document.path, base + start, base + end, new)


def _from_flow(entry: Entry) -> Edit:
    keys = [key for key, _ in entry.mapping.value]
    at = keys.index(entry.key)
    if at + 1 < len(keys):
        start, end = entry.key.start_mark.index, keys[at + 1].start_mark.index
    else:
        before = entry.mapping.value[at - 1][1] if at else None
        start = _end(before) if before is not None else entry.key.start_mark.index
        end = _end(entry.value)
    return _replace(entry, start, end, "")


def _lines(entry: Entry) -> Iterator[Edit]:
    """Yield the edits that remove the lines of an entry in block style, except comments."""
    document, source = entry.document, entry.document.source
    start = source.rfind("\n", 0, entry.key.start_mark.index) + 1
    last = _end(entry.value)
    end = source.find("\n", last)
    end = len(source) if end < 0 else end + 1
    rest = source[last:end].strip()
    if source[start : entry.key.start_mark.index].strip() or not (not rest or rest[0] == "#"):
        raise _refusal(document, entry.key, "other text on the same line")
    for line in source[start:end].splitlines(keepends=True):
        code = line.strip()
        if any(template in code for template in _TEMPLATES):
            raise _refusal(document, entry.key, "a template")
        if not code.startswith("#") and code:
            yield Edit(
                document.path, document.start + start, document.start + start + len(line), ""
            )
        start += len(line)


def _end(node: Node) -> int:
    """Return the end of a value's text, since the parser ends a block mapping at the next key."""
    if isinstance(node, MappingNode) and not node.flow_style and node.value:
        return _end(node.value[-1][1])
    return int(node.end_mark.index)
