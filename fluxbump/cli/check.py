"""`fluxbump check`."""

from __future__ import annotations

import os
from contextlib import nullcontext
from typing import TYPE_CHECKING, Annotated

import typer

from fluxbump.cli.options import (
    CheckSourcesGroup,
    ClusterGroup,
    ConfigFrom,
    ConsoleGroup,
    RepoOption,
)
from fluxbump.cli.output.verdict_options import BASELINE, REPORT, BaselineOptions, ReportOptions
from fluxbump.cli.shell import completion
from fluxbump.errors import IndexSourceError, UsageError
from fluxbump.reports.verbosity import View

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from fluxbump.check.check import Examined
    from fluxbump.check.evidence import Evidence
    from fluxbump.check.gather import Renderer
    from fluxbump.check.verdict import Verdict
    from fluxbump.cli.console import Console
    from fluxbump.cli.output.verdicts import Sink
    from fluxbump.git.repository import Repository
    from fluxbump.helm.chart_releases import ChartIndex
    from fluxbump.model import Snapshot, Step
    from fluxbump.workspace import Session

_FOUND = 1


Codes = Annotated[
    str,
    typer.Option(
        "--select",
        metavar="CODES",
        autocompletion=completion.codes,
        help="Rules to run: FB103,FB1. [default: all]",
    ),
]
Ignored = Annotated[
    str,
    typer.Option(
        "--ignore", metavar="CODES", autocompletion=completion.codes, help="Rules to leave out."
    ),
]


def check(
    *,
    repo: RepoOption = None,
    rev: Annotated[
        str | None,
        typer.Option(
            "--rev",
            metavar="REV",
            autocompletion=completion.revisions,
            help="Check a branch, tag or commit.",
        ),
    ] = None,
    staged: Annotated[bool, typer.Option("--staged", help="Check the staged files.")] = False,
    worktree: Annotated[
        bool, typer.Option("--worktree", help="Check the working tree. [default]")
    ] = False,
    base: Annotated[
        str | None,
        typer.Option(
            "--base",
            autocompletion=completion.revisions,
            metavar="REV",
            help="Compare with the merge base of REV and HEAD. "
            "[default: the target branch that the CI names, else the remote's main branch]",
        ),
    ] = None,
    no_base: Annotated[bool, typer.Option("--no-base", help="Compare with nothing.")] = False,
    config_from: Annotated[
        ConfigFrom | None,
        typer.Option(
            "--config-from",
            help="Which fluxbump.yaml applies: that of the base, so that a change cannot set aside "
            "its gate, or that of the checked files. "
            "[default: base with --base or in a CI that names it, else head]",
        ),
    ] = None,
    select: Codes = "",
    ignore: Ignored = "",
    report: Annotated[ReportOptions, REPORT],
    accepted: Annotated[BaselineOptions, BASELINE],
    strict: Annotated[
        bool, typer.Option("--strict", help="Fail on warnings too, and on what was not checked.")
    ] = False,
    no_render: Annotated[
        bool, typer.Option("--no-render", help="Do not run helm template (FB105, FB106).")
    ] = False,
    require_render: Annotated[
        bool, typer.Option("--require-render", help="Fail when helm template could not be run.")
    ] = False,
    self_test: Annotated[
        bool,
        typer.Option("--self-test", help="Plant a fault at every pin. The gate must refuse each."),
    ] = False,
    fix: Annotated[
        str,
        typer.Option(
            "--fix",
            metavar="NAMES",
            help="First fix settings in the working tree: adoption (FB301), remediation (FB302).",
        ),
    ] = "",
    cluster: ClusterGroup,
    sources: CheckSourcesGroup,
    console: ConsoleGroup,
) -> int:
    """Check that the pins agree, and that clusters can take them."""
    from msgspec.structs import replace

    from fluxbump.check import check as journey
    from fluxbump.check import gate
    from fluxbump.check.evidence_parts import BASE_REFUSED, NO_BASE
    from fluxbump.check.rules import RULES, need
    from fluxbump.cli import comparison_base as baseline
    from fluxbump.cli.cluster_facts import known
    from fluxbump.cli.fix import chosen, fix_worktree
    from fluxbump.cli.output.passing_bump import TriedFrom
    from fluxbump.cli.output.verdicts import after_check, sinks, with_baseline
    from fluxbump.cli.workspace import open_session
    from fluxbump.system.process_pool import among_processes

    _require_one(rev=rev is not None, staged=staged, worktree=worktree)
    _exclude("--no-render", "--require-render", no_render, require_render)
    _exclude("--no-base", "--base", no_base, base)
    _exclude("--baseline", "--write-baseline", accepted.baseline, accepted.write_baseline)
    fixes = chosen(fix)
    if fixes and (rev is not None or staged):
        raise UsageError("--fix edits the working tree, so --rev and --staged exclude it")
    where = sinks([*(report.output or []), *(report.format_ or [])], report.output_file)
    codes = gate.select(_split(select), _split(ignore))
    if fixes:
        fix_worktree(repo, fixes, console)
    beside = known(cluster)
    with open_session(repo, _taken(rev, staged=staged), sources) as opened:
        found = None if no_base else baseline.base_of(opened, base, os.environ, console)
        baseline.require_base(found, config_from)
        judging = baseline.PolicyBase(
            found,
            config_from or baseline.configured_by_default(base, os.environ),
            not no_base and baseline.is_missing(base, found, os.environ),
        )
        change = baseline.change_of(opened, judging, console)
        session = baseline.held(opened, change)
        merged = baseline.merged_entries(opened, judging, accepted.baseline, console)
        console.progress("reading the chart index and the repository …")
        rendering = not (no_render or self_test)
        charts = _charts(session, console)
        with (
            _renderer(session, charts) if rendering and need(codes, "renders") else nullcontext()
        ) as render:
            means = journey.means_of(session, render, compare=rendering, spread=among_processes)
            examined = journey.look(
                session,
                base=found or (BASE_REFUSED if no_base else NO_BASE),
                known=beside,
                codes=tuple(RULES) if self_test else codes,
                means=means,
            )
            verdict = None if self_test else journey.judge(examined, codes)
            if verdict is not None and base is not None and found is not None:
                verdict = journey.compared(session, verdict, found, known=beside, means=means)
            if verdict is not None:
                verdict = baseline.listed(verdict, examined.evidence, session, change)
        console.progress("")
    if verdict is None:
        return _self_test(examined, console)
    verdict = with_baseline(
        replace(verdict, index=charts),
        accepted.baseline,
        accepted.write_baseline,
        merged,
        console,
    )
    place = TriedFrom(repo, rev, tuple(examined.evidence.inventory.files), sources, beside)
    editable = rev is None and not staged
    steps = after_check(verdict, examined, charts, place, editable=editable)
    _report(verdict, where, report, steps, console, about=examined.evidence)
    return _exit_code(verdict, strict=strict, require_render=require_render, console=console)


