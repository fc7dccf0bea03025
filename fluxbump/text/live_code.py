"""Represents a file as text, and tells which parts of it are live code. Pure.

A version counts as a pin only in live code. Comments are not live, documents such as Markdown are
not, and neither are strings in application code, which install nothing by themselves. The module
`languages` tells the purpose of a file, `syntax.comment_marks` has the marks of its comments.
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
    """Return the bytes from which `decode` made a text."""
    return text.encode("utf-8", "surrogateescape")


def key_around(document: Document, offset: int) -> str | None:
    """Return the key of the innermost YAML value around the character at `offset` of the file.

    None outside of all values, in a comment, and in a document that cannot be parsed.
    """
    return document.keys.around(offset - document.start)


class TextFile(Struct, dict=True):
    """One file with its text, and everything that is read from the text once and kept.

    Attributes:
        path: the path relative to the repository's root.
        text: the decoded text. Bytes that are not UTF-8 are kept as surrogates.
    """

    path: str
    text: str

    def spend(self, steps: int) -> None:
        """Count steps of a search against the file's budget.

        Raises:
            ExceededError: this search, or an earlier one, takes more steps than the budget allows.
        """
        spent = self.__dict__["spent"] = self.__dict__.get("spent", 0) + steps
        most = budget.REPOSITORY_FILE.steps
        if spent > most:
            raise ExceededError(f"takes more than {most:,} steps to search")

    def begin_search(self) -> None:
        """Reset the counted steps for a new search, unless an earlier one exceeded the budget."""
        if self.__dict__.get("spent", 0) <= budget.REPOSITORY_FILE.steps:
            self.__dict__["spent"] = 0

    @cached_property
    def language(self) -> Language:
        """The purpose of the file, which decides whether its text is live code."""
        return language_of(self.path, self.text)

    @property
    def is_program(self) -> bool:
        """Whether the file is source code of a program, tests included.

        Nothing in such a file is live (see `is_live`), because a string installs nothing until the
        program uses it. For a string that is certainly used, such as an exact install URL, callers
        ask `is_code`.
        """
        return self.language is Language.APPLICATION

    def is_code(self, offset: int) -> bool:
        """Whether the character at an offset is in source code that is shipped.

        That is the source code of a program outside of comments and docstrings. Tests and their
        data do not count, because their versions are samples.
        """
        return self.is_program and not languages.is_test(self.path) and not self.in_comment(offset)

    def forget(self) -> None:
        """Free what was parsed, so that a thousand clusters' manifests are not held at once."""
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
        """The spans of all comments, for a language that must be read from the text's beginning."""
        if self.language is Language.HCL:
            return list(hcl.comments(self.text))
        return comments.spans(self.text, self._syntax)

    @cached_property
    def _line_comments(self) -> dict[int, int | None]:
        """A cache of the offset in a line at which its comment starts, by the line's offset."""
        return {}

    def location(self, offset: int) -> Location:
        """Return the path, line and column of the character at an offset."""
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
        """A cache of the last line from `line_span`, since one line may be as long as the text."""
        return 0, -1, (0, 0)

    @cached_property
    def tokens(self) -> dict[int, object]:
        """A cache of the tokens of `command_line`, by offset, as a line may hold many commands."""
        return {}

    @cached_property
    def words(self) -> dict[str, list[int]]:
        """The offsets of each word; a word has letters, digits, dashes, and dots inside.

        A text may use thousands of variables. With this index it is not searched for each of them.
        """
        found: dict[str, list[int]] = {}
        for match in _WORD.finditer(self.text):
            found.setdefault(match.group(), []).append(match.start())
        return found

    @cached_property
    def _answers(self) -> dict[Hashable, Any]:
        """A cache of the results of `once`, by question."""
        return {}

    def once(self, question: Hashable, answer: Callable[[], A]) -> A:
        """Return the result of a search of the text, which is done the first time and then kept.

        Thousands of pins of a text may need the same result.

        Args:
            question: a key for the search that no other search of the text has.
            answer: does the search.
        """
        if question not in self._answers:
            self._answers[question] = answer()
        found: A = self._answers[question]
        return found

    def in_comment(self, offset: int) -> bool:
        """Whether the character at an offset is in a comment."""
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
        """Whether the character at an offset is in live code.

        Live code is configuration, scripts and templates of them, without comments, descriptions
        and mock values.
        """
        if self.language not in _LIVE:
            return False
        told = self.in_comment(offset) or self._in_prose(offset)
        return not told and not self._is_mocked(offset)

    def _is_mocked(self, offset: int) -> bool:
        """Whether the character is in Terragrunt's `mock_outputs`, which replace missing values."""
        if self.language is not Language.HCL:
            return False
        spans = self.once(hcl.mocks, lambda: hcl.mocks(self.text))
        found = bisect_right(spans, offset, key=lambda span: span[0]) - 1
        return found >= 0 and offset < spans[found][1]

    def _in_prose(self, offset: int) -> bool:
        """Whether the character is in a YAML value for people only, such as `description:`."""
        before = bisect_right(self.documents, offset, key=lambda document: document.start)
        if not before or offset >= self.documents[before - 1].end:
            return False
        document = self.documents[before - 1]
        if document.root is None and document.problem is not None:
            return self._is_told_in_line(offset)
        return key_around(document, offset) in _PROSE_KEYS

    def _is_told_in_line(self, offset: int) -> bool:
        """Whether the character is behind such a key on its line, for a document without a parse.

        A text of several JSON objects, one after the other, is such a document.
        """
        start, _ = self.line_span(offset)
        key = _LINE_KEY.match(self.text, start, offset)
        return key is not None and key["key"] in _PROSE_KEYS

    def objects(
        self, kinds: Collection[str], relevant: Callable[[str], object]
    ) -> Iterator[tuple[Document, Node]]:
        """Yield the Kubernetes objects of some kinds, each with its document.

        Items of a `List` count as objects.

        Args:
            kinds: the values of `kind` to find.
            relevant: returns whether a document can matter by its text, in which escapes are
                resolved. Other documents are not parsed.
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
