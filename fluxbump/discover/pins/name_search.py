"""Tells quickly whether a text can name a chart, and whether it can install one. Pure."""

from __future__ import annotations

import re
from functools import cache


def is_named_in(text: str, names: tuple[str, ...]) -> bool:
    """Whether a value in a text can be one of `names`.

    False is certain: the text has no such name. True means that the text has to be parsed to know.
    Escapes in the text must be resolved before (`yaml_escapes.unescaped`).
    """
    # Most texts have no name at all, which fixed texts tell sooner than the pattern.
    return any(name in text for name in names) and _named(names).search(text) is not None


def is_installed_in(text: str, names: tuple[str, ...]) -> bool:
    """Whether a text can install something with one of `names`, or patch an object that does.

    False is certain: the text has such a name at most in comments and in lists of dependencies
    (`dependsOn`), which most objects of a large tree have. True means that it has to be parsed.
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
    """Match the places that name a chart and cannot install it in any context.

    One is a line that begins with `#` and has no quote: it is a comment or a part of a longer
    value. With a quote, a value could end there and another one begin. The other is an item of a
    list that begins with `name`: it is no `metadata`, whose name would count. An anchor before the
    name does not match.
    """
    comment = r"\n[ \t]*#[^\n\"']*(?![^\n])"
    item = rf"-[ ]name:[ ]+[\"']?{_any_of(names)}[\"']?(?=[ \t\r]*(?:\n|\Z))"
    return re.compile(f"{comment}|{item}")


def _any_of(names: tuple[str, ...]) -> str:
    return "(?:" + "|".join(re.escape(name) for name in names) + ")"
