"""Tells in which form a text holds a version: exact, as a range, or as a variable. Pure."""

from __future__ import annotations

from fluxbump.model import Form
from fluxbump.text import versions
from fluxbump.text.patterns import lazy_pattern

_EXACT = lazy_pattern(rf"=?\s*v?({versions.FULL.pattern})")
_VARIABLE = lazy_pattern(r"\$[\w{(]|\{\{|%\{|<no value>")
_ANY = frozenset({"", "*", "x", "X", "latest", ">=0.0.0", ">=0.0.0-0", ">0.0.0-0", ">= 0.0.0"})


def form_of(text: str) -> tuple[Form, int]:
    """Return the form of a version text, and how many characters precede the version itself."""
    exact = _EXACT.fullmatch(text)
    if exact:
        return Form.EXACT, exact.start(1)
    if _VARIABLE.search(text):
        return Form.VARIABLE, 0
    return (Form.UNPINNED if text.strip() in _ANY else Form.RANGE), 0
