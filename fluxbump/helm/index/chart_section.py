"""Find one chart's section in an index, without parsing the sections of other charts.

The reason is not speed: on the community's index it saves 1 %. A mirror serves the charts of many
teams in one index, and a broken entry of another chart must not stop a bump of Flux. The size of
the rest must not stop it either. An index of 18 MB that is parsed whole takes 450 MiB and 2.1
seconds of processor time. With this module it takes 66 MiB and 0.5 seconds (best of 4, in turn).

An index written by Helm is so regular that the section of a chart can be found by its lines. The
scanner answers only if it is sure; None tells the caller to use the parser. Text that looks like
structure must not mislead it. A line at the left edge is structure unless a quoted scalar or a flow
collection is still open there. Block scalars and plain scalars cannot reach that far to the left.
So the scanner checks all openings that do not close on their own line.
"""

from __future__ import annotations

import re
from itertools import islice

from fluxbump.text.patterns import lazy_pattern

# Characters that end a line for YAML 1.1, but not for `^` in a regular expression.
_ODD_BREAKS = ("\r", "\x85", "\u2028", "\u2029")

_EDGE_LINE = lazy_pattern(r"^[^ \n#][^\n]*", re.MULTILINE)
_KEY = (
    r"""(?:"(?P<double>[^"\\\n]*)"|'(?P<single>[^'\n]*)'|(?P<plain>[A-Za-z0-9_][\w./-]*))[ \t]*:"""
)
_KEY_LINE = lazy_pattern(_KEY + r"(?:[ \t]+(?!\#)(?P<value>[^\s][^\n]*)|[ \t]*(?:[ \t]\#[^\n]*)?$)")

# An opening quote or bracket that does not close on its line, or the header of a block scalar;
# each at the start of a word, which is where nodes start. The character comes first and what
# stands before it second, because that order lets the expression skip through text quickly.
_OPENING = lazy_pattern(
    r"""["'\[{|>](?<![^ \t\n].)(?:
        (?<=")(?!(?>(?:[^"\\\n]|\\.)*)")
      | (?<=')(?!(?>(?:[^'\n]|'')*)')
      | (?<=\[)(?![^\[\]{}"'\#\n]*+\])
      | (?<=\{)(?![^\[\]{}"'\#\n]*+\})
      | (?<=[|>])(?=[-+0-9]*[ \t]*(?:[ \t]\#[^\n]*)?$)
    )""",
    re.MULTILINE | re.VERBOSE,
)
_HEADER = lazy_pattern(r"[|>][-+0-9]*[ \t]*(?:[ \t]\#[^\n]*)?$", re.MULTILINE)
_BEFORE_HEADER = lazy_pattern(r"(?P<margin> *(?:- +)*)(?P<key>[\w./-]+:[ \t]+)?")
_CLOSING = {
    '"': lazy_pattern(r'"(?>(?:[^"\\]|\\.)*)"', re.DOTALL),
    "'": lazy_pattern(r"'(?>(?:[^']|'')*)'"),
}


def find(text: str, chart: str) -> tuple[int, int] | None:
    r"""Find the mapping entry of `chart` below `entries:`.

    Args:
        text: an index without a byte order mark, with LF as its line break.
        chart: the chart's name.

    Returns:
        The offset of the start of the line with the chart's name, and that of the end of its value;
            None if a parser is needed to find them.
    """
    if any(character in text for character in _ODD_BREAKS):
        return None
    block = _entries(text)
    indent = _indent(text, *block) if block else None
    if not block or indent is None:
        return None
    span = _chart(text, *block, indent, chart)
    return span if span and _all_closed(text, span[1], indent) else None


def _entries(text: str) -> tuple[int, int] | None:
    """Return the span of the lines below `entries:`, if exactly one is at the left edge."""
    lines = list(_EDGE_LINE.finditer(text))
    names = [_name(line.group()) for line in lines]
    own = [index for index, name in enumerate(names) if name == "entries"]
    if None in names or len(own) != 1 or _value(lines[own[0]].group()):
        return None
    after = own[0] + 1
    return lines[own[0]].end(), lines[after].start() if after < len(lines) else len(text)


def _name(line: str) -> str | None:
    """Return the key at the start of a line; None if it does not clearly start with a key."""
    match = _KEY_LINE.match(line)
    if not match:
        return None
    return next(group for group in match.group("double", "single", "plain") if group is not None)


def _value(line: str) -> str | None:
    match = _KEY_LINE.match(line)
    return match["value"] if match else None


