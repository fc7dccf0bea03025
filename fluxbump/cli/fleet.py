"""`fluxbump fleet FLEET.yaml`, and `fluxbump fleet matrix` and `discover`."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec import Struct

from fluxbump.cli.console import Console
from fluxbump.cli.job_options import (
    AllowHostOption,
    ExitCodeOption,
    FleetFormat,
    ForgeOption,
    ForgeUrlOption,
    LogFormat,
    LogFormatOption,
    MetricsOption,
    exit_code_for,
)
from fluxbump.cli.options import (
    Color,
    ColorOption,
    FleetSourcesGroup,
    LeaveGotkOption,
    QuietOption,
    VerboseOption,
)
from fluxbump.cli.output.fleet_report import FleetReport
from fluxbump.cli.output.metrics import measured
from fluxbump.cli.shell.option_groups import Flat, OptionGroup

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fluxbump.cli.output.metrics import Measured
    from fluxbump.fleet.repositories import FleetEntry, Shard
    from fluxbump.fleet.run_repositories import Round
    from fluxbump.fleet.state import FleetState
    from fluxbump.reports.fleet import Summary

_FAILED = 1
_MOST_SHARDS = 256  # jobs of one matrix: docs.github.com/actions, "Usage limits"
_TIMEOUT = 15 * 60
_MATRIX = "matrix"
_DISCOVER = "discover"


class Discovery(Struct, frozen=True):
    """The options of `fleet discover`.

    Attributes:
        archived: whether archived repositories are listed.
        forks: whether forks are listed.
        forge: the kind of forge. None if the host tells it.
        forge_url: the URL of the forge. None if the URL of the owner tells it.
    """

    archived: bool = False
    forks: bool = False
    forge: str | None = None
    forge_url: str | None = None


_DISCOVERY = OptionGroup(
    Discovery,
    archived=Flat(
        Annotated[
            bool, typer.Option("--archived", help="For discover: archived repositories, too.")
        ],
        default=False,
    ),
    forks=Flat(
        Annotated[bool, typer.Option("--forks", help="For discover: forks, too.")], default=False
    ),
    forge=Flat(ForgeOption),
    forge_url=Flat(ForgeUrlOption),
)
_CONSOLE = OptionGroup(
    Console,
    color=Flat(ColorOption, default=Color.AUTO),
    quiet=Flat(QuietOption, default=False),
    verbose=Flat(VerboseOption, default=False),
)


def fleet(
    first: Annotated[
        str,
        typer.Argument(
            metavar="FLEET.yaml|matrix|discover",
            help="The file that lists the repositories, or matrix, or discover.",
        ),
    ],
    second: Annotated[
        str | None,
        typer.Argument(
            metavar="FLEET.yaml|URL",
            help="After matrix: the file. Prints a job for each shard. After discover: the URL of "
            "an organization, group, or user. Prints a fleet's file.",
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
    discovery: Annotated[Discovery, _DISCOVERY],
    resume: Annotated[
        Path | None,
        typer.Option(
            "--resume", metavar="FILE", help="Skip what this file says is done, and add to it."
        ),
    ] = None,
    allow_host: AllowHostOption = None,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", "-n", help="Print the pull requests that would be opened. Change nothing."
        ),
    ] = False,
    output: Annotated[
        FleetFormat, typer.Option("--output", "-o", help="The format of the result.")
    ] = FleetFormat.TEXT,
    log_format: LogFormatOption = LogFormat.TEXT,
    exit_code: ExitCodeOption = False,
    metrics: MetricsOption = None,
    leave_gotk: LeaveGotkOption = False,
    sources: FleetSourcesGroup,
    console: Annotated[Console, _CONSOLE],
) -> int:
    """Run `fluxbump run` in many repositories, in parallel.

    Each is a process of its own: one that fails leaves the others alone. Exits with 1 when one
    failed.
    """
    from fluxbump.fleet import repositories
    from fluxbump.fleet.run_repositories import Round, read

    if first == _DISCOVER and second is not None:
        return _discover(second, discovery, shards, console)
    _require_together(first, second, shards, discovery)
    entries = read(Path(second or first))
    if shards is not None:
        return _print_matrix(entries, shards, console)
    part = repositories.shard(shard, os.environ)
    ours = part.of(entries) if part else entries
    asked = repositories.RunOptions(
        dry_run=dry_run,
        offline=sources.offline,
        index=sources.index,
        flux=sources.flux,
        leave_gotk=leave_gotk,
        allow_hosts=tuple(allow_host or ()),
    )
    report = FleetReport(ours, console, output=output, logs=log_format is LogFormat.JSON)
    with measured(metrics, console) as known, _state(resume) as state:
        at_once = jobs or os.cpu_count() or 1
        what = Round(ours, asked, state, console.verbose, at_once, timeout)
        summary = _run(what, part, report, known)
    return _code(summary, outcomes=exit_code)


def _require_together(
    first: str, second: str | None, shards: int | None, discovery: Discovery
) -> None:
    """Refuse arguments and options that belong to different uses of the command.

    Raises:
        UsageError: they do not go together.
    """
    from fluxbump.errors import UsageError

    is_matrix = second is not None
    if is_matrix != (shards is not None) or (is_matrix and first != _MATRIX):
        raise UsageError(
            "the arguments of fleet do not go together",
            facts=[
                "to run a fleet:     fluxbump fleet FLEET.yaml",
                "to split it:        fluxbump fleet matrix FLEET.yaml --shards N",
                "to list it:         fluxbump fleet discover https://HOST/OWNER",
            ],
        )
    if discovery != Discovery():
        raise UsageError(
            "--archived, --forks, --forge, and --forge-url are options of fleet discover",
            hint="use fluxbump fleet discover https://HOST/OWNER",
        )


def _print_matrix(entries: Sequence[FleetEntry], shards: int, console: Console) -> int:
    from fluxbump.fleet import repositories
    from fluxbump.reports.json_encoder import dump

    # The outputs of a workflow must be on one line.
    console.result(dump(repositories.matrix(entries, shards), indent=None))
    return 0


def _run(what: Round, part: Shard | None, report: FleetReport, known: Measured) -> Summary:
    """Run the repositories, and report the results, also if the run is interrupted."""
    from fluxbump.fleet.metrics import of_fleet
    from fluxbump.fleet.run_repositories import FleetRun
    from fluxbump.reports.fleet import Summary

    report.begin(what.state, part)
    under_way = FleetRun(what, os.environ, report)
    try:
        under_way.run()
    finally:
        summary = Summary(under_way.results(), part, what.asked.dry_run)
        known.repositories = of_fleet(summary.results)
        report.end(summary)
    return summary


def _discover(where: str, asked: Discovery, shards: int | None, console: Console) -> int:
    from fluxbump.errors import UsageError
    from fluxbump.fleet.discover import Selection, fleet_file
    from fluxbump.forges import detect
    from fluxbump.forges.kinds import token_words
    from fluxbump.forges.repositories import owned
    from fluxbump.git import remote_url, token
    from fluxbump.system.secret import Secret

    if shards is not None:
        raise UsageError("--shards is an option of fleet matrix")
    url, userinfo = remote_url.parse(where)
    kind, site = detect.told_by_ci(url, os.environ, asked.forge)
    hosted = detect.owner(url, kind=kind, forge_url=asked.forge_url or site)
    who = token.find(url, token_words(hosted.kind), os.environ, userinfo=userinfo)
    if who is None:
        console.note(f"no token for {url.host}: listing public repositories only")
    secret = (who.secret or Secret(who.username)) if who else None
    # A kind of forge that the host tells is not needed in the file.
    told = {"forge": kind, "forge_url": asked.forge_url or site}
    text = fleet_file(
        url,
        hosted.path,
        owned(hosted, secret),
        Selection(archived=asked.archived, forks=asked.forks),
        {key: value for key, value in told.items() if value},
    )
    console.result(text.removesuffix("\n"))
    return 0


def _state(path: Path | None) -> AbstractContextManager[FleetState | None]:
    if path is None:
        return nullcontext()
    from fluxbump.fleet.state import opened

    return opened(path)


def _code(summary: Summary, *, outcomes: bool) -> int:
    """Return the exit code: a failure takes precedence over the outcomes."""
    from fluxbump.fleet.repositories import FleetOutcome

    if summary.having(FleetOutcome.FAILED):
        return _FAILED
    found = [exit_code_for(result.outcome.value) for result in summary.results if outcomes]
    return max(found, default=0)  # blocked before an update
