"""Finds the comments of a text by the marks of its language. Pure.

This is not done with the lexers of Pygments: they take 0.1 s and more at import, do not know
templates of another language, and would be called for each line of a large manifest. A comment is
found by its marks, and by the strings that hide marks. Each text is read once, from left to right,
so the time is linear in its length.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from msgspec import Struct

from fluxbump.text.patterns import lazy_pattern

Span = tuple[int, int]


class Pair(Struct, frozen=True):
    """The beginning and the end of a block comment, or of a string over several lines.

    Attributes:
        opening: a regular expression for the beginning.
        closing: the fixed text of the end.
        nested: whether a block inside of a block must be closed too.
        escapes: whether a backslash escapes the next character.
        ends_file: whether a block without an end extends to the end of the text. If not, it is no
            block.
    """

    opening: str
    closing: str
    nested: bool = False
    escapes: bool = False
    ends_file: bool = True


class Syntax(Struct, frozen=True):
    """The comments and strings of a language.

    Attributes:
        line: regular expressions for the marks of comments that end with their line.
        blocks: the comments that may extend over several lines.
        quotes: the quotes of strings on one line.
        texts: the strings over several lines. They often hold a script, so a `#` in a line of them
            begins a comment.
        templates: the comments of a template language, which count in strings too.
        words: whether a `#` begins a comment only behind white space, and a quote a string only at
            certain places, as in shell, YAML and similar languages.
        docstrings: whether a string that is a statement by itself counts as a comment.
    """

    line: tuple[str, ...] = ()
    blocks: tuple[Pair, ...] = ()
    quotes: str = ""
    texts: tuple[Pair, ...] = ()
    templates: tuple[Pair, ...] = ()
    words: bool = False
    docstrings: bool = False

    @property
    def by_line(self) -> bool:
        """Whether each line can be read without the lines before it."""
        return not self.blocks and not self.texts and not self.templates


def spans(text: str, syntax: Syntax) -> list[Span]:
    """Return the spans of all comments, in order and without overlap."""
    over = list(_blocks(text, syntax.templates))
    if over:
        text = _without(text, over)
    return _merged(sorted([*over, *_spans(text, syntax)]))


def _without(text: str, over: list[Span]) -> str:
    """Return the text with blanks in place of a template's comments, which the output lacks."""
    parts, position = [], 0
    for start, end in over:
        parts += [text[position:start], re.sub(r"[^\r\n]", " ", text[start:end])]
        position = end
    return "".join([*parts, text[position:]])


def _merged(found: list[Span]) -> list[Span]:
    apart: list[Span] = []
    for start, end in found:
        if apart and start < apart[-1][1]:
            apart[-1] = (apart[-1][0], max(end, apart[-1][1]))
        else:
            apart.append((start, end))
    return apart


def line_comment(line: str, syntax: Syntax) -> int | None:
    """Return the offset of the comment in a line; None without one.

    It is for languages whose syntax is `by_line`.
    """
    found = [hash_comment(line)] if syntax.words else []
    if syntax.line:
        found.append(next((start for start, _ in _scan(line, syntax)), None))
    starts = [start for start in found if start is not None]
    return min(starts) if starts else None


_QUOTE_MAY_OPEN_AFTER = frozenset(" \t=([{,:;|&!$-")


def hash_comment(line: str) -> int | None:
    """Return the offset of the `#` comment in a line; None without one.

    A `#` starts a comment at the line's beginning or behind white space, outside of quotes. This
    rule is the same in YAML and in shells. A quote counts only if it may open a string there and is
    closed on the same line, so that an apostrophe in prose hides no comment.
    """
    position = 0
    while position < len(line):
        found = _HASH_OR_QUOTE.search(line, position)
        if found is None:
            return None
        position = found.start()
        before = line[position - 1] if position else " "
        if found.group() == "#":
            if before in " \t\ufeff":
                return position
        elif before in _QUOTE_MAY_OPEN_AFTER:
            closing = _closing_quote(line, position)
            position = closing if closing > 0 else position
        position += 1
    return None


_HASH_OR_QUOTE = lazy_pattern("""[#'"]""")


def _closing_quote(line: str, opening: int) -> int:
    """Return the offset of the closing quote; -1 without one. An escaped quote does not count."""
    quote, position = line[opening], opening + 1
    while position < len(line):
        if line[position] == "\\" and quote == '"':
            position += 1
        elif line[position] == quote:
            if quote == '"' or line[position + 1 : position + 2] != quote:
                return position
            position += 1
        position += 1
    return -1


