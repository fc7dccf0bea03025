"""`fluxbump check`."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec import Struct

from fluxbump.cli.options import (
    CheckSourcesGroup,
    ClusterGroup,
    ConfigFrom,
    ConsoleGroup,
    RepoOption,
)
from fluxbump.cli.output.verdict_options import BASELINE, REPORT, BaselineOptions, ReportOptions
from fluxbump.cli.shell import completion
from fluxbump.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from fluxbump.check.check import Examined, Means
    from fluxbump.check.gather import Known, Renderer
    from fluxbump.check.verdict import Verdict
    from fluxbump.cli.comparison import BaseOptions, Comparison
    from fluxbump.cli.console import Console
    from fluxbump.git.repository import Repository
    from fluxbump.helm.chart_releases import ChartIndex
    from fluxbump.model import Snapshot
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
        bool,
        typer.Option("--strict", help="Fail on warnings too, and on places not checked (FB003)."),
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

    from fluxbump.check import gate
    from fluxbump.cli.cluster_facts import known
    from fluxbump.cli.comparison import BaseOptions, compare
    from fluxbump.cli.fix import chosen, fix_worktree
    from fluxbump.cli.output.check_result import exit_code, say_check
    from fluxbump.cli.output.passing_bump import TriedFrom
    from fluxbump.cli.output.verdicts import after_check, sinks, with_baseline
    from fluxbump.cli.workspace import open_session

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
    asked = BaseOptions(base, no_base, config_from, accepted.baseline)
    with open_session(repo, _taken(rev, staged=staged), sources) as opened:
        comparison = compare(opened, asked, console)
        console.progress("reading the chart index and the repository …")
        charts = _charts(comparison.session, console)
        how = _CheckRequest(codes, beside, asked, rendered=not no_render)
        if self_test:
            return _self_test(comparison, how, console)
        examined, verdict = _judged(comparison, how, charts)
        console.progress("")
    verdict = with_baseline(
        replace(verdict, index=charts),
        accepted.baseline,
        accepted.write_baseline,
        comparison.merged,
        console,
    )
    place = TriedFrom(repo, rev, tuple(examined.evidence.inventory.files), sources, beside)
    editable = rev is None and not staged
    steps = after_check(verdict, examined, charts, place, editable=editable)
    say_check(verdict, where, report, steps, console, about=examined.evidence)
    return exit_code(verdict, strict=strict, require_render=require_render, console=console)


class _CheckRequest(Struct, frozen=True):
    """The choices of the user for a check.

    Attributes:
        codes: the codes of the rules to run.
        known: the facts that do not come from the repository.
        base: the options about the base.
        rendered: whether wrapper charts are rendered.
    """

    codes: tuple[str, ...]
    known: Known
    base: BaseOptions
    rendered: bool


def _judged(
    comparison: Comparison, how: _CheckRequest, charts: ChartIndex | None
) -> tuple[Examined, Verdict]:
    from fluxbump.check import check as journey
    from fluxbump.check.rules import need
    from fluxbump.cli.comparison import listed
    from fluxbump.system.process_pool import among_processes

    session, base = comparison.session, comparison.base
    rendering = how.rendered and need(how.codes, "renders")
    with _renderer(session, charts) if rendering else nullcontext() as render:
        means = journey.means_of(session, render, compare=how.rendered, spread=among_processes)
        examined = _examined(comparison, how, how.codes, means)
        verdict = journey.judge(examined, how.codes)
        if how.base.named is not None and base is not None:
            verdict = journey.compared(session, verdict, base, known=how.known, means=means)
        return examined, listed(verdict, examined.evidence, session, comparison.change)


def _examined(
    comparison: Comparison, how: _CheckRequest, codes: tuple[str, ...], means: Means
) -> Examined:
    from fluxbump.check import check as journey
    from fluxbump.check.evidence_parts import BASE_REFUSED, NO_BASE

    absent = BASE_REFUSED if how.base.without else NO_BASE
    return journey.examine_session(
        comparison.session,
        base=comparison.base or absent,
        known=how.known,
        codes=codes,
        means=means,
    )


def _renderer(
    session: Session[Snapshot], charts: ChartIndex | None
) -> AbstractContextManager[Renderer]:
    from fluxbump.check.rendering.renderer import renderer

    return renderer(session, charts)


def _charts(session: Session[Snapshot], console: Console) -> ChartIndex | None:
    """Return the chart index and note its source. None if it is not available."""
    from fluxbump.helm.chart_releases import ChartIndex

    loaded = session.chart_index
    if not isinstance(loaded, ChartIndex):
        return None
    console.say_index(loaded)
    return loaded


def _taken(rev: str | None, *, staged: bool) -> Callable[[Repository], Snapshot]:
    """Return the function that takes the snapshot to check."""
    from fluxbump.git.repository import Repository
    from fluxbump.workspace import at

    if rev is not None:
        return at(rev)
    return Repository.staged if staged else Repository.worktree


def _exclude(first: str, second: str, *given: object) -> None:
    """Refuse two options together. A value of None or False counts as not given."""
    if all(value is not None and value is not False for value in given):
        raise UsageError(f"{first} and {second} exclude each other")


def _require_one(**chosen: bool) -> None:
    if sum(chosen.values()) > 1:
        raise UsageError("--rev, --staged and --worktree exclude each other")


def _split(codes: str) -> tuple[str, ...]:
    return tuple(code.strip() for code in codes.split(",") if code.strip())


def _self_test(comparison: Comparison, how: _CheckRequest, console: Console) -> int:
    from fluxbump.check import check as journey
    from fluxbump.check.rules import RULES
    from fluxbump.reports import self_test as trials
    from fluxbump.system.process_pool import among_processes

    means = journey.means_of(comparison.session, spread=among_processes)
    results = journey.self_test(_examined(comparison, how, tuple(RULES), means))
    console.progress("")
    console.report(trials.render(results, console.paint()))
    return 0 if results and all(trial.finding for trial in results) else _FOUND
