"""`fluxbump run`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from fluxbump.cli.console import beside_result
from fluxbump.cli.job_options import (
    AllowHostOption,
    ExitCodeOption,
    ForgeOption,
    ForgeUrlOption,
    LogFormat,
    LogFormatOption,
    MetricsOption,
    exit_code_for,
)
from fluxbump.cli.options import (
    ConsoleGroup,
    LeaveGotkOption,
    Output,
    OutputOption,
    RunSourcesGroup,
    left,
)
from fluxbump.cli.output.metrics import measured_run
from fluxbump.errors import FluxbumpError
from fluxbump.reports.json_encoder import dump
from fluxbump.reports.table import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fluxbump.cli.console import Console
    from fluxbump.model import Step
    from fluxbump.reports.result_json.run import RunStart
    from fluxbump.run.job import Report
    from fluxbump.run.setup import Place


def run(
    *,
    repo: Annotated[
        str | None,
        typer.Option(
            "--repo",
            metavar="PATH|URL",
            help="A repository here, or the URL of one. [default: the one you are in]",
        ),
    ] = None,
    remote: Annotated[
        str, typer.Option("--remote", metavar="NAME", help="The remote of the repository here.")
    ] = "origin",
    base: Annotated[
        str | None,
        typer.Option(
            "--base",
            metavar="BRANCH",
            help="The base branch of the pull request. [default: the remote's own]",
        ),
    ] = None,
    forge: ForgeOption = None,
    forge_url: ForgeUrlOption = None,
    allow_http: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-http",
            metavar="HOST",
            help="Send the token to this host over http too. [also: FLUXBUMP_ALLOW_HTTP]",
        ),
    ] = None,
    allow_host: AllowHostOption = None,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", "-n", help="Print what would be pushed and sent. Change nothing."
        ),
    ] = False,
    output: OutputOption = Output.TEXT,
    log_format: LogFormatOption = LogFormat.TEXT,
    exit_code: ExitCodeOption = False,
    leave_gotk: LeaveGotkOption = False,
    metrics: MetricsOption = None,
    sources: RunSourcesGroup,
    console: ConsoleGroup,
) -> int:
    """Keep a pull request open for the next safe release.

    For a cron job. It picks a release by policy, pushes a branch, and opens a pull request. It also
    updates and closes the pull requests of earlier runs. It never merges. A second run changes
    nothing.
    """
    from fluxbump.git.remote_errors import EmptyError
    from fluxbump.reports import run as reports
    from fluxbump.reports.result_json.run import RunStart
    from fluxbump.run import job
    from fluxbump.run.checkout import Asked
    from fluxbump.run.setup import opened

    log = _Log(console, log_format)
    asked = Asked(
        repo,
        remote,
        base,
        forge,
        forge_url,
        sources,
        dry_run=dry_run,
        leave=left(gotk=leave_gotk),
        allow_http=tuple(allow_http or ()),
        allow_hosts=tuple(allow_host or ()),
    )
    with log.failure(), measured_run(metrics, console, repo) as ended:
        try:
            with opened(asked) as place:
                for line in place.missing:
                    log("missing", line)
                report = job.run(place, datetime.now(UTC), log, dry_run=dry_run)
                _print(report, _start(place), output, console, dry_run=dry_run)
        except EmptyError as error:
            report = job.empty(error.message)
            _print(report, RunStart(), output, console, dry_run=dry_run)
        ended(report.outcome, report.published)
        console.summary_page(reports.summary(report))
        if report.error is not None:
            raise report.error
    return exit_code_for(report.outcome.value) if exit_code else 0


def _start(place: Place) -> RunStart:
    from fluxbump.reports.result_json.run import RunStart

    return RunStart(place.base_branch, place.base.commit.sha, place.missing)


class _Log:
    """Prints the events of a run to standard error, as progress on a terminal or as JSON lines."""

    def __init__(self, console: Console, format_: LogFormat) -> None:
        self._console = console
        self._format = format_

    def __call__(self, event: str, message: str, **details: object) -> None:
        if self._format is LogFormat.JSON:
            now = datetime.now(UTC).isoformat(timespec="milliseconds")
            line = {"time": now, "event": event, "message": message, **details}
            beside_result(dump(line, indent=None) + "\n")
        elif event in ("missing", "again"):
            self._console.note(message)
        else:
            self._console.progress(printable(message))

    @contextmanager
    def failure(self) -> Iterator[None]:
        """Log an error that ends the block as an event, and raise it again."""
        try:
            yield
        except FluxbumpError as error:
            if self._format is LogFormat.JSON:
                from fluxbump.cli.output import typed_command
                from fluxbump.reports.result_json.run import run_error

                self("failed", **run_error(error, typed_command.steps(error)))
            raise


def _print(
    report: Report, start: RunStart, output: Output, console: Console, *, dry_run: bool
) -> None:
    from fluxbump.cli.output import typed_command
    from fluxbump.reports import run as reports
    from fluxbump.reports.bump_patches import diff, replaced
    from fluxbump.reports.result_json.run import as_json

    console.progress("")
    steps = _steps(report, start)
    if output is Output.JSON:
        console.result(
            as_json(
                report,
                start,
                dry_run=dry_run,
                steps=steps,
                failed=typed_command.steps(report.error) if report.error else (),
            )
        )
        return
    paint = console.paint()
    console.report(reports.text(report, paint))
    if dry_run and report.sent and not console.quiet:
        done = report.prepared
        patch = diff(done.built.patch, paint, replaced(done.plan)) if done else ""
        console.paged("\n" + reports.dry_run(report.sent, patch, paint))
        console.note("dry run: fluxbump pushed and sent nothing")
    if steps and not console.quiet:
        console.report("", steps)


def _steps(report: Report, start: RunStart) -> Sequence[Step]:
    """Return the commands to type next. Empty if the repository was cloned for this run only."""
    from fluxbump.cli.output import typed_command
    from fluxbump.model import Step
    from fluxbump.reports import run as reports

    if report.sent and not start.missing:
        return [Step(typed_command.again(flags=("--dry-run", "-n")), "does it")]
    if any(":" in word for word in typed_command.kept("--repo")):
        return ()
    return typed_command.placed(reports.following(report.decision))
