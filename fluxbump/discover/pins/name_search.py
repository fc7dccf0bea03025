"""Which texts name a chart, and which of these can install it. Pure."""

from __future__ import annotations

import re
from functools import cache


def is_named_in(text: str, names: tuple[str, ...]) -> bool:
    """Whether a value in a text can be one of some names.

    Says no only where the text has no such name; what holds it, the parser knows. Escapes have to
    be written out (`yaml_escapes.unescaped`).
    """
    # Most texts have no name at all, which fixed texts tell sooner than the pattern.
    return any(name in text for name in names) and _named(names).search(text) is not None


def is_installed_in(text: str, names: tuple[str, ...]) -> bool:
    """Whether a text can install what has one of some names, or patch what does.

    Says no only where it has no such name besides those in comments and in lists of what an object
    depends on, which most objects of a large tree have.
    """
    if not is_named_in(text, names):
        return False
    # A line break in front, so that the first line is a line like the others.
    return is_named_in(_depending(names).sub("", f"\n{text}"), names)


@cache
def _named(names: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(f"{_any_of(names)}(?![\\w-])")


@cache
def _depending(names: tuple[str, ...]) -> re.Pattern[str]:
    """What names a chart and cannot install it, however the text around it is written.

    A line that begins with `#` is a comment, or a part of a longer value; with a quote in it, a
    value may end there and another begin. An item of a list that begins with `name` is no
    `metadata`, whose name counts, and an anchor would stand between the key and the name.
    """
    comment = r"\n[ \t]*#[^\n\"']*(?![^\n])"
    item = rf"-[ ]name:[ ]+[\"']?{_any_of(names)}[\"']?(?=[ \t\r]*(?:\n|\Z))"
    return re.compile(f"{comment}|{item}")


def _any_of(names: tuple[str, ...]) -> str:
    return "(?:" + "|".join(re.escape(name) for name in names) + ")"
