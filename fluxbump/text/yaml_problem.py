"""Why a text is not the YAML that it should be, and what no parser is given. Pure."""

from __future__ import annotations

import re

from fluxbump.text.patterns import lazy_pattern

# libyaml's binding recurses on the C stack; input deeper than this is hostile, not a manifest.
_MAX_DEPTH = 200
_BRACKET_OR_COMMENT = lazy_pattern(r"(?:^|(?<=[ \t]))#[^\n]*(?=\n|\Z)|[\[\]{}]", re.MULTILINE)
_COMPACT_NESTING = lazy_pattern(r"(?:[-?:][ \t]+){100}")
_DEEP_INDENT = " " * 400
_HARMLESS_WIDTH = 200  # the least that a line nested too deeply takes


class YamlProblem(Exception):  # noqa: N818  # a finding about input; discover decides if it is an error
    """A text is not the YAML that it should be.

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


class _TooDeepError(YamlProblem):
    """Nesting that no parser here may be given: one would crash, the other take minutes."""


def refuse_deep_nesting(text: str) -> None:
    """Refuse a text that is nested too deeply for a parser.

    Raises:
        YamlProblem: it is.
    """
    lines = text.split("\n")
    if max(map(len, lines)) >= _HARMLESS_WIDTH and (
        _COMPACT_NESTING.search(text) or any(line.startswith(_DEEP_INDENT) for line in lines)
    ):
        raise _TooDeepError("nested too deeply")
    if text.count("[") + text.count("{") <= _MAX_DEPTH:
        return
    depth = 0
    for found in _BRACKET_OR_COMMENT.finditer(text):
        if found.group() in ("[", "{"):
            depth += 1
        elif found.group() in ("]", "}"):
            depth = max(depth - 1, 0)
        if depth > _MAX_DEPTH:
            raise _TooDeepError("nested too deeply", text.count("\n", 0, found.start()))