def _renderer(
    session: Session[Snapshot], charts: ChartIndex | None
) -> AbstractContextManager[Renderer]:
    from fluxbump.check.rendering.renderer import renderer

    return renderer(session, charts)


def _charts(session: Session[Snapshot], console: Console) -> ChartIndex | None:
    """Load the chart index; say where it is from if it could be."""
    from fluxbump.helm.chart_releases import ChartIndex

    loaded = session.chart_index
    if not isinstance(loaded, ChartIndex):
        return None
    console.say_index(loaded)
    return loaded


def _taken(rev: str | None, *, staged: bool) -> Callable[[Repository], Snapshot]:
    """Return what takes the snapshot to judge."""
    from fluxbump.git.repository import Repository
    from fluxbump.workspace import at

    if rev is not None:
        return at(rev)
    return Repository.staged if staged else Repository.worktree


def _exclude(first: str, second: str, *given: object) -> None:
    """Refuse two options together; what is None or False was not given."""
    if all(value is not None and value is not False for value in given):
        raise UsageError(f"{first} and {second} exclude each other")


def _require_one(**chosen: bool) -> None:
    if sum(chosen.values()) > 1:
        raise UsageError("--rev, --staged and --worktree exclude each other")


def _split(codes: str) -> tuple[str, ...]:
    return tuple(code.strip() for code in codes.split(",") if code.strip())


def _report(
    verdict: Verdict,
    where: Sequence[Sink],
    how: ReportOptions,
    steps: Sequence[Step],
    console: Console,
    *,
    about: Evidence,
) -> None:
    from fluxbump.cli.output.verdicts import say

    view = View(how.output_format, how.everything, how.statistics)
    say(verdict, where, view, steps, console, about=about)
    if how.show_suppressed:
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
            f"{unjudged.code} could not be checked: {unjudged.reason}",
            hint=f"give --index, or leave the rule out: --ignore {unjudged.code}",
        )
    return 0


def _self_test(examined: Examined, console: Console) -> int:
    from fluxbump.check import check as journey
    from fluxbump.reports import self_test as trials

    results = journey.self_test(examined)
    console.report(trials.render(results, console.paint()))
    return 0 if results and all(trial.finding for trial in results) else _FOUND
