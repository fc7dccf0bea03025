"""Defines the errors about invalid YAML, and refuses texts that are too deep for a parser. Pure."""

from __future__ import annotations

import re

from fluxbump.text import budget
from fluxbump.text.patterns import lazy_pattern

_BRACKET_OR_COMMENT = lazy_pattern(r"(?:^|(?<=[ \t]))#[^\n]*(?=\n|\Z)|[\[\]{}]", re.MULTILINE)
_COMPACT_NESTING = lazy_pattern(r"(?:[-?:][ \t]+){100}")
_DEEP_INDENT = " " * 400
_DEEP_LINE = lazy_pattern(rf"(?:^|[\r\x85\u2028\u2029]){_DEEP_INDENT}", re.MULTILINE)
_HARMLESS_WIDTH = 200  # the least that a line nested too deeply takes


class YamlError(Exception):
    """A text is not valid YAML; the reader of the text decides what follows from that.

    Attributes:
        message: the parser's message, on one line.
        line: the 0-based line in the parsed text.
        column: the 0-based column.
    """

    def __init__(self, message: str, line: int = 0, column: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column


class RefusedYamlError(YamlError):
    """A text that is refused for all parsers, so that it is not parsed again with a second one."""


def refuse_deep_nesting(text: str) -> None:
    """Refuse a text that is nested too deeply for a parser.

    Raises:
        RefusedYamlError: the nesting exceeds the limit.
    """
    widest = max(map(len, text.split("\n")))
    if widest >= _HARMLESS_WIDTH and _COMPACT_NESTING.search(text):
        raise RefusedYamlError("nested too deeply")
    if widest >= _HARMLESS_WIDTH and _DEEP_INDENT in text and _DEEP_LINE.search(text):
        raise RefusedYamlError("nested too deeply")
    if text.count("[") + text.count("{") <= budget.REPOSITORY_FILE.depth:
        return
    depth = 0
    for found in _BRACKET_OR_COMMENT.finditer(text):
        if found.group() in ("[", "{"):
            depth += 1
        elif found.group() in ("]", "}"):
            depth = max(depth - 1, 0)
        if depth > budget.REPOSITORY_FILE.depth:
            raise RefusedYamlError("nested too deeply", text.count("\n", 0, found.start()))
