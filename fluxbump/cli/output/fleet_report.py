"""Prints the progress of a fleet: a line for each repository, then the summary."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fluxbump.cli.console import Console
from fluxbump.cli.job_options import FleetFormat

if TYPE_CHECKING:
    from fluxbump.fleet.repositories import FleetEntry, FleetResult, Shard
    from fluxbump.fleet.state import FleetState
    from fluxbump.model import Step
    from fluxbump.reports.fleet import Summary


class FleetReport:
    """Prints a line for each repository of a fleet as it is done, and the summary at the end."""

    def __init__(
        self, entries: Sequence[FleetEntry], console: Console, *, output: FleetFormat, logs: bool
    ) -> None:
        from fluxbump.reports.fleet import width
        from fluxbump.reports.table import Paint

        self._console = console
        self._output = output
        self._logs = logs
        self._paint = Paint(enabled=console.colored())
        self._count = len(entries)
        self._width = width([entry.name for entry in entries])
        self._done = 0

    def begin(self, state: FleetState | None, shard: Shard | None) -> None:
        """Note ignored lines of the state file, and a fleet or shard without a repository."""
        if state and state.skipped:
            self._console.note(
                f"{state.path}: {state.skipped} lines are not results and are ignored"
            )
        if not self._count:
            part = f"shard {shard}" if shard else "the fleet"
            self._console.note(f"{part} has no repository: nothing to do")

    def finished(self, result: FleetResult, log: str) -> None:
        """Print the line of a repository, after the log of its run if that is wanted."""
        from fluxbump.reports import fleet as report

        self._done += 1
        self._console.progress("")
        self._print_log(result, log)
        if self._output is FleetFormat.TEXT and not self._console.quiet:
            self._console.report(report.line(result, self._width, self._paint))

    def waiting(self, running: Sequence[str]) -> None:
        """Show the progress on a terminal: the count, and the repositories that are running."""
        text = f"{self._done} of {self._count} done, running: {', '.join(running)}"
        self._console.progress(text)

    def end(self, summary: Summary) -> None:
        """Print the summary, and add it to the summary page."""
        from fluxbump.reports import fleet as report

        self._console.progress("")
        self._console.summary_page(report.page(summary))
        if self._output is FleetFormat.JSON:
            self._console.result(report.as_json(summary))
        elif self._output is FleetFormat.HTML:
            from fluxbump.reports.html.fleet import fleet_page

            self._console.result(fleet_page(summary))
        else:
            blank = "" if self._console.quiet or not self._count else "\n"
            self._console.report(blank + report.text(summary, self._paint))
            if not self._console.quiet:
                self._console.report("", _steps(summary))

    def _print_log(self, result: FleetResult, log: str) -> None:
        from fluxbump.fleet.repositories import FleetOutcome
        from fluxbump.fleet.results import log_lines

        name = result.entry.name
        if self._logs:
            self._console.lines(log_lines(name, log))
        elif self._console.verbose and result.outcome is FleetOutcome.FAILED:
            self._console.lines(f"{name}: {line}" for line in log.splitlines())


def _steps(summary: Summary) -> list[Step]:
    """Return the next command: more details after a failure, or the real run after a dry run."""
    from fluxbump.cli.output import typed_command
    from fluxbump.fleet.repositories import FleetOutcome
    from fluxbump.model import Step

    dry = ("--dry-run", "-n")
    if summary.having(FleetOutcome.FAILED):
        verbose = typed_command.again("--verbose", flags=("--verbose",))
        return [Step(verbose, "adds what each failed run wrote")]
    if summary.dry_run and summary.having(FleetOutcome.UPDATE):
        return [Step(typed_command.again(flags=dry), "does it")]
    return []