def _indent(text: str, start: int, end: int) -> int | None:
    """Return the indentation of the charts' names in spaces; None if they are not indented."""
    first = re.compile(r"\n( *)[^ \n#]").search(text, start, end)
    return len(first[1]) if first and first[1] else None


def _chart(text: str, start: int, end: int, indent: int, chart: str) -> tuple[int, int] | None:
    """Return the span of the entry named `chart` between `start` and `end`, if it is alone."""
    line_at_names = re.compile(rf"\n( {{0,{indent}}})(?! |\n|#|- |-\n)([^\n]+)")
    lines = list(line_at_names.finditer(text, start, end))
    names = [_name(line[2]) if len(line[1]) == indent else None for line in lines]
    own = [index for index, name in enumerate(names) if name == chart]
    if None in names or len(own) != 1 or _value(lines[own[0]][2]):
        return None
    after = own[0] + 1
    return lines[own[0]].start() + 1, lines[after].start() + 1 if after < len(lines) else end


def items_in(text: str, start: int, end: int) -> int:
    """Count the items of the block-style list in a chart's section.

    Args:
        text: an index.
        start: the offset of the section's start, as `find` returns it.
        end: the offset of its end.
    """
    first = re.compile(r"\n( *)- ").search(text, start, end)
    return text.count(f"\n{first[1]}- ", start, end) if first else 0


_FLOW = lazy_pattern(
    r"""(?<![^\s,\[{:])(?:"(?>(?:[^"\\]|\\.)*)"|'(?>(?:[^']|\'\')*)')|[\[\]{},]""", re.DOTALL
)
_MOST_LISTS = 3


def holds_more(text: str, chart: str, most: int) -> bool:
    """Whether a list with the name of a chart certainly has more than `most` items.

    A parser would take many seconds to find out. In flow style, reading stops after `most` items.
    Lists in other forms, such as with anchors, are left to the parser's budget.
    """
    key = rf"""(?:^|(?<=[\s,{{]))(["']?){re.escape(chart)}\1[ \t]*:[ \t]*+"""
    name = re.compile(rf"{key}(?:(?P<flow>\n?[ \t]*\[)|$)", re.MULTILINE)
    return any(
        _flow_items(text, found.end(), most) > most
        if found["flow"]
        else items_in(text, found.end(), _block_end(text, found.start())) > most
        for found in islice(name.finditer(text), _MOST_LISTS)
    )


def _flow_items(text: str, start: int, most: int) -> int:
    """Count the items of a flow-style list after its opening bracket, up to `most` and one."""
    depth, items = 1, 1
    for token in _FLOW.finditer(text, start):
        depth += (token.group() in "[{") - (token.group() in "]}")
        items += depth == 1 and token.group() == ","
        if depth == 0 or items > most:
            break
    return items


def _block_end(text: str, start: int) -> int:
    """Return the offset of the end of the block-style list that belongs to a key."""
    indent = start - text.rfind("\n", 0, start) - 1
    after = re.compile(rf"\n {{0,{indent}}}[^ \n#-]").search(text, start)
    return after.start() if after else len(text)


def _all_closed(text: str, end: int, indent: int) -> bool:
    """Whether no scalar or collection before `end` extends over a line of structure."""
    structure = re.compile(rf"\n {{0,{indent}}}[^ \n]")
    position = 0
    while opening := _OPENING.search(text, position, end):
        position = opening.end()
        line = text.rfind("\n", 0, position) + 1
        before = text[line : position - 1]
        if opening.group() in "|>":
            position = _behind_block_scalar(text, position, before, end)
        elif _node_may_start(before):
            closing = _CLOSING.get(opening.group())
            close = closing.match(text, opening.start(), end) if closing else None
            if not close or structure.search(close.group()) or _HEADER.search(close.group()):
                return False
    return True


def _node_may_start(before: str) -> bool:
    words = before.split()
    return not words or words[-1][-1] in "-?:" or words[-1][0] in "&!"


def _behind_block_scalar(text: str, position: int, before: str, end: int) -> int:
    """Return the end of the block scalar whose header is at `position`.

    If it is not certain to be a block scalar, the result is `position`, and its lines are checked
    like others.
    """
    match = _BEFORE_HEADER.fullmatch(before)
    if not match or not (match["key"] or "-" in match["margin"]):
        return position
    parent = len(match["margin"]) if match["key"] else match["margin"].rindex("-")
    after = re.compile(rf"\n {{0,{parent}}}[^ \n]").search(text, position, end)
    return after.start() if after else end
