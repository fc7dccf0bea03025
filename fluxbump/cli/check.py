"""`fluxbump check`."""

from __future__ import annotations

import os
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec import Struct

from fluxbump.cli.option_groups import Flat, OptionGroup
from fluxbump.cli.options import (
    CheckSourcesGroup,
    ClusterGroup,
    ConsoleGroup,
    RepoOption,
)
from fluxbump.errors import IndexSourceError, UsageError
from fluxbump.reports.view import Detail, View

if TYPE_CHECKING:
    from collections.abc import Callable

    from fluxbump.check.check import Examined
    from fluxbump.check.verdict import Verdict
    from fluxbump.cli.console import Console
    from fluxbump.git.repository import Repository
    from fluxbump.model import Snapshot

EPILOG = """
Examples: `fluxbump check` judges the work tree; `fluxbump check --staged` what the next commit
holds; `fluxbump check --base origin/main -o github` annotates a pull request. Exit codes: 0
no error, 1 errors found, others as for every command.
"""

_FOUND = 1


class ReportOptions(Struct, frozen=True):
    """How to print a verdict.

    Attributes:
        output: formats, each with the file it goes to, or without.
        format_: the same, as it was called before.
        output_file: where the format without a file of its own goes.
        output_format: how much of each finding the text has.
        everything: whether nothing is left out.
        statistics: whether to count the findings of each rule.
        show_suppressed: whether to list what is suppressed.
    """

    output: list[str] | None = None
    format_: list[str] | None = None
    output_file: Path | None = None
    output_format: Detail = Detail.GROUPED
    everything: bool = False
    statistics: bool = False
    show_suppressed: bool = False


_REPORT = OptionGroup(
    ReportOptions,
    output=Flat(
        Annotated[
            list[str] | None,
            typer.Option(
                "--output",
                "-o",
                metavar="FORMAT[=FILE]",
                help="How to print the verdict: text, json, sarif, junit, github or markdown. May "
                "be given several times. [default: text]",
            ),
        ]
    ),
    format_=Flat(Annotated[list[str] | None, typer.Option("--format", "-f", hidden=True)]),
    output_file=Flat(
        Annotated[
            Path | None,
            typer.Option("--output-file", metavar="FILE", help="Write the report to a file."),
        ]
    ),
    output_format=Flat(
        Annotated[
            Detail, typer.Option("--output-format", help="How much of each finding the text has.")
        ],
        default=Detail.GROUPED,
    ),
    everything=Flat(
        Annotated[bool, typer.Option("--all", help="List every finding, also those there before.")],
        default=False,
    ),
    statistics=Flat(
        Annotated[
            bool, typer.Option("--statistics", help="Count the findings of each rule as well.")
        ],
        default=False,
    ),
    show_suppressed=Flat(
        Annotated[
            bool, typer.Option("--show-suppressed", help="List what is suppressed, and why.")
        ],
        default=False,
    ),
)


class BaselineOptions(Struct, frozen=True):
    """The findings that a team accepts because they were there when it began.

    Attributes:
        baseline: a file that holds them.
        write_baseline: where to write that file, with what is found now.
    """

    baseline: Path | None = None
    write_baseline: Path | None = None


_BASELINE = OptionGroup(
    BaselineOptions,
    baseline=Flat(
        Annotated[
            Path | None,
            typer.Option(
                "--baseline", metavar="FILE", help="Accept the findings that this file holds."
            ),
        ]
    ),
    write_baseline=Flat(
        Annotated[
            Path | None,
            typer.Option(
                "--write-baseline", metavar="FILE", help="Write what is found now to that file."
            ),
        ]
    ),
)


Codes = Annotated[
    str, typer.Option("--select", metavar="CODES", help="Rules to run: FB103,FB1. [default: all]")
]
Ignored = Annotated[str, typer.Option("--ignore", metavar="CODES", help="Rules to leave out.")]


