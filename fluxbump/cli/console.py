"""Prints results to standard output, and all else to standard error or a CI's summary page."""

from __future__ import annotations

import os
import shutil
import sys
import traceback
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from io import TextIOWrapper
from pathlib import Path
from typing import IO, TYPE_CHECKING, TextIO, TypeVar

from msgspec import Struct

from fluxbump.errors import FluxbumpError, OutputError
from fluxbump.text import printable

if TYPE_CHECKING:
    from fluxbump.helm.chart_releases import ChartIndex
    from fluxbump.model import Step
    from fluxbump.reports.table import Paint

T = TypeVar("T", str, bytes)
_COLUMNS = 80  # of a terminal that does not say how many it has
_SUMMARY_PAGE = "GITHUB_STEP_SUMMARY"  # docs.github.com/actions, "Job summaries"


def prepare_streams() -> None:
    """Prepare the standard streams: characters that the encoding lacks become `?`.

    A closed stream takes all text and prints nothing. On Windows, output to a file or a program is
    set to UTF-8, because it would be in a code page and JSON is UTF-8.
    """
    # A stream is None if the shell has closed it (`>&-`), which the types do not say.
    sys.stdout = sys.stdout or _nowhere()
    sys.stderr = sys.stderr or _nowhere()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            told = None if os.name != "nt" or stream.isatty() else "utf-8"
            stream.reconfigure(encoding=told, errors="replace")


def beside_result(text: str) -> None:
    """Write text that is not part of the result to standard error, and ignore a failure.

    A reader that has gone (`fluxbump … 2>&1 | head`) or a full disk must not end a run.
    """
    with suppress(OSError):
        sys.stderr.write(text)
        sys.stderr.flush()


def _plain() -> bool:
    """Whether the terminal has no control codes. As in git, one without a name counts as such."""
    return os.environ.get("TERM", "") in ("", "dumb")


def _nowhere() -> TextIO:
    return Path(os.devnull).open("w", encoding="utf-8")  # it is for the whole run


def _width(stream: TextIO) -> int | None:
    """Return the columns of the terminal behind a stream. None if it is no terminal."""
    if not stream.isatty():
        return None
    said = os.environ.get("COLUMNS", "")
    if said.isascii() and said.isdigit() and int(said):
        return int(said)
    try:
        return os.get_terminal_size(stream.fileno()).columns or _COLUMNS
    except OSError:
        return _COLUMNS


