"""Scans Terraform's language (HCL) for comments, heredocs, blocks and their attributes. Pure.

A full HCL parser would take more time at import than the rest of fluxbump, and gives no offsets.
The tokens below are those of the HCL native syntax specification that decide where a comment can
be.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from fluxbump.text.patterns import lazy_pattern
from fluxbump.text.syntax.comments import hash_comments

_TOKEN = lazy_pattern(
    r"""
    (?P<comment>\#[^\n]*|//[^\n]*|/\*.*?(?:\*/|\Z))
  | (?P<heredoc><<-?(?P<mark>[A-Za-z_][\w-]*)[ \t]*\r?\n
      (?P<body>.*?)(?:^[ \t]*(?P=mark)[ \t]*\r?$|\Z))
  | (?P<string>(?<!\\)"(?:\\.|[^"\\\n])*")
  | (?P<name>[A-Za-z_][\w-]*)
  | (?P<punctuation>[{}=])
    """,
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)


_LINE = lazy_pattern(r"""(?P<stop>\n|\#|//|/\*)|(?<!\\)"(?:\\.|[^"\\\n])*"|\S""")
"""Matches the parts of an expression that are needed to find its end."""


_MOST_LABELS = 16
"""How many words may precede a block's brace; Terraform's own blocks have at most three."""


class Attribute(Struct, frozen=True):
    """An attribute `name = "value"` directly inside a block.

    Attributes:
        value: the text between the quotes; None if the value is not one plain string.
        start: the offset of the value's first character, behind the quote of a string.
        text: the text of the whole file.
    """

    name: str
    value: str | None
    start: int
    text: str

    @property
    def end(self) -> int:
        """The offset behind the value's last character; for an expression, on its first line.

        It is computed when it is read, because the whole line must be scanned for it.
        """
        if self.value is not None:
            return self.start + len(self.value)
        return _line_end(self.text, self.start)


class Block(Struct, frozen=True):
    """A block with its labels: `resource "helm_release" "flux" { … }`."""

    labels: tuple[str, ...]
    start: int
    attributes: tuple[Attribute, ...]

    def attribute(self, name: str) -> Attribute | None:
        """Return the first attribute with a name; None without one."""
        return next((held for held in self.attributes if held.name == name), None)


def comments(text: str) -> Iterator[tuple[int, int]]:
    """Yield the spans of all comments, in order.

    Marks in strings do not count. The body of a heredoc is a text in another language, mostly a
    script or a cloud-config, in which only `#` begins a comment.
    """
    for token in _TOKEN.finditer(text):
        if token.lastgroup == "comment":
            yield token.span()
        elif token.lastgroup == "heredoc":
            yield from hash_comments(text, *token.span("body"))


def heredocs(text: str) -> Iterator[tuple[int, int]]:
    """Yield the span of each heredoc's body."""
    for token in _TOKEN.finditer(text):
        if token.lastgroup == "heredoc":
            yield token.span("body")


_MOCKS = "mock_outputs"


def mocks(text: str) -> list[tuple[int, int]]:
    """Return the spans of `mock_outputs`, in order.

    `terragrunt plan` uses these values in place of outputs until the other module is applied.
    Source: terragrunt.gruntwork.io/docs/reference/config-blocks-and-attributes, `dependency`.
    """
    if _MOCKS not in text:
        return []
    tokens = [token for token in _TOKEN.finditer(text) if token.lastgroup != "comment"]
    closing = _closing(tokens)
    found = list[tuple[int, int]]()
    for position, token in enumerate(tokens):
        if token.group() != _MOCKS or (found and token.start() < found[-1][1]):
            continue
        follower = [held.group() for held in tokens[position + 1 : position + 3]]
        if follower == ["=", "{"] and position + 2 in closing:
            found.append((token.start(), tokens[closing[position + 2]].end()))
    return found


def blocks(text: str, *labels: str) -> Iterator[Block]:
    """Yield the blocks whose keyword and first labels are `labels`."""
    tokens = [token for token in _TOKEN.finditer(text) if token.lastgroup != "comment"]
    closing = _closing(tokens)
    for position, token in enumerate(tokens):
        if token.group() != labels[0] or token.lastgroup != "name":
            continue
        head: list[str] = []
        after = position
        last = min(len(tokens), position + _MOST_LABELS)
        while after < last and tokens[after].lastgroup in ("name", "string"):
            head.append(tokens[after].group().strip('"'))
            after += 1
        opens = after < len(tokens) and tokens[after].group() == "{"
        if opens and tuple(head[: len(labels)]) == labels:
            attributes = tuple(_attributes(tokens, after, closing))
            yield Block(tuple(head), token.start(), attributes)


def _closing(tokens: Sequence[re.Match[str]]) -> dict[int, int]:
    """Map the position of each opening brace to that of the one that closes it, if one does."""
    found, opened = dict[int, int](), list[int]()
    for position, token in enumerate(tokens):
        if token.group() == "{":
            opened.append(position)
        elif token.group() == "}" and opened:
            found[opened.pop()] = position
    return found


def _attributes(
    tokens: Sequence[re.Match[str]], opening: int, closing: Mapping[int, int]
) -> Iterator[Attribute]:
    """Yield the attributes directly inside the block that opens at a token.

    Inner blocks are skipped, so that all blocks of a text are read in linear time. If an inner
    block is not closed, the attributes behind it are not yielded.
    """
    position, end = opening + 1, closing.get(opening, len(tokens))
    while position < end:
        token = tokens[position]
        if token.group() == "{":
            position = closing.get(position, end)
        elif token.lastgroup == "name" and not _is_option(token):
            follower = tokens[position + 1 : position + 3]
            if len(follower) > 1 and follower[0].group() == "=":
                yield _attribute(token, *follower)
        position += 1


def _is_option(name: re.Match[str]) -> bool:
    """Whether a name is that of an option, such as `--version=1`, in a text of another language."""
    return name.string.startswith("-", name.start() - 1)


def _attribute(name: re.Match[str], equals: re.Match[str], value: re.Match[str]) -> Attribute:
    text = value.string
    begin = equals.end()
    while text[begin : begin + 1] in (" ", "\t"):
        begin += 1
    if value.lastgroup == "string" and value.start() == begin:
        return Attribute(name.group(), value.group()[1:-1], value.start() + 1, text)
    return Attribute(name.group(), None, begin, text)


def _line_end(text: str, start: int) -> int:
    """Return the end of an expression on its first line, at a comment or at the block's end."""
    depth, end = 0, start
    for token in _LINE.finditer(text, start):
        bracket = token.group()
        depth += (bracket in "([{") - (bracket in ")]}")
        if token.lastgroup == "stop" or depth < 0:
            break
        end = token.end()
    return end
