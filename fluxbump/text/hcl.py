"""Just enough of Terraform's language to tell comments, strings, heredocs and blocks apart. Pure.

A full HCL parser would cost more at import than the rest of fluxbump and gives no offsets; the
tokens below are those of the HCL native syntax specification that decide where a comment can
stand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from fluxbump.text.comments import hash_comments

_TOKEN = re.compile(
    r"""
    (?P<comment>\#[^\n]*|//[^\n]*|/\*.*?(?:\*/|\Z))
  | (?P<heredoc><<-?(?P<mark>[A-Za-z_][\w-]*)[ \t]*\r?\n
      (?P<body>.*?)(?:^[ \t]*(?P=mark)[ \t]*\r?$|\Z))
  | (?P<string>"(?:\\.|[^"\\\n])*")
  | (?P<name>[A-Za-z_][\w-]*)
  | (?P<punctuation>[{}=])
    """,
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)


_LINE = re.compile(r"""(?P<stop>\n|\#|//|/\*)|"(?:\\.|[^"\\\n])*"|\S""")
"""What an expression consists of, as far as it takes to find where it ends."""


class Attribute(Struct, frozen=True):
    """`name = "value"` directly inside a block.

    Attributes:
        value: the text between the quotes; None when the value is not one plain string.
        start: offset of the value's first character.
        end: offset behind its last character; of an expression, on its first line.
    """

    name: str
    value: str | None
    start: int
    end: int


class Block(Struct, frozen=True):
    """A block with its labels: `resource "helm_release" "flux" { … }`."""

    labels: tuple[str, ...]
    start: int
    attributes: tuple[Attribute, ...]

    def attribute(self, name: str) -> Attribute | None:
        """Return the attribute called `name`."""
        return next((one for one in self.attributes if one.name == name), None)


def comments(text: str) -> Iterator[tuple[int, int]]:
    """Yield the span of every comment, in order.

    Strings hide the marks. A heredoc's body is another language's text, mostly a script or a
    cloud-config, where `#` alone begins a comment.
    """
    for token in _TOKEN.finditer(text):
        if token.lastgroup == "comment":
            yield token.span()
        elif token.lastgroup == "heredoc":
            yield from hash_comments(text, *token.span("body"))


def heredocs(text: str) -> Iterator[tuple[int, int]]:
    """Yield the span of every heredoc's body."""
    for token in _TOKEN.finditer(text):
        if token.lastgroup == "heredoc":
            yield token.span("body")


def blocks(text: str, *labels: str) -> Iterator[Block]:
    """Yield the blocks whose keyword and first labels are `labels`."""
    tokens = [token for token in _TOKEN.finditer(text) if token.lastgroup != "comment"]
    for position, token in enumerate(tokens):
        if token.group() != labels[0] or token.lastgroup != "name":
            continue
        head: list[str] = []
        after = position
        while after < len(tokens) and tokens[after].lastgroup in ("name", "string"):
            head.append(tokens[after].group().strip('"'))
            after += 1
        opens = after < len(tokens) and tokens[after].group() == "{"
        if opens and tuple(head[: len(labels)]) == labels:
            attributes = tuple(_attributes(tokens[after + 1 :]))
            yield Block(tuple(head), token.start(), attributes)


def _attributes(tokens: list[re.Match[str]]) -> Iterator[Attribute]:
    depth = 0
    for position, token in enumerate(tokens):
        if token.group() == "{":
            depth += 1
        elif token.group() == "}":
            depth -= 1
            if depth < 0:
                return
        elif depth == 0 and token.lastgroup == "name":
            follower = tokens[position + 1 : position + 3]
            if len(follower) > 1 and follower[0].group() == "=":
                yield _attribute(token, *follower)


def _attribute(name: re.Match[str], equals: re.Match[str], value: re.Match[str]) -> Attribute:
    text = value.string
    begin = equals.end()
    while text[begin : begin + 1] in (" ", "\t"):
        begin += 1
    if value.lastgroup == "string" and value.start() == begin:
        start, end = value.start() + 1, value.end() - 1
        return Attribute(name.group(), value.group()[1:-1], start, end)
    return Attribute(name.group(), None, begin, _line_end(text, begin))


def _line_end(text: str, start: int) -> int:
    """Find where an expression ends on its first line: at a comment, or with its block."""
    depth, end = 0, start
    for token in _LINE.finditer(text, start):
        bracket = token.group()
        depth += (bracket in "([{") - (bracket in ")]}")
        if token.lastgroup == "stop" or depth < 0:
            break
        end = token.end()
    return end
