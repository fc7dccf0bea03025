"""Lays out the text of `--help` to the width of the terminal, without breaking an option."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from fluxbump.reports.terminal.fit import columns, fitted_line

_WIDEST = 80  # columns; longer lines are hard to read
_NARROW = 60  # columns; below it, there is no room for texts beside the options
_LONGEST = 30  # columns of an option, if its text is beside it
_COMMENT = "# "
_STEP = 2  # columns of one level of indentation


class HelpText:
    """Takes the parts of a help text, as typer writes them, and lays them out."""

    def __init__(self) -> None:
        """Begin with no text."""
        self.width = min(shutil.get_terminal_size().columns, _WIDEST)
        self.current_indent = 0
        self._written: list[str] = []

    def write(self, text: str) -> None:
        """Add text as it is."""
        self._written.append(text)

    def write_usage(self, program: str, arguments: str) -> None:
        """Add the line that shows how the command is called."""
        self._lines([f"Usage: {program} {arguments}".rstrip()])

    def write_heading(self, heading: str) -> None:
        """Add the heading of a section."""
        self._lines([f"{heading}:"])

    def write_paragraph(self) -> None:
        """Add a blank line, except at the beginning."""
        if self._written:
            self.write("\n")

    def write_text(self, text: str) -> None:
        """Add paragraphs, which are separated by blank lines."""
        paragraphs = (" ".join(part.split()) for part in text.split("\n\n"))
        for number, paragraph in enumerate(paragraphs):
            if number:
                self.write("\n")
            self._lines([paragraph], hanging=0)

    def write_dl(self, rows: Iterable[Sequence[str]]) -> None:
        """Add terms with their texts beside them, or below them on a narrow terminal."""
        pairs = [(term, " ".join(text.split())) for term, text in rows]
        longest = max((columns(term) for term, _ in pairs), default=0)
        beside = min(longest, _LONGEST) + _STEP
        if self.width < _NARROW and any(beside + columns(text) > self.width for _, text in pairs):
            beside = 2 * _STEP
        for term, text in pairs:
            is_beside = columns(term) + _STEP <= beside
            if not is_beside:
                self._lines([term])
            self._lines([f"{term if is_beside else '':{beside}}{text}"], hanging=beside)

    def write_examples(self, lines: Iterable[str]) -> None:
        """Add commands, which are not wrapped, and the comments above them."""
        for line in lines:
            mark = line[: len(_COMMENT)] if line.startswith(_COMMENT) else ""
            room = self.width - self.current_indent - len(mark)
            text = line.removeprefix(mark)
            parts = fitted_line(text, room, 0) if mark else [text]
            self.write("".join(f"{' ' * self.current_indent}{mark}{part}\n" for part in parts))

    @contextmanager
    def section(self, name: str) -> Iterator[None]:
        """Add a heading, and indent the text that the block writes below it."""
        self.write_paragraph()
        self.write_heading(name)
        with self.indentation():
            yield

    @contextmanager
    def indentation(self) -> Iterator[None]:
        """Indent the text that the block writes."""
        self.current_indent += _STEP
        try:
            yield
        finally:
            self.current_indent -= _STEP

    def getvalue(self) -> str:
        """Return all that was written."""
        return "".join(self._written)

    def _lines(self, lines: Iterable[str], hanging: int = 2 * _STEP) -> None:
        room = self.width - self.current_indent
        for line in lines:
            for part in _hung(line, room, hanging):
                self.write(f"{' ' * self.current_indent}{part}".rstrip() + "\n")


def _hung(line: str, width: int, hanging: int) -> list[str]:
    """Break a line. If it begins with spaces, it continues below its first word."""
    indent = len(line) - len(line.lstrip())
    return fitted_line(line, width, max(0, hanging - indent))
