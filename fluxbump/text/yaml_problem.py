"""Why a text is not the YAML that it should be, and what no parser is given. Pure."""

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
    """A text is not the YAML that it should be; whoever reads it decides what becomes of that.

    Attributes:
        message: what the parser says, on one line.
        line: 0-based, in the text that was parsed.
        column: 0-based.
    """

    def __init__(self, message: str, line: int = 0, column: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column


class RefusedYamlError(YamlError):
    """What no parser here may be given, or what none goes on with: a second one is not asked."""


def refuse_deep_nesting(text: str) -> None:
    """Refuse a text that is nested too deeply for a parser.

    Raises:
        YamlError: it is.
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
