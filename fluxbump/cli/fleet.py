"""`fluxbump fleet FLEET.yaml` and `fluxbump fleet matrix FLEET.yaml`."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fluxbump.cli.console import Console
from fluxbump.cli.option_groups import Flat, OptionGroup
from fluxbump.cli.options import (
    Color,
    ColorOption,
    ExitCodeOption,
    FluxOption,
    IndexGroup,
    LeaveGotkOption,
    LogFormat,
    Output,
    OutputOption,
    VerboseOption,
    exit_code_for,
)

if TYPE_CHECKING:
    from fluxbump.fleet.repositories import FleetEntry, FleetResult, Shard
    from fluxbump.fleet.state import FleetState
    from fluxbump.reports.fleet import Summary

EPILOG = """
Examples: `fluxbump fleet fleet.yaml --jobs 8 --resume round.jsonl` goes on where an earlier run was
stopped; `fluxbump fleet matrix fleet.yaml --shards 4` prints the matrix of a GitHub Actions job
whose steps call `fluxbump fleet fleet.yaml --shard ${{ matrix.shard }}`.
"""

_FAILED = 1
_MOST_SHARDS = 256  # jobs of one matrix: docs.github.com/actions, "Usage limits"
_TIMEOUT = 15 * 60
_MATRIX = "matrix"
_CONSOLE = OptionGroup(
    Console,
    color=Flat(ColorOption, default=Color.AUTO),
    quiet=Flat(
        Annotated[bool, typer.Option("--quiet", "-q", help="Print the summary only.")],
        default=False,
    ),
    verbose=Flat(VerboseOption, default=False),
)


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
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-host",
            metavar="HOST",
            help="A server that a repository's fluxbump.yaml may name, as allow_hosts in the file.",
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
    flux: FluxOption = None,
    leave_gotk: LeaveGotkOption = False,
    sources: IndexGroup,
    console: Annotated[Console, _CONSOLE],
) -> int:
    """Do what `fluxbump run` does in many repositories, side by side.

    Each is a process of its own: one that fails leaves the others alone. Exits with 1 when one
    failed.
    """
    from fluxbump.errors import UsageError
    from fluxbump.fleet import repositories
    from fluxbump.fleet.run_repositories import FleetRun, Round, read
    from fluxbump.reports.fleet import Summary

    file = Path(second or first)
    is_matrix = second is not None
    if is_matrix != (shards is not None) or (is_matrix and first != _MATRIX):
        raise UsageError(
            "needs one file; or matrix, a file and --shards",
            hint="fluxbump fleet FLEET.yaml, or fluxbump fleet matrix FLEET.yaml --shards N",
        )
    entries = read(file)
    if shards is not None:
        from fluxbump.reports.json_encoder import dump

        # On one line, as a workflow's outputs have to be.
        console.result(dump(repositories.matrix(entries, shards), indent=None))
        return 0
    part = repositories.shard(shard, os.environ)
    ours = part.of(entries) if part else entries
    asked = repositories.RunOptions(
        dry_run=dry_run,
        offline=sources.offline,
        index=sources.index,
        flux=flux,
        leave_gotk=leave_gotk,
        allow_hosts=tuple(allow_host or ()),
    )
    report = _Report(
        ours, console, is_json=output is Output.JSON, logs=log_format is LogFormat.JSON
    )
    with _state(resume) as state:
        report.begin(state, part)
        jobs = jobs or os.cpu_count() or 1
        under_way = FleetRun(
            Round(ours, asked, state, console.verbose, jobs, timeout), os.environ, report
        )
        try:
            under_way.run()
        finally:
            summary = Summary(under_way.results(), part, dry_run)
            report.end(summary)
    return _code(summary, outcomes=exit_code)


def _state(path: Path | None) -> AbstractContextManager[FleetState | None]:
    if path is None:
        return nullcontext()
    from fluxbump.fleet.state import opened

    return opened(path)


class _Report:
    """Says what becomes of a fleet: a line for each repository, and the summary."""

    def __init__(
        self, entries: Sequence[FleetEntry], console: Console, *, is_json: bool, logs: bool
    ) -> None:
        from fluxbump.reports.fleet import width
        from fluxbump.reports.table import Paint

        self._console = console
        self._is_json = is_json
        self._logs = logs
        self._paint = Paint(enabled=console.colored())
        self._count = len(entries)
        self._width = width([entry.name for entry in entries])
        self._done = 0

    def begin(self, state: FleetState | None, shard: Shard | None) -> None:
        """Say what is odd about what is asked."""
        if state and state.skipped:
            self._console.note(
                f"{state.path}: {state.skipped} lines are no results and do not count"
            )
        if not self._count:
            part = f"shard {shard}" if shard else "the fleet"
            self._console.note(f"{part} has no repository: nothing to do")

    def finished(self, result: FleetResult, log: str) -> None:
        """Print the line of a repository, after its log where that is wanted."""
        from fluxbump.reports import fleet as report

        self._done += 1
        self._console.progress("")
        self._print_log(result, log)
        if not (self._is_json or self._console.quiet):
            self._console.result(report.line(result, self._width, self._paint))

    def waiting(self, running: Sequence[str]) -> None:
        """Say on a terminal how far it is."""
        text = f"{self._done} of {self._count} done; now {', '.join(running)}"
        self._console.progress(text[: shutil.get_terminal_size().columns - 1])

    def end(self, summary: Summary) -> None:
        """Print the summary, and add it to the summary page."""
        from fluxbump.reports import fleet as report

        self._console.progress("")
        self._console.summary_page(report.page(summary))
        if self._is_json:
            self._console.result(report.as_json(summary))
        else:
            blank = "" if self._console.quiet or not self._count else "\n"
            self._console.result(blank + report.text(summary, self._paint))

    def _print_log(self, result: FleetResult, log: str) -> None:
        from fluxbump.fleet.repositories import FleetOutcome
        from fluxbump.fleet.results import log_lines

        name = result.entry.name
        if self._logs:
            for line in log_lines(name, log):
                self._console.line(line)
        elif self._console.verbose and result.outcome is FleetOutcome.FAILED:
            for line in log.splitlines():
                self._console.line(f"{name}: {line}")


def _code(summary: Summary, *, outcomes: bool) -> int:
    """Return the exit code: what went wrong takes precedence over what was found."""
    from fluxbump.fleet.repositories import FleetOutcome

    if summary.having(FleetOutcome.FAILED):
        return _FAILED
    found = [exit_code_for(result.outcome.value) for result in summary.results if outcomes]
    return max(found, default=0)  # blocked before an update
