"""Reads the pages of the rules, one Markdown file for each rule in this folder."""

from __future__ import annotations

from importlib.resources import files


def page(code: str) -> str:
    """Return the page of a rule, in Markdown."""
    return (files(__package__) / f"{code}.md").read_text(encoding="utf-8")
