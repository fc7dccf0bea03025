"""Just enough of Terraform's language to tell comments, strings, heredocs and blocks apart. Pure.

A full HCL parser would cost more at import than the rest of fluxbump and gives no offsets; the
tokens below are those of the HCL native syntax specification that decide where a comment can
stand.
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
"""What an expression consists of, as far as it takes to find where it ends."""


_MOST_LABELS = 16
"""Words before a block's brace; Terraform's own have three at the most."""


class Attribute(Struct, frozen=True):
    """`name = "value"` directly inside a block.

    Attributes:
        value: the text between the quotes; None when the value is not one plain string.
        start: offset of the value's first character.
        text: that it stands in.
    """

    name: str
    value: str | None
    start: int
    text: str

    @property
    def end(self) -> int:
        """Offset behind the value's last character; of an expression, on its first line.

        Where that is takes a look at the whole line, so only who asks pays for it.
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
        """Return the attribute called `name`."""
        return next((held for held in self.attributes if held.name == name), None)


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


_MOCKS = "mock_outputs"


def mocks(text: str) -> list[tuple[int, int]]:
    """Return the spans of what stands in for outputs that are not there yet, in order.

    `terragrunt plan` takes such values until the other module was applied. Source:
    terragrunt.gruntwork.io/docs/reference/config-blocks-and-attributes, `dependency`.
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

    What is inside of inner blocks is passed by, so that all blocks of a text are read in one walk
    of it; behind an inner block that never closes nothing is directly inside of this one.
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
    """Whether a name is that of an option, `--version=1`, in a text that is not Terraform's."""
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
    """Find where an expression ends on its first line: at a comment, or with its block."""
    depth, end = 0, start
    for token in _LINE.finditer(text, start):
        bracket = token.group()
        depth += (bracket in "([{") - (bracket in ")]}")
        if token.lastgroup == "stop" or depth < 0:
            break
        end = token.end()
    return end