# --- languages whose comments and strings run over lines ---------------------------------------


def _spans(text: str, syntax: Syntax) -> Iterator[Span]:
    if syntax.blocks or syntax.texts:
        yield from _scan(text, syntax)
        if not syntax.words:
            return
    start = 0
    for line in text.split("\n"):
        comment = line_comment(line, syntax)
        if comment is not None:
            yield start + comment, start + len(line)
        start += len(line) + 1


def _blocks(text: str, pairs: tuple[Pair, ...]) -> Iterator[Span]:
    if pairs:
        yield from _scan(text, Syntax(blocks=pairs))


def _scan(text: str, syntax: Syntax) -> Iterator[Span]:
    pattern, pairs = _openings(syntax)
    unclosed: set[str] = set()  # what is not closed from here on is not looked for again
    dead: dict[str, int] = {}  # likewise, up to the end of a line
    position = 0
    while match := pattern.search(text, position):
        kind, start = match.lastgroup or "", match.start()
        position = match.end()
        if kind == "line":
            position = _line_end(text, start)
            yield start, position
        elif kind == "quote":
            if start >= dead.get(match.group(), 0):
                position = _behind_quote(text, start)
                if position == match.end():
                    dead[match.group()] = _line_end(text, start)
        else:
            pair = pairs[kind]
            end = None if kind in unclosed else _end(text, match.end(), pair)
            if end is None:
                unclosed.add(kind)
                if not pair.ends_file:
                    continue
                end = len(text)
            position = end
            if kind.startswith("block") or (syntax.docstrings and _is_statement(text, start)):
                yield start, end
            else:
                # A script that a string holds begins behind its first line.
                yield from hash_comments(text, text.find("\n", match.end(), end) + 1 or end, end)


@cache
def _openings(syntax: Syntax) -> tuple[re.Pattern[str], dict[str, Pair]]:
    pairs = {f"block{n}": pair for n, pair in enumerate(syntax.blocks)}
    pairs |= {f"text{n}": pair for n, pair in enumerate(syntax.texts)}
    parts = [f"(?P<{name}>{pair.opening})" for name, pair in pairs.items()]
    parts += [f"(?P<line>{'|'.join(syntax.line)})"] if syntax.line else []
    parts += [f"(?P<quote>[{re.escape(syntax.quotes)}])"] if syntax.quotes else []
    return re.compile("|".join(parts), re.MULTILINE | re.IGNORECASE), pairs


def _line_end(text: str, start: int) -> int:
    end = text.find("\n", start)
    return len(text) if end < 0 else end


def _behind_quote(text: str, opening: int) -> int:
    """Return the offset behind a string; a quote that its line does not close is no string."""
    match = _STRINGS[text[opening]].match(text, opening)
    return match.end() if match else opening + 1


_STRINGS = {quote: lazy_pattern(rf"{quote}(?>(?:[^{quote}\\\n]|\\.)*){quote}") for quote in "\"'`"}


def _end(text: str, start: int, pair: Pair) -> int | None:
    """Return the offset behind the end of a block; None if the block has no end."""
    if not (pair.nested or pair.escapes):
        end = text.find(pair.closing, start)
        return None if end < 0 else end + len(pair.closing)
    depth = 1
    for match in _inner(pair).finditer(text, start):
        if match.lastgroup == "closing":
            depth -= 1
        elif match.lastgroup == "opening":
            depth += 1
        if depth == 0:
            return match.end()
    return None


@cache
def _inner(pair: Pair) -> re.Pattern[str]:
    parts = [r"(?P<escape>\\.)"] if pair.escapes else []
    parts.append(f"(?P<closing>{re.escape(pair.closing)})")
    parts += [f"(?P<opening>{pair.opening})"] if pair.nested else []
    return re.compile("|".join(parts), re.DOTALL)


def _is_statement(text: str, start: int) -> bool:
    """Whether a string is a docstring: it begins the file, or a line after one with a colon."""
    before = text[max(0, start - _INDENT) : start]
    line = before.rpartition("\n")[2]
    behind = before[: len(before) - len(line)].rstrip()
    return not line.strip("rRuU \t") and (behind.endswith(":") or (not behind and start < _INDENT))


_INDENT = 400  # as far back as a colon is looked for


def hash_comments(text: str, start: int, end: int) -> Iterator[Span]:
    """Yield the `#` comments of the lines between two offsets."""
    while start < end:
        stop = text.find("\n", start, end)
        stop = end if stop < 0 else stop
        comment = hash_comment(text[start:stop])
        if comment is not None:
            yield start + comment, stop
        start = stop + 1
