"""Text from outside, safe to print. Pure."""

from __future__ import annotations


def printable(text: str) -> str:
    """Make text from outside safe to print on one line: no control characters, no line breaks."""
    if text.isprintable():
        return text
    clean = text.encode("utf-8", "replace").decode("utf-8")
    return "".join(c if c.isprintable() or c in "\t" else "\ufffd" for c in clean)
