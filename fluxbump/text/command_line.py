"""Splits a shell command in a text into its words, up to the end of the command. Pure.

A script, a Makefile, a Dockerfile and a YAML value hold commands in the same form. They differ in
how a line is continued, and in what ends the command.
"""

from __future__ import annotations

import re

from msgspec import Struct

from fluxbump.text.live_code import TextFile
from fluxbump.text.patterns import lazy_pattern

# One word of a command line. Quotes join what stands in them; a substitution is one piece, so that
# its blanks and bars end nothing.
_PIECE = (
    r'"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'"
    r"|\$?\{\{[^\n}]*\}\}"
    r"|\$\{[^}\n]*\}"
    r"|\$\([^)\n]*\)"
    r"|[<>]\([^)\n]*\)"
    r"|\\[^\r\n]"
    r"|[^\s\\'\"`;&|()<>,\]]"
    r"|\](?=[\w.=])"
    r"|,(?=[^\s'\"\[\]])"
)
_TOKEN = lazy_pattern(
    rf"""(?P<blank>[ \t,]+|[\\`^][ \t]*\r?\n|<(?=<)|[\[\]](?=[\s,\[\]"']))"""
    rf"|(?P<fold>\r?\n)|(?P<comment>(?<=[ \t])\#)|(?P<word>(?:{_PIECE})+)"
)

_LONGEST = 4096
"""The maximum length of a command, in characters; a line of a million is no command line."""
_MOST_WORDS = 256
"""How many words of a command are read at most."""


class Word(Struct, frozen=True):
    """A word of a command, without the quotes around it, and the offset at which it starts."""

    text: str
    start: int


def words_of(file: TextFile, match: re.Match[str]) -> list[Word]:
    """Return the words of a command behind its name.

    Args:
        file: the file with the command.
        match: the match of the command's name.

    Raises:
        ExceededError: the file's commands have too many words.
    """
    text, start = file.text, match.end()
    quote = text[match.start() - 1 : match.start()]
    if quote in ('"', "'") and text[start : start + 1] == quote:
        start, quote = start + 1, ""  # `["helm", "upgrade", …]`
    last, end = min(len(text), start + _LONGEST), -1
    words: list[Word] = []
    while start < last and len(words) < _MOST_WORDS:
        if quote and quote in "\"'" and text[start] == quote:
            break
        token = _token(file, start)
        if token.kind in ("", "comment"):
            break
        if token.kind == "fold":
            end = _folded_end(file, match.start()) if end < 0 else end
            if token.end > end:
                break
        if token.word is not None:
            whole = text[start : token.end]
            word = _until(whole, quote) if quote else whole
            words.append(token.word if word == whole else _plain(word, start))
            if word != whole:
                break
        start = token.end
    file.spend(len(words))
    return words


class _CommandToken(Struct, frozen=True):
    """A token of a command line; its kind is empty if no token is at the offset."""

    kind: str
    end: int
    word: Word | None


def _token(file: TextFile, start: int) -> _CommandToken:
    """Return the token at an offset, which is read once for all commands of a line."""
    known = file.tokens.get(start)
    if isinstance(known, _CommandToken):
        return known
    match = _TOKEN.match(file.text, start, start + _LONGEST)
    if match and match.end() == start + _LONGEST < len(file.text):
        match = None  # it goes on, and is no word of a command
    word = _plain(match.group(), start) if match and match.lastgroup == "word" else None
    found = _CommandToken((match and match.lastgroup) or "", match.end() if match else start, word)
    file.tokens[start] = found
    return found


def _until(word: str, quote: str) -> str:
    """Return a word up to the quote that closes the quote before the whole command."""
    if not quote or quote not in "\"'":
        return word
    position = 0
    while position < len(word):
        if word[position] == "\\":
            position += 1
        elif word[position] == quote:
            return word[:position]
        position += 1
    return word


_FOLDS = lazy_pattern(r"[:-][ \t]+>[+-]?\d?[+-]?[ \t]*(?:#.*)?\r?\Z")
_KEY = lazy_pattern(r"(?:- +)*(?:[\w.-]+:[ \t]+)?")


def _folded_end(file: TextFile, offset: int) -> int:
    """Return the end of the lines that YAML folds into one with a command; 0 if it folds none.

    In a `>` block these are the lines with the same indentation or more. A plain scalar continues
    on lines that are indented deeper than its key.
    """
    if not file.is_yaml:
        return 0
    start, end = file.line_span(offset)
    line = file.text[start:end]
    indent = len(line) - len(line.lstrip(" "))
    above = _line_above(file.text, start, indent)
    if _FOLDS.search(above):
        return _deeper(file.text, end, indent)
    if above.rstrip().endswith(("|", "|-", "|+")):
        return 0
    key = _KEY.match(line, indent)
    dash = re.match(r"(?:- +)*", line[indent:])
    if key is None or dash is None or key.end() == indent:
        return 0
    opens = indent + dash.end() if line[indent + dash.end() : key.end()] else indent
    return _deeper(file.text, end, opens + 1)


def _line_above(text: str, start: int, indent: int) -> str:
    """Return the nearest line above that is indented less than `indent`; empty if there is none."""
    while indent and start > 0:
        end = start - 1
        start = text.rfind("\n", 0, end) + 1
        line = text[start:end]
        if line.strip() and len(line) - len(line.lstrip(" ")) < indent:
            return line
    return ""


def _deeper(text: str, end: int, indent: int) -> int:
    """Return the end of the lines behind `end` that are indented by `indent` or more."""
    while end < len(text):
        begin = text.find("\n", end) + 1
        if begin == 0:
            return len(text)
        stop = text.find("\n", begin)
        stop = len(text) if stop < 0 else stop
        line = text[begin:stop]
        if not line.strip() or len(line) - len(line.lstrip(" ")) < indent:
            return end
        end = stop
    return end


def rest_of(word: Word, skip: int) -> Word:
    """Return the word behind the first `skip` characters, such as the value of `--flag=value`."""
    return _plain(word.text[skip:], word.start + skip)


def _plain(text: str, start: int) -> Word:
    """Return a word without the quotes around it, escaped ones included."""
    bare = text.lstrip("\\\"'")
    start += len(text) - len(bare)
    return Word(bare.rstrip("\\\"'"), start)
