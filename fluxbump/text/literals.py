"""Finds names and their values in calls and object literals of source code. Pure.

The scanner knows what programming languages have in common: brackets, strings, and names with a
value. It knows no grammar, so it leaves out everything that is not certain by these alone.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from functools import cached_property

from msgspec import Struct
from msgspec.structs import replace

from fluxbump.text.languages import suffix_of
from fluxbump.text.live_code import TextFile
from fluxbump.text.patterns import lazy_pattern

_LONG = r'"""(?:\\.|[^\\])*?"""|' + r"'''(?:\\.|[^\\])*?'''"
_DOUBLE = r'"(?:\\.|[^"\\\n])*"'
_SINGLE = r"'(?:\\.|[^'\\\n])*'"
_BACK = r"`(?:\\.|[^`\\])*`"
_ANY = lazy_pattern(rf"(?P<text>{_LONG}|{_DOUBLE}|{_SINGLE}|{_BACK})|[()\[\]{{}}]", re.DOTALL)
_CHARACTER = r"'(?:\\[^\n]{1,8}|[^'\\\n])'"
_NO_SINGLE = lazy_pattern(
    rf"(?P<text>{_LONG}|{_DOUBLE}|{_CHARACTER}|{_BACK})|[()\[\]{{}}]", re.DOTALL
)
_CHARACTERS = frozenset({".go", ".rs", ".java", ".kt", ".kts", ".cs", ".scala", ".swift", ".fs"})
"""Suffixes of languages in which single quotes hold one character and no string."""

_NAME = r"[A-Za-z_$][\w$]*"
_KEY = rf"(?:(?P<quote>[\"'])(?P<quoted>{_NAME})(?P=quote)|(?<![\w$])(?P<plain>{_NAME}))"
_GIVES = lazy_pattern(rf"{_KEY}[ \t]*\??(?P<sign>:=|:(?!:)|=>|=(?![=>]))\s*")
_WRAPPED = lazy_pattern(r"[&*]?[A-Za-z_][\w.]*(?:<\w+>)?\(\s*")
_PLAIN = lazy_pattern(r"(?P<mark>[\"'`])(?P<value>(?:(?!(?P=mark))[^\\\n$%{])*)(?P=mark)")
_ENDS = lazy_pattern(r"\s*(?:[,;})\]]|\Z|//|#|/\*)|[ \t]*\r?\n(?!\s*(?:\.|\+|%|\|\||\?))")
_LINK = lazy_pattern(rf"\s{{0,100}}\.\s{{0,100}}(?P<name>{_NAME})\s{{0,100}}\(")
_ITEM = lazy_pattern(r"[^\s,\[\]{}()&*]")
_CLOSES_BACK = lazy_pattern(r"\)\s*\Z")
_MOST = 400  # names in one call or literal
_LONGEST = 100  # characters of a method's name, and the blanks around it
_LINK_BACK = lazy_pattern(rf"\.\s*(?P<name>{_NAME})\s*\Z")


class SourceValue(Struct, frozen=True):
    """A name in source code with its value: an argument, a member of a literal, an assignment.

    Attributes:
        name: the name as written; empty for an item of a list.
        sign: the sign between name and value: `:`, `=`, `:=`, `=>`, or `(` for a method.
        start: the offset of the value, without quotes.
        end: the offset behind the value, without quotes.
        text: the value as written, without quotes.
        name_start: the offset of the name.
        is_text: whether the value is one string and nothing else.
    """

    name: str
    sign: str
    start: int
    end: int
    text: str
    name_start: int
    is_text: bool = False


class SourceText:
    """The source code of a program, indexed by its strings and brackets."""

    def __init__(self, file: TextFile) -> None:
        """Index a program's source, or a configuration in a language with similar syntax."""
        self._file = file

    @cached_property
    def _tokens(self) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        """The spans of strings, and the spans of brackets including their contents, in order."""
        text, position = self._file.text, 0
        pattern = _NO_SINGLE if suffix_of(self._file.path) in _CHARACTERS else _ANY
        strings, pairs, open_ = list[tuple[int, int]](), list[tuple[int, int]](), list[int]()
        while match := pattern.search(text, position):
            position = match.end()
            if self._file.in_comment(match.start()):
                position = match.start() + 1
            elif match["text"]:
                strings.append(match.span())
            elif match.group() in "([{":
                open_.append(match.start())
            elif open_:
                pairs.append((open_.pop(), match.start()))
        pairs += [(start, len(text)) for start in open_]
        return strings, sorted(pairs)

    @cached_property
    def _parents(self) -> list[int]:
        """The index of the pair of brackets around each pair; -1 if there is none."""
        parents, around = list[int](), list[int]()
        for number, (start, _) in enumerate(self._tokens[1]):
            while around and self._tokens[1][around[-1]][1] < start:
                around.pop()
            parents.append(around[-1] if around else -1)
            around.append(number)
        return parents

    @cached_property
    def _openings(self) -> dict[int, int]:
        return {end: start for start, end in self._tokens[1]}

    def is_in_text(self, offset: int) -> bool:
        """Whether a character stands in a string."""
        return self._text_at(offset) is not None

    def _text_at(self, offset: int) -> tuple[int, int] | None:
        """Return the span of the string in which a character stands."""
        strings = self._tokens[0]
        found = bisect_right(strings, offset, key=lambda span: span[0]) - 1
        return strings[found] if found >= 0 and offset < strings[found][1] else None

    def around(self, offset: int) -> tuple[int, int]:
        """Return the innermost pair of brackets around a character; (-1, end) outside of all."""
        pairs = self._tokens[1]
        found = bisect_right(pairs, offset - 1, key=lambda pair: pair[0]) - 1
        while found >= 0 and pairs[found][1] <= offset:
            found = self._parents[found]
        return pairs[found] if found >= 0 else (-1, len(self._file.text))

    @cached_property
    def given(self) -> tuple[SourceValue, ...]:
        """The names with a value, in the text's order."""
        return tuple(self._given())

    def _given(self) -> Iterator[SourceValue]:
        for match in _GIVES.finditer(self._file.text):
            at = match.start()
            if self._file.in_comment(at) or not self._is_name(at, quoted=bool(match["quoted"])):
                continue
            name = match["quoted"] or match["plain"]
            yield self._value(name, match["sign"], match.end(), at)

    def inside(self, start: int, end: int) -> tuple[SourceValue, ...]:
        """Return the names with a value between two offsets, at any depth of brackets."""
        first = bisect_left(self.given, start, key=lambda source_value: source_value.name_start)
        return self.given[
            first : bisect_left(self.given, end, key=lambda source_value: source_value.name_start)
        ]

    def beside(self, offset: int) -> list[SourceValue]:
        """Return the names with a value in the same literal or call as the name at `offset`.

        The name itself is among them. The result is empty if there are more than a call would have,
        since that is a table.
        """
        start, end = self.around(offset)
        inside = self.inside(start + 1, end)
        if len(inside) > _MOST:
            return []
        return [
            source_value
            for source_value in inside
            if self.around(source_value.name_start) == (start, end)
        ]

    def chain(self, offset: int) -> list[SourceValue]:
        """Return the arguments of chained methods, such as `.chart("x").version("1")`.

        Args:
            offset: the offset of the dot before one of the methods.
        """
        text, found = self._file.text, list[SourceValue]()
        position = offset
        while (link := _LINK.match(text, position)) and len(found) < _MOST:
            found.append(self._argument(link["name"], link.start("name"), link.end() - 1))
            position = self._closes(link.end() - 1) + 1
        position = offset
        while (closing := _CLOSES_BACK.search(text, max(0, position - _LONGEST), position)) and (
            len(found) < _MOST
        ):
            opening = self._opens(closing.start())
            link_back = _LINK_BACK.search(text, max(0, opening - _LONGEST), opening)
            if link_back is None:
                break
            found.append(self._argument(link_back["name"], link_back.start("name"), opening))
            position = link_back.start()
        return found

    def items(self, start: int, end: int) -> Iterator[SourceValue]:
        """Yield the items of a list between two offsets, and of nested lists, without names."""
        text, position = self._file.text, start
        while (match := _ITEM.search(text, position, end)) and match.end() > position:
            position = match.end()
            if self._file.in_comment(match.start()):
                position = self.line_end(match.start())
                continue
            value = self._value("", "", match.start(), match.start())
            position = max(position, value.end + value.is_text)
            yield value

    def line_end(self, offset: int) -> int:
        """Return the offset of the end of the line around a character."""
        end = self._file.text.find("\n", offset)
        return len(self._file.text) if end < 0 else end

    def called(self, start: int, end: int) -> Iterator[SourceValue]:
        """Yield the arguments of methods between two offsets, at any depth of brackets."""
        for link in _LINK.finditer(self._file.text, start, end):
            if not self._text_at(link.start("name")) and not self._file.in_comment(link.start()):
                yield self._argument(link["name"], link.start("name"), link.end() - 1)

    def _argument(self, name: str, name_start: int, opening: int) -> SourceValue:
        """Return the text in a method's brackets as the value of the method's name."""
        value = self._value(name, "(", opening + 1, name_start)
        if value.is_text:
            return value
        end = self._closes(opening)
        return replace(value, end=end, text=self._file.text[value.start : end].strip())

    def _closes(self, opening: int) -> int:
        found = bisect_left(self._tokens[1], (opening, 0))
        there = found < len(self._tokens[1]) and self._tokens[1][found][0] == opening
        return self._tokens[1][found][1] if there else len(self._file.text)

    def _opens(self, closing: int) -> int:
        return self._openings.get(closing, -1)

    def _is_name(self, offset: int, *, quoted: bool) -> bool:
        """Whether a name begins at an offset.

        Inside of a string it does only if `quoted` is true and the string begins there.
        """
        around = self._text_at(offset)
        if around is not None:
            return quoted and around[0] == offset
        before = self._file.text[offset - 1 : offset]
        return not (before.isalnum() or (before and before in "_.$-@"))

    def _value(self, name: str, sign: str, start: int, name_start: int) -> SourceValue:
        text = self._file.text
        wrapped = _WRAPPED.match(text, start)
        begin = wrapped.end() if wrapped else start
        plain = _PLAIN.match(text, begin)
        if plain and self._ends(plain.end(), wrapped=bool(wrapped)):
            span = plain.span("value")
            return SourceValue(name, sign, *span, plain["value"], name_start, is_text=True)
        end = self._expression_end(start)
        return SourceValue(name, sign, start, end, text[start:end].rstrip(), name_start)

    def _ends(self, offset: int, *, wrapped: bool) -> bool:
        """Whether a value ends with the string that ends at an offset, without an operator behind.

        If `wrapped` is true, a closing bracket must be behind the string.
        """
        if wrapped:
            closing = re.compile(r"\s*,?\s*\)").match(self._file.text, offset)
            if closing is None:
                return False
            offset = closing.end()
        return _ENDS.match(self._file.text, offset) is not None

    def _expression_end(self, start: int) -> int:
        text, position = self._file.text, start
        while position < len(text) and text[position] not in ",;)]}\n":
            string = self._text_at(position)
            if string:
                position = string[1]
            else:
                position = self._closes(position) + 1 if text[position] in "([{" else position + 1
        return min(position, len(text))
