"""`fluxbump fleet FLEET.yaml` and `fluxbump fleet matrix FLEET.yaml`."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fluxbump.cli.console import Console
from fluxbump.cli.options import (
    Color,
    ColorOption,
    ExitCodeOption,
    IndexOption,
    OfflineOption,
    Output,
    OutputOption,
    VerboseOption,
    exit_code_for,
)

if TYPE_CHECKING:
    from fluxbump.fleet.processes import Done, Event
    from fluxbump.fleet.repositories import Asked, Entry, Result, Shard
    from fluxbump.fleet.state import State
    from fluxbump.reports.fleet import Summary

EPILOG = """
Examples: `fluxbump fleet fleet.yaml --jobs 8 --resume round.jsonl` goes on where an earlier run was
stopped; `fluxbump fleet matrix fleet.yaml --shards 4` prints the matrix of a GitHub Actions job
whose steps call `fluxbump fleet fleet.yaml --shard ${{ matrix.shard }}`.
"""

PROGRAM: Sequence[str] = (sys.executable, "-P", "-m", "fluxbump")
"""What each repository is given to. `-P`: no module of the directory that we are in."""

_FAILED = 1
_MOST_SHARDS = 256  # jobs of one matrix: docs.github.com/actions, "Usage limits"
_TIMEOUT = 15 * 60
_MATRIX = "matrix"


class LogFormat(StrEnum):
    """How to say what happens."""

    TEXT = "text"
    JSON = "json"


def fleet(
    first: Annotated[
        str,
        typer.Argument(
            metavar="FLEET.yaml|matrix", help="The file that lists the repositories, or matrix."
        ),
    ],
    second: Annotated[
        str | None,
        typer.Argument(
            metavar="FLEET.yaml", help="After matrix: the file. Prints a job for each shard."
        ),
    ] = None,
    *,
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs", "-j", metavar="N", min=1, help="Repositories at once. [default: CPUs]"
        ),
    ] = None,
    timeout: Annotated[
        int, typer.Option("--timeout", metavar="SECONDS", min=1, help="For each repository.")
    ] = _TIMEOUT,
    shard: Annotated[
        str | None,
        typer.Option(
            "--shard",
            metavar="I/N",
            help="One of N parts, from 0. [default: JOB_COMPLETION_INDEX/JOB_COMPLETIONS]",
        ),
    ] = None,
    shards: Annotated[
        int | None,
        typer.Option(
            "--shards", metavar="N", min=1, max=_MOST_SHARDS, help="For matrix: how many parts."
        ),
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option(
            "--resume", metavar="FILE", help="Skip what this file says is done, and add to it."
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", "-n", help="Say what would be proposed; do nothing.")
    ] = False,
    output: OutputOption = Output.TEXT,
    log_format: Annotated[
        LogFormat,
        typer.Option("--log-format", help="With json, standard error has what each run says."),
    ] = LogFormat.TEXT,
    exit_code: ExitCodeOption = False,
    index: IndexOption = None,
    offline: OfflineOption = False,
    color: ColorOption = Color.AUTO,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print the summary only.")] = False,
    verbose: VerboseOption = False,
) -> int:
    """Do what `fluxbump run` does in many repositories, side by side.

    Each is a process of its own: one that fails leaves the others alone. Exits with 1 when one
    failed.
    """
    from fluxbump.errors import UsageError
    from fluxbump.fleet import repositories

    console = Console(quiet=quiet, verbose=verbose, color=color.value)
    file = Path(second or first)
    is_matrix = second is not None
    if is_matrix != (shards is not None) or (is_matrix and first != _MATRIX):
        raise UsageError(
            "needs one file; or matrix, a file and --shards",
            hint="fluxbump fleet FLEET.yaml, or fluxbump fleet matrix FLEET.yaml --shards N",
        )
    entries = _entries(file)
    if shards is not None:
        # On one line, as a workflow's outputs have to be.
        console.result(json.dumps(repositories.matrix(entries, shards)))
        return 0
    part = repositories.shard(shard, os.environ)
    asked = repositories.Asked(dry_run=dry_run, offline=offline, index=index)
    with _state(resume) as state:
        run = _Run(
            part.of(entries) if part else entries,
            part,
            asked,
            state,
            console,
            is_json=output is Output.JSON,
            logs=log_format is LogFormat.JSON,
        )
        run.start(jobs or os.cpu_count() or 1, timeout)
    return _code(run.summary(), outcomes=exit_code)


def _entries(file: Path) -> tuple[Entry, ...]:
    from fluxbump.errors import ConfigError
    from fluxbump.fleet import file as fleetfile

    try:
        with file.open("rb") as stream:
            data = stream.read(fleetfile.LONGEST + 1)
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", where=str(file)) from None
    if len(data) > fleetfile.LONGEST:
        raise ConfigError(f"is larger than {fleetfile.LONGEST >> 20} MiB", where=str(file))
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise ConfigError("is not UTF-8", where=str(file)) from None
    return fleetfile.parse(text, str(file), str(file.absolute().parent))


def _state(path: Path | None) -> AbstractContextManager[State | None]:
    if path is None:
        return nullcontext()
    from fluxbump.fleet.state import opened

    return opened(path)


class _Run:
    """A fleet under way: hears what becomes of each repository, and says it."""

    def __init__(
        self,
        entries: Sequence[Entry],
        shard: Shard | None,
        asked: Asked,
        state: State | None,
        console: Console,
        *,
        is_json: bool,
        logs: bool,
    ) -> None:
        from fluxbump.fleet.results import secrets
        from fluxbump.reports.fleet import width
        from fluxbump.reports.table import Paint

        self._entries = entries
        self._shard = shard
        self._asked = asked
        self._state = state
        self._console = console
        self._is_json = is_json
        self._logs = logs
        self._paint = Paint(enabled=console.colored())
        self._width = width([one.name for one in entries])
        self._secrets = secrets(os.environ)
        self._results: dict[str, Result] = {}
        self._running: dict[str, None] = {}
        self._todo: list[Entry] = []

    def start(self, jobs: int, seconds: float) -> None:
        """Run what has to be run, and print the summary, however it ends."""
        from fluxbump.fleet.processes import Limits, run_all

        self._take_what_is_done()
        words = ["--verbose"] * self._console.verbose
        commands = [[*PROGRAM, *self._asked.options(one), *words] for one in self._todo]
        try:
            run_all(commands, _environment(os.environ), Limits(seconds), jobs, self._hear)
        finally:
            self._console.progress("")
            self._print_summary()

    def summary(self) -> Summary:
        """Return what is known of every repository."""
        from fluxbump.fleet.repositories import Outcome, Result
        from fluxbump.reports.fleet import Summary

        results = [
            self._results.get(one.name) or Result(one, Outcome.NOT_RUN, "not run")
            for one in self._entries
        ]
        return Summary(tuple(results), self._shard, self._asked.dry_run)

    def _take_what_is_done(self) -> None:
        for entry in self._entries:
            found = self._state.before(entry, self._asked) if self._state else None
            if found:
                self._results[entry.name] = found
                self._print(found)
            else:
                self._todo.append(entry)
        if self._state and self._state.skipped:
            self._console.note(
                f"{self._state.path}: {self._state.skipped} lines are no results and do not count"
            )
        if not self._entries:
            part = f"shard {self._shard}" if self._shard else "the fleet"
            self._console.note(f"{part} has no repository: nothing to do")

    def _hear(self, event: Event) -> None:
        from fluxbump.fleet.processes import Finished

        entry = self._todo[event.number]
        if isinstance(event, Finished):
            self._finish(entry, event.done)
        else:
            self._running[entry.name] = None
        self._console.progress(self._progress())

    def _finish(self, entry: Entry, left: Done) -> None:
        from msgspec.structs import replace

        from fluxbump.fleet import results as fleetresults
        from fluxbump.system.locks import signals_held

        done = replace(left, out=self._masked(left.out), err=self._masked(left.err))
        result = fleetresults.result(entry, done)
        with signals_held():
            if self._state:
                self._state.write(result, self._asked)
            self._results[entry.name] = result
        self._running.pop(entry.name, None)
        self._console.progress("")
        self._print_log(result, done.err)
        self._print(result)

    def _masked(self, text: str) -> str:
        from fluxbump.fleet.results import masked

        return masked(text, self._secrets)

    def _print_log(self, result: Result, err: str) -> None:
        from fluxbump.fleet.repositories import Outcome
        from fluxbump.fleet.results import log_lines

        name = result.entry.name
        if self._logs:
            for line in log_lines(name, err):
                self._console.line(line)
        elif self._console.verbose and result.outcome is Outcome.FAILED:
            for line in err.splitlines():
                self._console.line(f"{name}: {line}")

    def _print(self, result: Result) -> None:
        from fluxbump.reports import fleet as report

        if not (self._is_json or self._console.quiet):
            self._console.result(report.line(result, self._width, self._paint))

    def _progress(self) -> str:
        text = f"{len(self._results)} of {len(self._entries)} done; now {', '.join(self._running)}"
        return text[: shutil.get_terminal_size().columns - 1]

    def _print_summary(self) -> None:
        from fluxbump.reports import fleet as report

        summary = self.summary()
        _append_page(report.page(summary), self._console)
        if self._is_json:
            self._console.result(report.as_json(summary))
        else:
            blank = "" if self._console.quiet or not self._entries else "\n"
            self._console.result(blank + report.text(summary, self._paint))


def _append_page(text: str, console: Console) -> None:
    """Add to the summary page of a GitHub workflow, where there is one."""
    page = os.environ.get("GITHUB_STEP_SUMMARY")
    if not page:
        return
    try:
        with Path(page).open("a", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        console.note(f"the summary page cannot be written: {error.strerror}")


def _environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The one summary page is ours: hundreds of runs would fill it."""
    return {name: value for name, value in environ.items() if name != "GITHUB_STEP_SUMMARY"}


def _code(summary: Summary, *, outcomes: bool) -> int:
    """Return the exit code: what went wrong goes before what was found."""
    from fluxbump.fleet.repositories import Outcome

    if summary.having(Outcome.FAILED):
        return _FAILED
    found = [exit_code_for(one.outcome.value) for one in summary.results if outcomes]
    return max(found, default=0)  # blocked before an update
