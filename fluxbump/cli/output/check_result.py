"""Prints the verdict of `fluxbump check`, and decides its exit code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fluxbump.check.rules import having, need
from fluxbump.check.rules.rule import Trait
from fluxbump.cli.output.verdicts import say
from fluxbump.errors import IndexSourceError
from fluxbump.model import Severity
from fluxbump.reports.verbosity import View

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fluxbump.check.evidence import Evidence
    from fluxbump.check.verdict import Verdict
    from fluxbump.cli.console import Console
    from fluxbump.cli.output.verdict_options import ReportOptions
    from fluxbump.cli.output.verdicts import Sink
    from fluxbump.model import Step

_FOUND = 1


def say_check(
    verdict: Verdict,
    where: Sequence[Sink],
    how: ReportOptions,
    steps: Sequence[Step],
    console: Console,
    *,
    about: Evidence,
) -> None:
    """Print a verdict, and the suppressed and not applicable rules if the user asks for them.

    Raises:
        OutputError: a file cannot be written.
    """
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


def exit_code(verdict: Verdict, *, strict: bool, require_render: bool, console: Console) -> int:
    """Return the exit code: 1 if a finding stops the change, else 0.

    Args:
        verdict: the result of the check.
        strict: whether warnings and unchecked places stop the change too.
        require_render: whether the change is stopped if `helm template` could not be run.
        console: takes the reason if no finding shows it.

    Raises:
        IndexSourceError: an essential rule could not run.
    """
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
        # A gate that could not run an essential rule must not be green.
        raise IndexSourceError(
            f"{unjudged.code} could not be checked: {unjudged.reason}",
            hint=f"give --index, or leave the rule out: --ignore {unjudged.code}",
        )
    return 0
