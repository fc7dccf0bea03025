"""Finds objects in Terraform's language: `{ kind = "HelmRelease", spec = { … } }`. Pure.

Only plain strings have a known value. All other values are expressions that Terraform evaluates.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from fluxbump.discover.embedded.manifests import Manifest, Value
from fluxbump.discover.embedded.objects import DEEPEST
from fluxbump.text.patterns import lazy_pattern

_TOKEN = lazy_pattern(
    r"""
    (?P<comment>\#[^\n]*|//[^\n]*|/\*.*?(?:\*/|\Z))
  | (?P<heredoc><<-?(?P<mark>[A-Za-z_][\w-]*)[ \t]*\r?\n.*?(?:^[ \t]*(?P=mark)[ \t]*\r?$|\Z))
  | (?P<string>(?<!\\)"(?:\\.|[^"\\\n])*")
  | (?P<name>[A-Za-z_][\w-]*)
  | (?P<punctuation>[][{}()])
    """,
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)
_ASSIGNS = lazy_pattern(r"[ \t]*(?:=(?![=>])|:)")
_ENDS = lazy_pattern(r"[ \t]*(?:[,}\])#\r\n]|//|/\*|\Z)")
_EXPRESSION = lazy_pattern(r"[^\r\n,}#]*[^\s,}#]")  # its first line, or the beginning of that

_Path = tuple[str, ...]


class _Frame:
    """The contents of a pair of brackets, while they are read."""

    def __init__(self, start: int, key: str | None) -> None:
        self.start = start
        self.key = key  # that the whole is the value of
        self.pending: str | None = None  # the last key, until it has a value
        self.values: dict[_Path, Value] = {}
        self.repeated: set[_Path] = set()

    def add(self, path: _Path, value: Value) -> None:
        if path in self.values:
            self.repeated.add(path)
        self.values[path] = value


def manifests(text: str, kinds: Collection[str]) -> Iterator[Manifest]:
    """Yield the objects whose `kind` is one of `kinds`."""
    for frame, end in _frames(text):
        kind = frame.values.get(("kind",))
        if kind is not None and kind.text in kinds:
            repeated = frozenset(frame.repeated)
            yield Manifest(kind.text, frame.start, end, dict(frame.values), repeated)


def mappings(text: str) -> Iterator[Mapping[str, Value]]:
    """Yield the values in each pair of braces by name, without nested braces and repeated names."""
    for frame, _ in _frames(text):
        own = {
            path[0]: value
            for path, value in frame.values.items()
            if len(path) == 1 and path not in frame.repeated
        }
        if own:
            yield own


def _frames(text: str) -> Iterator[tuple[_Frame, int]]:
    """Yield the contents of each pair of brackets with the offset of its end, inner ones first."""
    stack = [_Frame(0, None)]
    for token in _TOKEN.finditer(text):
        what, frame = token.lastgroup, stack[-1]
        if what in ("string", "name") and _ASSIGNS.match(text, token.end()):
            frame.pending = token.group().strip('"')
        elif what == "string":
            _take(frame, token, text)
        elif what == "punctuation" and token.group() in "{[(":
            stack.append(_Frame(token.start(), frame.pending if token.group() == "{" else None))
            frame.pending = None
        elif what == "punctuation" and len(stack) > 1:
            closed = stack.pop()
            yield closed, token.end()
            _hand_up(closed, stack[-1])
        elif what in ("name", "heredoc"):
            _expression(frame, token, text)


def _take(frame: _Frame, token: re.Match[str], text: str) -> None:
    if frame.pending is None:
        return
    start, end = token.start() + 1, token.end() - 1
    plain = _ENDS.match(text, token.end()) is not None and "\\" not in text[start:end]
    frame.add((frame.pending,), Value(text[start:end], start, end, plain))
    frame.pending = None


def _expression(frame: _Frame, token: re.Match[str], text: str) -> None:
    if frame.pending is not None:
        first = _EXPRESSION.match(text, token.start())
        start, end = first.span() if first else token.span()
        value = Value(text[start:end], start, end, plain=False, expression=True)
        frame.add((frame.pending,), value)
        frame.pending = None


def _hand_up(frame: _Frame, around: _Frame) -> None:
    """Add the values of a pair of brackets to the pair around it, below its key."""
    if frame.key is not None:
        for path, value in frame.values.items():
            if len(path) < DEEPEST:
                around.add((frame.key, *path), value)
        around.repeated |= {(frame.key, *path) for path in frame.repeated if len(path) < DEEPEST}