class Console(Struct, frozen=True):
    """The output of this run: its streams, and the user's choices about them.

    Attributes:
        quiet: whether only the result is printed.
        verbose: whether tracebacks are printed too.
        color: `auto`, `always` or `never`; `auto` follows NO_COLOR, FORCE_COLOR,
            CLICOLOR_FORCE, and the terminal.
        no_pager: whether long results go to the terminal without a pager.
    """

    quiet: bool = False
    verbose: bool = False
    color: str = "auto"
    no_pager: bool = False

    def colored(self) -> bool:
        """Whether standard output takes colors (no-color.org, force-color.org, clicolors)."""
        if self.color != "auto":
            return self.color == "always"
        if os.environ.get("NO_COLOR"):
            return False
        if os.environ.get("FORCE_COLOR") or os.environ.get("CLICOLOR_FORCE", "0") not in ("", "0"):
            return True
        return sys.stdout.isatty() and not _plain()

    def paint(self) -> Paint:
        """Return the colors and the width of standard output, for reports."""
        from fluxbump.reports.table import Paint

        return Paint(enabled=self.colored(), width=_width(sys.stdout))

    def error_width(self) -> int | None:
        """Return the columns of the terminal that shows errors. None if there is none."""
        return _width(sys.stderr)

    def report(self, text: str, steps: Sequence[Step] = ()) -> None:
        """Print a report for people with the next commands, its lines wrapped to the terminal."""
        from fluxbump.reports import next_steps
        from fluxbump.reports.terminal.fit import fitted

        width = _width(sys.stdout)
        parts = [fitted(text, width)] if text else []
        self.result("\n".join([*parts, *next_steps.lines(steps, width)]))

    def page(self, text: str) -> None:
        """Print a page in Markdown, filled to the width of the terminal, or unchanged in a pipe."""
        from fluxbump.reports.terminal.page import page

        self.result(page(text, _width(sys.stdout)))

    def result(self, text: str) -> None:
        """Print a result. Foreign text in it cannot command a terminal or a CI."""
        self.commands(printable.lines(text, colored=self.colored()))

    def paged(self, text: str) -> None:
        """Print a result that can be long, on a terminal through the user's pager."""
        said = printable.lines(text, colored=self.colored())
        if self._wants_pager(said):
            from fluxbump.system import pager

            sys.stdout.flush()
            if pager.show(said):
                return
        self.commands(said)

    def _wants_pager(self, text: str) -> bool:
        if self.no_pager or not sys.stdout.isatty() or _plain() or os.environ.get("CI"):
            return False
        return text.count("\n") >= shutil.get_terminal_size().lines

    def commands(self, text: str) -> None:
        """Print a result that is meant as commands for a CI, and whose text is escaped for it."""
        if text:
            self._write(sys.stdout, text if text.endswith("\n") else f"{text}\n")

    def raw(self, data: bytes) -> None:
        """Print a patch byte for byte for `git apply`, or as visible text on a terminal."""
        if sys.stdout.isatty():
            self.paged(data.decode("utf-8", "replace"))
            return
        self._write(sys.stdout, "")
        self._write(sys.stdout.buffer, data)

    def line(self, text: str) -> None:
        """Print one line to standard error, wrapped on a narrow terminal. A failure is ignored."""
        from fluxbump.reports.terminal.fit import fitted

        self.lines(fitted(printable.printable(text), _width(sys.stderr)).split("\n"))

    def lines(self, lines: Iterable[str]) -> None:
        """Print lines to standard error without wrapping. A failure is ignored."""
        for text in lines:
            beside_result(f"{printable.lines(printable.printable(text))}\n")

    def traceback(self, error: BaseException) -> None:
        """Print the traceback of an error."""
        beside_result(printable.lines("".join(traceback.format_exception(error))))

    def _write(self, stream: IO[T], text: T) -> None:
        try:
            stream.write(text)
            stream.flush()
        except BrokenPipeError:  # `fluxbump … | head`: the rest goes nowhere, the run goes on
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        except OSError as error:
            why = f"cannot write the output: {error.strerror or error}"
            raise OutputError(why, hint="what was done stays done") from None

    def note(self, text: str) -> None:
        """Print a remark to standard error, except with `--quiet`."""
        if not self.quiet:
            self.line(f"fluxbump: {text}")

    def say_index(self, index: ChartIndex) -> None:
        """Note the source and age of the facts if the chart index has not answered."""
        if index.answered != "index":
            from fluxbump.reports.index_source import index_line

            first, *why = index_line(index, datetime.now(UTC)).split("\n  ")
            self.note(first[0].lower() + first[1:])
            for line in why:
                self.note(line)

    def progress(self, text: str) -> None:
        """Show the current work on a terminal. An empty text removes the line."""
        if sys.stderr.isatty() and not self.quiet and not _plain():
            from fluxbump.reports.terminal.fit import beginning

            room = (_width(sys.stderr) or _COLUMNS) - 1  # a full line would begin a new one
            # Spaces erase the line without colors: a log may show codes as text.
            erase = " " * room + "\r" if os.environ.get("NO_COLOR") else "\x1b[K"
            beside_result(f"\r{erase}{beginning(printable.printable(text), room)}")

    def summary_page(self, text: str) -> None:
        """Add Markdown to the summary page of a GitHub workflow, if there is one.

        A failure is noted and is no error, because the work that the page reports is done.
        """
        page = os.environ.get(_SUMMARY_PAGE)
        if not page:
            return
        try:
            with Path(page).open("a", encoding="utf-8") as file:
                file.write(text)
        except (OSError, ValueError) as error:  # a name may hold what no path can
            reason = error.strerror if isinstance(error, OSError) else error
            self.note(f"the summary page cannot be written: {reason}")

    def error(self, error: FluxbumpError, cause: BaseException | None = None) -> None:
        """Print an error: its problem, a line for each fact, and the commands to type next.

        With `--verbose`, the traceback of `cause`, or else of the error, comes first.
        """
        from fluxbump.cli.output import typed_command
        from fluxbump.reports.error_text import error_lines

        self.progress("")
        if self.verbose:
            self.traceback(cause or error)
        self.lines(error_lines(error, typed_command.steps(error), _width(sys.stderr)))
