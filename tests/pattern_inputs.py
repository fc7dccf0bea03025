"""Every pattern of the package, and texts made for one: what it repeats, again and again."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from re import _constants as codes  # type: ignore[attr-defined]  # what patterns consist of
from re import _parser as parser  # type: ignore[attr-defined]  # the library's own
from typing import Any

from msgspec import Struct

import fluxbump
from fluxbump.text import patterns

Found = tuple[str, int]
"""A pattern and its flags."""

_CALLS = frozenset(
    {"compile", "search", "match", "fullmatch", "sub", "subn", "split", "finditer", "findall"}
)
_DEEPEST = 4


def every() -> Mapping[str, Found]:
    """Return the patterns by where they stand: in a module, in what a module holds, in a call."""
    found: dict[str, Found] = {}
    for module in pkgutil.walk_packages(fluxbump.__path__, "fluxbump."):
        if module.name == "fluxbump.__main__":
            continue
        loaded, short = importlib.import_module(module.name), module.name.removeprefix("fluxbump.")
        for name, value in vars(loaded).items():
            found |= dict(_held(f"{short}.{name}", value, _DEEPEST))
        found |= {
            f"{short}:{line} {call}": pattern
            for line, call, pattern in _called(Path(str(loaded.__file__)))
        }
    return found


def uses() -> Mapping[str, frozenset[str]]:
    """Return by the name of a variable which methods are called on it, in all modules."""
    found: dict[str, set[str]] = {}
    for path in Path(fluxbump.__path__[0]).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr in _CALLS:
                of = node.value
                name = of.id if isinstance(of, ast.Name) else getattr(of, "attr", "")
                found.setdefault(name, set()).add(node.attr)
    return {name: frozenset(methods) for name, methods in found.items()}


def _held(where: str, value: Any, depth: int) -> Iterator[tuple[str, Found]]:
    """Yield the patterns that a value is, or holds."""
    if isinstance(value, re.Pattern | patterns._Pattern):
        if isinstance(value.pattern, str):
            yield where, (value.pattern, value.flags & ~re.UNICODE)
    elif depth and isinstance(value, dict):
        for key, item in value.items():
            yield from _held(f"{where}[{key!r}]", item, depth - 1)
    elif depth and isinstance(value, list | tuple | set | frozenset):
        for number, item in enumerate(value):
            yield from _held(f"{where}[{number}]", item, depth - 1)
    elif depth and isinstance(value, Struct):
        for name in value.__struct_fields__:
            yield from _held(f"{where}.{name}", getattr(value, name), depth - 1)


def _called(path: Path) -> Iterator[tuple[int, str, Found]]:
    """Yield the patterns that stand as text in a call of `re`."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        of = node.func.value
        if isinstance(of, ast.Name) and of.id == "re" and node.func.attr in _CALLS and node.args:
            first = node.args[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield node.lineno, node.func.attr, (first.value, 0)


def units(pattern: str, flags: int) -> set[tuple[str, str]]:
    """Return what stands before each repetition of a pattern, and what is repeated."""
    found: set[tuple[str, str]] = set()
    _walk(parser.parse(pattern, flags), "", found)
    return {(before, unit) for before, unit in found if unit}


def _walk(parsed: Any, before: str, found: set[tuple[str, str]]) -> str:
    """Return a text that matches, about, and collect the repetitions."""
    for code, argument in parsed:
        if code in (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT):
            low, high, inner = argument
            unit = _walk(inner, before, found)[len(before) :]
            if high > _FEW:
                found.add((before, unit))
            before += unit * max(low, 1)
        elif code is codes.BRANCH:
            texts = [_walk(branch, before, found) for branch in argument[1]]
            before = texts[0]
        elif code is codes.SUBPATTERN:
            before = _walk(argument[3], before, found)
        elif code is codes.ATOMIC_GROUP:
            before = _walk(argument, before, found)
        elif code in (codes.ASSERT, codes.ASSERT_NOT):
            ahead = argument[0] > 0 and code is codes.ASSERT
            walked = _walk(argument[1], before, found)
            before = walked if ahead else before
        else:
            before += _one(code, argument)
    return before


_FEW = 20
"""Repetitions that a pattern bounds itself."""
_LIKELY = "a \n\t1.-/\"'`{}[]()$#:=,;<>|&*+?@!~%^_AZ\\"


def _one(code: Any, argument: Any) -> str:
    """Return a character that an element matches; nothing for a place."""
    if code is codes.LITERAL:
        return chr(argument)
    if code is codes.NOT_LITERAL:
        return next(one for one in _LIKELY if ord(one) != argument)
    if code is codes.ANY:
        return "a"
    if code is codes.IN:
        only = re.compile(_class(argument))
        return next((one for one in _LIKELY if only.match(one)), "")
    return ""


def _class(argument: Any) -> str:
    """Write a set of characters as a pattern."""
    parts = list[str]()
    for code, value in argument:
        if code is codes.NEGATE:
            parts.insert(0, "^")
        elif code is codes.LITERAL:
            parts.append(re.escape(chr(value)))
        elif code is codes.RANGE:
            parts.append(f"{re.escape(chr(value[0]))}-{re.escape(chr(value[1]))}")
        elif code is codes.CATEGORY:
            parts.append(_CATEGORIES[value])
    return f"[{''.join(parts)}]"


_CATEGORIES = {
    codes.CATEGORY_DIGIT: r"\d",
    codes.CATEGORY_NOT_DIGIT: r"\D",
    codes.CATEGORY_SPACE: r"\s",
    codes.CATEGORY_NOT_SPACE: r"\S",
    codes.CATEGORY_WORD: r"\w",
    codes.CATEGORY_NOT_WORD: r"\W",
}