def check(
    *,
    repo: RepoOption = None,
    rev: Annotated[
        str | None, typer.Option("--rev", metavar="REV", help="Judge a branch, tag or commit.")
    ] = None,
    staged: Annotated[bool, typer.Option("--staged", help="Judge what is staged.")] = False,
    worktree: Annotated[
        bool, typer.Option("--worktree", help="Judge the work tree. [default]")
    ] = False,
    base: Annotated[
        str | None,
        typer.Option(
            "--base",
            metavar="REV",
            help="Compare with the merge base of REV and HEAD. "
            "[default: the target branch that the CI names, else the remote's main branch]",
        ),
    ] = None,
    no_base: Annotated[bool, typer.Option("--no-base", help="Compare with nothing.")] = False,
    select: Codes = "",
    ignore: Ignored = "",
    report: Annotated[ReportOptions, _REPORT],
    accepted: Annotated[BaselineOptions, _BASELINE],
    strict: Annotated[
        bool, typer.Option("--strict", help="Fail on warnings too, and on what was not judged.")
    ] = False,
    no_render: Annotated[
        bool, typer.Option("--no-render", help="Do not run helm template (FB105, FB106).")
    ] = False,
    require_render: Annotated[
        bool, typer.Option("--require-render", help="Fail when helm template could not be run.")
    ] = False,
    self_test: Annotated[
        bool, typer.Option("--self-test", help="Plant a fault at every pin; all must be refused.")
    ] = False,
    fix: Annotated[
        str,
        typer.Option(
            "--fix",
            metavar="NAMES",
            help="First fix settings in the work tree: adoption (FB301), remediation (FB302).",
        ),
    ] = "",
    cluster: ClusterGroup,
    sources: CheckSourcesGroup,
    console: ConsoleGroup,
) -> int:
    """Judge whether the pins agree, and whether a cluster would survive them."""
    from msgspec.structs import replace

    from fluxbump.check import check as journey
    from fluxbump.check import gate
    from fluxbump.check.evidence import BASE_REFUSED, NO_BASE, Absent
    from fluxbump.check.renderer import renderer
    from fluxbump.check.rules import RULES, need
    from fluxbump.check.status import load
    from fluxbump.cli.base import base_of
    from fluxbump.cli.cluster_facts import known
    from fluxbump.cli.fix import chosen, fix_worktree
    from fluxbump.cli.output.verdicts import after_check, say, sinks, with_baseline
    from fluxbump.cli.workspace import open_session
    from fluxbump.model import ChartIndex
    from fluxbump.system.process_pool import among_processes

    _require_one(rev=rev is not None, staged=staged, worktree=worktree)
    if no_render and require_render:
        raise UsageError("--no-render and --require-render exclude each other")
    if no_base and base is not None:
        raise UsageError("--no-base and --base exclude each other")
    fixes = chosen(fix)
    if fixes and (rev is not None or staged):
        raise UsageError("--fix edits the work tree, so --rev and --staged exclude it")
    if accepted.baseline and accepted.write_baseline:
        raise UsageError("--baseline and --write-baseline exclude each other")
    where = sinks([*(report.output or []), *(report.format_ or [])], report.output_file)
    codes = gate.select(_split(select), _split(ignore))
    if fixes:
        fix_worktree(repo, fixes, console)
    beside = known(cluster)
    with open_session(repo, _taken(rev, staged=staged), sources) as session:
        console.progress("reading the chart index and the repository …")
        rendering = not (no_render or self_test)
        loaded = load(session.index)
        charts = loaded if isinstance(loaded, ChartIndex) else None
        needed = rendering and need(codes, "renders")
        compared = BASE_REFUSED if no_base else base_of(session, base, os.environ, console)
        with renderer(session, charts) if needed else nullcontext() as render:
            told = None if self_test else replace(session.releases, compare=rendering)
            examined = journey.examine(
                session.snapshot,
                session.settings,
                loaded,
                base=compared or NO_BASE,
                known=beside,
                codes=tuple(RULES) if self_test else codes,
                means=journey.Means(render, session.lineage, told, among_processes),
            )
            verdict = None if self_test else journey.judge(examined, codes)
            if verdict is not None and base is not None and not isinstance(compared, Absent | None):
                verdict = journey.compared(
                    verdict,
                    compared,
                    session.settings,
                    loaded,
                    known=beside,
                    means=journey.Means(render, None, told, among_processes),
                )
        console.progress("")
    if verdict is None:
        return _self_test(examined, console)
    verdict = with_baseline(verdict, accepted.baseline, accepted.write_baseline, console)
    steps = after_check(verdict, examined, charts, editable=rev is None and not staged)
    view = View(report.output_format, report.everything, report.statistics)
    say(verdict, where, view, steps, console)
    _say_beside(verdict, console, suppressed=report.show_suppressed)
    return _exit_code(verdict, strict=strict, require_render=require_render, console=console)


def _taken(rev: str | None, *, staged: bool) -> Callable[[Repository], Snapshot]:
    """Return what takes the snapshot to judge."""
    from fluxbump.git.repository import Repository
    from fluxbump.workspace import at

    if rev is not None:
        return at(rev)
    return Repository.staged if staged else Repository.worktree


def _require_one(**chosen: bool) -> None:
    if sum(chosen.values()) > 1:
        raise UsageError("--rev, --staged and --worktree exclude each other")


def _split(codes: str) -> tuple[str, ...]:
    return tuple(code.strip() for code in codes.split(",") if code.strip())


def _say_beside(verdict: Verdict, console: Console, *, suppressed: bool) -> None:
    if suppressed:
        for finding, by in verdict.suppressed:
            reason = by.reason or "no reason given"
            console.line(
                f"suppressed: {finding.location}  {finding.code}  by {by.location}: {reason}"
            )
    for rule in verdict.not_applicable if console.verbose else ():
        console.line(f"not applicable: {rule.code}  {rule.reason}")


def _exit_code(verdict: Verdict, *, strict: bool, require_render: bool, console: Console) -> int:
    from fluxbump.check.rules import having, need
    from fluxbump.check.rules.rule import Trait
    from fluxbump.model import Severity

    missing = [rule for rule in verdict.not_run if need((rule.code,), "renders")]
    if require_render and missing:
        console.line(f"fluxbump: --require-render, but it was not run: {missing[0].reason}")
        return _FOUND
    noted = having(Trait.STRICT)  # what nobody looked at has not passed
    warned = any(
        finding.severity is not Severity.NOTE or finding.code in noted
        for finding in verdict.findings
    )
    if verdict.errors or (strict and warned):
        return _FOUND
    essential = having(Trait.ESSENTIAL)
    unjudged = next((rule for rule in verdict.not_run if rule.code in essential), None)
    if unjudged is not None:
        # A gate that could not look at what it is for must not be green.
        raise IndexSourceError(
            f"{unjudged.code} could not be judged: {unjudged.reason}",
            hint=f"give --index, or leave the rule out: --ignore {unjudged.code}",
        )
    return 0


def _self_test(examined: Examined, console: Console) -> int:
    from fluxbump.check import check as journey
    from fluxbump.reports import self_test as trials
    from fluxbump.reports.table import Paint

    results = journey.self_test(examined)
    console.result(trials.render(results, Paint(enabled=console.colored())))
    return 0 if results and all(trial.finding for trial in results) else _FOUND
