"""Reads what a variable is set to: a version, another variable, or something else. Pure."""

from __future__ import annotations

import re

from msgspec import Struct

from fluxbump.discover.variables import references, shell_arguments
from fluxbump.discover.variables.references import Reference
from fluxbump.text import versions
from fluxbump.text.live_code import TextFile
from fluxbump.text.patterns import lazy_pattern


class Assignment(Struct, frozen=True):
    """One place that sets a variable.

    Attributes:
        start: the offset of the version, without a leading `v`, or of another value.
        end: the offset behind the version or value.
        version: the full version, without a leading `v`; None if the value is something else.
        alias: the other variable that the value is taken from; None if the value is no reference.
    """

    start: int
    end: int
    version: str | None
    alias: Reference | None = None


EXACT = lazy_pattern(rf"v?({versions.FULL.pattern})")

_VALUE = lazy_pattern(
    rf"""(?P<quote>["'])(?P<quoted>(?:(?!(?P=quote))[^\n])*)(?P=quote)"""
    rf"""|(?P<bare>(?:{references.PIECE}|[^\s;,&|#)}}\]])+)"""
)

_FALLBACK = lazy_pattern(
    r"""(?:coalesce|try|optional|lookup|env|env_var_or_default|getenv|os\.getenv)"""
    r"""\((?:[^()"'\n]|"[^"\n]*"|'[^'\n]*'){1,200}?,[ \t]*"""
    rf"""["']v?(?P<version>{versions.FULL.pattern})["'][ \t]*\)"""
)
"""Matches a call whose last argument is a fallback, such as `coalesce(var.x, "1")`."""

_JOINED = lazy_pattern(r"[ \t]*(?:\+|\.\.|\.\s*\w)")


def value_at(file: TextFile, start: int) -> Assignment | None:
    """Return the value that begins at an offset, behind blanks; None if it is empty or missing."""
    text = file.text
    while text[start : start + 1] in (" ", "\t"):
        start += 1
    fallback = _FALLBACK.match(text, start)
    if fallback:
        return Assignment(*fallback.span("version"), fallback["version"])
    match = _VALUE.match(text, start)
    if match is None:
        return None
    group = "bare" if match["quoted"] is None else "quoted"
    inner, begin = match[group], match.start(group)
    exact = EXACT.fullmatch(inner)
    if exact and not _JOINED.match(text, match.end()):
        return Assignment(begin + exact.start(1), begin + exact.end(1), exact[1])
    if not inner:
        return None
    alias = references.parse(inner) or shell_arguments.reference_at(file, begin, inner)
    if alias and alias.default:
        first, last = begin + alias.default[0], begin + alias.default[1]
        return Assignment(first, last, text[first:last])
    if alias is None and re.fullmatch(r"(?:var|local)\.[\w.]+", inner):
        alias = references.parse("${" + inner + "}")
    return Assignment(begin, begin + len(inner), None, alias)
