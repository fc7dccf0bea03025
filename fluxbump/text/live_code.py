"""A file as text, and which parts of it are live code. Pure.

A version counts as a pin only where something acts on it. Comments never do, nor do documents
(Markdown and its like), nor do strings in application code, which say something about Flux but
install nothing. What a file is says `languages`; the marks of its comments say `syntax.marks`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Hashable, Iterator
from functools import cached_property
from itertools import accumulate
from typing import Any, TypeVar

from msgspec import Struct

from fluxbump.model import Location
from fluxbump.text import budget, languages, yaml
from fluxbump.text.budget import ExceededError
from fluxbump.text.languages import Language, language_of, suffix_of
from fluxbump.text.patterns import lazy_pattern
from fluxbump.text.syntax import comments, hcl
from fluxbump.text.syntax.comments import hash_comment
from fluxbump.text.yaml import Document, Node
from fluxbump.text.yaml_escapes import unescaped

YAML = frozenset({".yaml", ".yml", ".json"})  # JSON is YAML, and manifests may be JSON
"""Suffixes of files that are YAML."""
_WORD = lazy_pattern(r"(?<![\w.-])(?:[\w-]|\.(?=\w))+")
_LINE_KEY = lazy_pattern(r"[ \t]*(?:- +)?[\"']?(?P<key>[\w-]+)[\"']?[ \t]*:[ \t]")
A = TypeVar("A")
_LIVE = frozenset({Language.SCRIPT, Language.HCL, Language.JSON})


def decode(data: bytes) -> str:
    """Decode a file so that `encode` gives back the same bytes, whatever they are."""
    return data.decode("utf-8", "surrogateescape")


def encode(text: str) -> bytes:
    """Undo `decode`."""
    return text.encode("utf-8", "surrogateescape")


def key_around(document: Document, offset: int) -> str | None:
    """Return the key whose value holds the character at `offset` of the file, innermost first.

    None outside of every value, in a comment, and in a document that cannot be parsed.
    """
    return document.keys.around(offset - document.start)


class TextFile(Struct, dict=True):
    """One candidate file.

    Attributes:
        path: relative to the repository's root.
        text: decoded; bytes that are not UTF-8 are kept as surrogates.
    """

    path: str
    text: str

    def spend(self, steps: int) -> None:
        """Count steps of a search in this file.

        Raises:
            ExceededError: there are more than its budget has, here or in a search before.
        """
        spent = self.__dict__["spent"] = self.__dict__.get("spent", 0) + steps
        most = budget.REPOSITORY_FILE.steps
        if spent > most:
            raise ExceededError(f"takes more than {most:,} steps to search")

    def begin_search(self) -> None:
        """Let a search of the whole file have all its steps, unless one was given up before."""
        if self.__dict__.get("spent", 0) <= budget.REPOSITORY_FILE.steps:
            self.__dict__["spent"] = 0

    @cached_property
    def language(self) -> Language:
        """What the file is there for."""
        return language_of(self.path, self.text)

    @property
    def is_program(self) -> bool:
        """Whether the file is source code of a program, tests included.

        What such a file says of Flux is not live (see `is_live`): a string installs nothing until
        the program does. Whoever knows by itself that a string in a program is acted on, as an
        exact install URL is, asks `is_code`.
        """
        return self.language is Language.APPLICATION

    def is_code(self, offset: int) -> bool:
        """Whether the character stands in source code that is shipped.

        That is program source, outside of its comments and docstrings, and no test, nor what tests
        use: those hold versions as samples.
        """
        return self.is_program and not languages.is_test(self.path) and not self.in_comment(offset)

    def forget(self) -> None:
        """Drop what was parsed; a thousand clusters' manifests need not be held at once."""
        self.__dict__.pop("documents", None)
        self.__dict__.pop("tokens", None)
        self.__dict__.pop("words", None)
        self.__dict__.pop("_answers", None)

    @cached_property
    def is_yaml(self) -> bool:
        """Whether the whole file is meant to be YAML; a Helm template is not."""
        if "/templates/" in f"/{self.path}" and "{{" in self.text:
            return False
        return suffix_of(self.path) in YAML

    @cached_property
    def documents(self) -> tuple[Document, ...]:
        """The file's YAML documents; none for a file that is not YAML by its name."""
        return yaml.documents(self.text, self.path) if self.is_yaml else ()

    @cached_property
    def _line_starts(self) -> list[int]:
        return [*accumulate((len(line) + 1 for line in self.text.split("\n")), initial=0)]

    @cached_property
    def _syntax(self) -> comments.Syntax:
        return languages.syntax_of(self.path, self.text)

    @cached_property
    def _comments(self) -> list[tuple[int, int]]:
        """Every comment of a text that has to be read from its beginning."""
        if self.language is Language.HCL:
            return list(hcl.comments(self.text))
        return comments.spans(self.text, self._syntax)

    @cached_property
    def _line_comments(self) -> dict[int, int | None]:
        """Where the comment of a line starts, for the lines that were asked for."""
        return {}

    def location(self, offset: int) -> Location:
        """Return the place of a character."""
        line = bisect_right(self._line_starts, offset) - 1
        return Location(self.path, line + 1, offset - self._line_starts[line] + 1)

    def line_span(self, offset: int) -> tuple[int, int]:
        """Return the offsets of the line around `offset`, without its line break."""
        first, last, span = self._last_line
        if first <= offset <= last:
            return span
        start = self.text.rfind("\n", 0, offset) + 1
        end = self.text.find("\n", offset)
        end = len(self.text) if end < 0 else end
        span = (start, end - self.text.endswith("\r", start, end))
        self.__dict__["_last_line"] = (start, end, span)
        return span

    @cached_property
    def _last_line(self) -> tuple[int, int, tuple[int, int]]:
        """The line that was asked for last; one may be as long as the text."""
        return 0, -1, (0, 0)

    @cached_property
    def tokens(self) -> dict[int, object]:
        """What `command_line` has read, by where it starts; a line may hold many commands."""
        return {}

    @cached_property
    def words(self) -> dict[str, list[int]]:
        """Where each word stands: letters, digits, and dashes, with dots inside.

        A text may use thousands of variables, and is not searched for each of them.
        """
        found: dict[str, list[int]] = {}
        for match in _WORD.finditer(self.text):
            found.setdefault(match.group(), []).append(match.start())
        return found

    @cached_property
    def _answers(self) -> dict[Hashable, Any]:
        """What `once` has found, by what was asked."""
        return {}

    def once(self, question: Hashable, answer: Callable[[], A]) -> A:
        """Return what a search of the text finds, and search no second time for it.

        Thousands of pins of a text may ask the same.

        Args:
            question: what is asked, unlike all others that are asked of a text.
            answer: the search.
        """
        if question not in self._answers:
            self._answers[question] = answer()
        found: A = self._answers[question]
        return found

    def in_comment(self, offset: int) -> bool:
        """Whether the character stands in a comment."""
        if self.language is not Language.HCL and self._syntax.by_line:
            return self._in_line_comment(offset)
        found = bisect_right(self._comments, offset, key=lambda span: span[0]) - 1
        return found >= 0 and offset < self._comments[found][1]

    def _in_line_comment(self, offset: int) -> bool:
        start, end = self.line_span(offset)
        if start not in self._line_comments:
            line = self.text[start:end]
            self._line_comments[start] = comments.line_comment(line, self._syntax)
        comment = self._line_comments[start]
        return comment is not None and offset >= start + comment

    def is_live(self, offset: int) -> bool:
        """Whether the character stands in live code: configuration, scripts, templates of them."""
        if self.language not in _LIVE:
            return False
        told = self.in_comment(offset) or self._in_prose(offset)
        return not told and not self._is_mocked(offset)

    def _is_mocked(self, offset: int) -> bool:
        """Whether the character is of a value that stands in for one that is not there yet."""
        if self.language is not Language.HCL:
            return False
        spans = self.once(hcl.mocks, lambda: hcl.mocks(self.text))
        found = bisect_right(spans, offset, key=lambda span: span[0]) - 1
        return found >= 0 and offset < spans[found][1]

    def _in_prose(self, offset: int) -> bool:
        """A `description:` in YAML tells a story; nothing installs from it."""
        before = bisect_right(self.documents, offset, key=lambda document: document.start)
        if not before or offset >= self.documents[before - 1].end:
            return False
        document = self.documents[before - 1]
        if document.root is None and document.problem is not None:
            return self._is_told_in_line(offset)
        return key_around(document, offset) in _PROSE_KEYS

    def _is_told_in_line(self, offset: int) -> bool:
        """The same in a document that no parser takes, such as JSON objects one after the other."""
        start, _ = self.line_span(offset)
        key = _LINE_KEY.match(self.text, start, offset)
        return key is not None and key["key"] in _PROSE_KEYS

    def objects(
        self, kinds: Collection[str], relevant: Callable[[str], object]
    ) -> Iterator[tuple[Document, Node]]:
        """Yield the Kubernetes objects of `kinds` in documents whose text is `relevant`.

        Documents that cannot matter are not parsed; their text is judged with its escapes written
        out. The items of a `List` count as objects.
        """
        for document in self.documents:
            source = unescaped(document.source)
            if not any(kind in source for kind in kinds) or not relevant(source):
                continue
            for node in document.objects():
                if yaml.text_of(node, "kind") in kinds:
                    yield document, node


_PROSE_KEYS = frozenset({"description", "summary", "message", "notes", "title", "changelog"})

__all__ = [
    "Language",
    "TextFile",
    "decode",
    "encode",
    "hash_comment",
    "language_of",
    "suffix_of",
]
