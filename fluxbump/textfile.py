"""A file as text, and which parts of it are live code. Pure.

A version counts as a pin only where something acts on it. Comments never do, nor do documents
(Markdown and its like), nor do strings in application code, which say something about Flux but
install nothing. The rest, known or unknown, is live: better one place too many in the preview
than one too few in the cluster.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterator
from enum import Enum, auto
from functools import cached_property
from itertools import accumulate

from msgspec import Struct

from fluxbump import hcl, yamltext
from fluxbump.escapes import unescaped
from fluxbump.model import Location
from fluxbump.yamltext import Document, Node


class Language(Enum):
    """How a file tells comments from live code."""

    HASH = auto()
    """`#` starts a comment: YAML, shell, cloud-init, Dockerfile, and whatever is not known."""
    HCL = auto()
    """Terraform: `#`, `//` and `/* */`; a heredoc's body is a HASH text."""
    JSON = auto()
    """No comments."""
    DOCUMENT = auto()
    """Prose for people; nothing in it is live."""
    APPLICATION = auto()
    """Source code of programs; what it says of Flux are strings, not installs."""


_DOCUMENTS = frozenset({".md", ".markdown", ".mdx", ".rst", ".adoc", ".asciidoc", ".txt", ".html"})
_APPLICATIONS = frozenset(
    (
        *(".c", ".cc", ".cpp", ".cs", ".dart", ".ex", ".exs", ".go", ".groovy", ".h", ".hpp"),
        *(".java", ".js", ".jsx", ".kt", ".kts", ".lua", ".mjs", ".php", ".pl", ".py", ".rb"),
        *(".rs", ".scala", ".swift", ".ts", ".tsx", ".vue"),
    )
)
_HCL = frozenset({".tf", ".tfvars", ".hcl"})
YAML = frozenset({".yaml", ".yml", ".json"})  # JSON is YAML, and manifests may be JSON
"""Suffixes of files that are YAML."""
_DOCUMENT_NAMES = frozenset({"CHANGELOG", "LICENSE", "NOTICE", "README"})


def decode(data: bytes) -> str:
    """Decode a file so that `encode` gives back the same bytes, whatever they are."""
    return data.decode("utf-8", "surrogateescape")


def encode(text: str) -> bytes:
    """Undo `decode`."""
    return text.encode("utf-8", "surrogateescape")


def suffix_of(path: str) -> str:
    """Return a file's suffix in lower case, with its dot; empty for `.bashrc` and the like."""
    # Asked for every file of a large tree, where pathlib takes longer than reading the file.
    stem, dot, suffix = path.rpartition("/")[2].rpartition(".")
    return f".{suffix.lower()}" if dot and stem and suffix else ""


def language_of(path: str) -> Language:
    """Tell a file's language by its name."""
    name = path.rpartition("/")[2]
    suffix = suffix_of(name)
    if suffix in _DOCUMENTS or name in _DOCUMENT_NAMES:
        return Language.DOCUMENT
    if suffix in _APPLICATIONS:
        return Language.APPLICATION
    if suffix == ".json":
        return Language.JSON
    return Language.HCL if suffix in _HCL else Language.HASH


_QUOTE_MAY_OPEN_AFTER = frozenset(" \t=([{,:;|&!$-")


def hash_comment(line: str) -> int | None:
    """Return where a `#` comment starts in `line`, or None.

    A `#` starts a comment at the line's beginning or behind white space, outside of quotes; the
    rule is the same in YAML and in shells. A quote counts only where it may open a string and is
    closed on the same line, so that an apostrophe in prose hides nothing.
    """
    position = 0
    while position < len(line):
        character = line[position]
        before = line[position - 1] if position else " "
        if character == "#" and before in " \t\ufeff":
            return position
        if character in "'\"" and before in _QUOTE_MAY_OPEN_AFTER:
            closing = _closing_quote(line, position)
            position = closing if closing > 0 else position
        position += 1
    return None


def _closing_quote(line: str, opening: int) -> int:
    """Return where the quote closes; -1 when it does not. An escaped quote does not close."""
    quote, position = line[opening], opening + 1
    while position < len(line):
        if line[position] == "\\" and quote == '"':
            position += 1
        elif line[position] == quote:
            if quote == '"' or line[position + 1 : position + 2] != quote:
                return position
            position += 1
        position += 1
    return -1


def key_around(document: Document, offset: int) -> str | None:
    """Return the key whose value holds the character at `offset` of the file, innermost first.

    None outside of every value, in a comment, and in a document that cannot be parsed.
    """
    position, found = offset - document.start, None
    for mapping in yamltext.mappings(document.root):
        for key, value in yamltext.entries(mapping):
            if value.start_mark.index <= position < value.end_mark.index:
                found = key
    return found


class TextFile(Struct, dict=True):
    """One candidate file.

    Attributes:
        path: relative to the repository's root.
        text: decoded; bytes that are not UTF-8 are kept as surrogates.
    """

    path: str
    text: str

    @cached_property
    def language(self) -> Language:
        """How the file tells comments from live code."""
        return language_of(self.path)

    def forget(self) -> None:
        """Drop what was parsed; a thousand clusters' manifests need not be held at once."""
        self.__dict__.pop("documents", None)

    @property
    def is_yaml(self) -> bool:
        """Whether the whole file is meant to be YAML; a Helm template is not."""
        if "/templates/" in f"/{self.path}" and "{{" in self.text:
            return False
        return suffix_of(self.path) in YAML

    @cached_property
    def documents(self) -> tuple[Document, ...]:
        """The file's YAML documents; none for a file that is not YAML by its name."""
        return yamltext.documents(self.text, self.path) if self.is_yaml else ()

    @cached_property
    def _line_starts(self) -> list[int]:
        return [*accumulate((len(line) + 1 for line in self.text.split("\n")), initial=0)]

    @cached_property
    def _hcl_comments(self) -> tuple[tuple[int, int], ...]:
        return tuple(hcl.comments(self.text))

    def location(self, offset: int) -> Location:
        """Return the place of a character."""
        line = bisect_right(self._line_starts, offset) - 1
        return Location(self.path, line + 1, offset - self._line_starts[line] + 1)

    def line_span(self, offset: int) -> tuple[int, int]:
        """Return the offsets of the line around `offset`, without its line break."""
        start = self.text.rfind("\n", 0, offset) + 1
        end = self.text.find("\n", offset)
        end = len(self.text) if end < 0 else end
        return start, end - (self.text[start:end].endswith("\r"))

    def in_comment(self, offset: int) -> bool:
        """Whether the character stands in a comment."""
        if self.language is Language.JSON:
            return False
        if self.language is Language.HCL and any(a <= offset < b for a, b in self._hcl_comments):
            return True
        if self.language is Language.HCL and not hcl.in_heredoc(self.text, offset):
            return False
        start, end = self.line_span(offset)
        comment = hash_comment(self.text[start:end])
        return comment is not None and offset >= start + comment

    def is_live(self, offset: int) -> bool:
        """Whether the character stands in live code."""
        if self.language in (Language.DOCUMENT, Language.APPLICATION):
            return False
        return not self.in_comment(offset) and not self._in_prose(offset)

    def _in_prose(self, offset: int) -> bool:
        """A `description:` in YAML tells a story; nothing installs from it."""
        for document in self.documents:
            if document.start <= offset < document.end:
                return key_around(document, offset) in _PROSE_KEYS
        return False

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
                if yamltext.text_of(node, "kind") in kinds:
                    yield document, node


_PROSE_KEYS = frozenset({"description", "summary", "message", "notes", "title", "changelog"})
