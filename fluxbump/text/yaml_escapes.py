"""Resolves escapes of double-quoted YAML, to tell quickly what a text cannot contain. Pure."""

from __future__ import annotations

import re

from fluxbump.text.patterns import lazy_pattern

# YAML 1.2.2, chapter 5.7; the other escapes stand for no character that a word can have.
_ESCAPE = lazy_pattern(r"\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|\r?\n[ \t]*)")
_LAST = 0x10FFFF


def unescaped(text: str) -> str:
    """Return a text in which the escapes that can hide a part of a word are resolved.

    Escapes outside of double quotes are resolved too. So a word that is not in the result is in no
    value of the text, but the result does not have the exact values.
    """
    return _ESCAPE.sub(_written_out, text) if "\\" in text else text


def _written_out(match: re.Match[str]) -> str:
    digits = match[1] or match[2] or match[3]
    if digits is None:
        return ""  # a line break that is escaped, with the indentation of the next line
    code = int(digits, 16)
    return chr(code) if code <= _LAST else match[0]
