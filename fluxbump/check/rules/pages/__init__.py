"""The rules' pages, one Markdown file a rule."""

from __future__ import annotations

from importlib.resources import files


def page(code: str) -> str:
    """Return the page of a rule as Markdown."""
    return (files(__package__) / f"{code}.md").read_text(encoding="utf-8")
