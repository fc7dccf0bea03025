"""The interface of an output format, and the places, titles and counts that formats share.

Text from a repository passes through `printable`, so that it cannot control a terminal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from fluxbump.check.rules.rule import Rule
from fluxbump.check.verdict import NewSuppression, Verdict
from fluxbump.model import Finding, Location, Severity, Step
from fluxbump.reports.table import Paint, printable


class Format(Protocol):
    """An output format of `fluxbump check`: a plain module that `registry.FORMATS` lists."""

    NAME: str
    """The format's name, as `--format` takes it and the docs print it."""

    def render(
        self,
        verdict: Verdict,
        rules: Mapping[str, Rule],
        paint: Paint,
        steps: Sequence[Step] = (),
    ) -> str:
        """Return the report about `verdict`.

        The text is never empty, has no final newline, and can be encoded as UTF-8.

        Args:
            verdict: the result of the check.
            rules: the rules by code; a code that is not among them is printed without its slug.
            paint: colors and the width, which only formats for a terminal use.
            steps: the commands to type next; a format that has no place for them omits them.
        """
        ...


def place(location: Location) -> str:
    """Return a place as `PATH:LINE:COLUMN`, which terminals and editors make a link."""
    path = printable(location.path)
    # GitHub's runner obeys a line that begins with `::`, whatever blanks stand before it; a path
    # that is one colon would make such a line with the colon behind it.
    start = "./" if path.lstrip().startswith(":") else ""
    return f"{start}{path}:{location.line}:{location.column}"


def slug(code: str, rules: Mapping[str, Rule]) -> str:
    """Return the slug of a rule; empty when there is no such rule."""
    rule = rules.get(code)
    return rule.slug if rule else ""


def title(code: str, rules: Mapping[str, Rule]) -> str:
    """Return the code and slug of a rule, for people: `FB103 version-agreement`."""
    return f"{code} {slug(code, rules)}".rstrip()


def codes(verdict: Verdict) -> tuple[str, ...]:
    """Return each code in a verdict once: the selected ones in their order, then the others."""
    found = (*every(verdict), *(finding for finding, _ in verdict.suppressed))
    seen = (
        *(finding.code for finding in found),
        *(skipped_rule.code for skipped_rule in verdict.not_run),
    )
    return tuple(dict.fromkeys((*verdict.codes, *seen)))


def new_suppression(suppression: NewSuppression) -> str:
    """Return what a change newly suppresses, whether that counts in this check, and the reason."""
    counts = "counts at once" if suppression.applied else "does not count here"
    reason = printable(suppression.reason) if suppression.reason else "no reason given"
    return f"{printable(suppression.statement)}, {counts} ({reason})"


def every(verdict: Verdict) -> tuple[Finding, ...]:
    """Return the findings, with those that a baseline file accepts, sorted by code and place."""
    accepted = verdict.accepted.findings if verdict.accepted else ()
    found = (*verdict.findings, *accepted)
    return (
        tuple(sorted(found, key=lambda finding: (finding.code, finding.location)))
        if accepted
        else found
    )


def of_severity(verdict: Verdict, severity: Severity) -> tuple[Finding, ...]:
    """Return the findings of one severity."""
    return tuple(finding for finding in verdict.findings if finding.severity is severity)


def summary(verdict: Verdict) -> str:
    """Return the counts of a verdict on one line: `3 errors, 2 suppressed, 1 rule not run`.

    The line never says that the check passed, because a rule that did not run has not passed.
    """
    parts = [count(verdict.findings) or "No findings"]
    if verdict.inherited is not None and verdict.findings:
        parts.append(f"{len(verdict.findings) - len(verdict.inherited)} of them new")
    if verdict.accepted is not None:
        parts.append(f"{len(verdict.accepted.findings)} accepted by the baseline")
    if verdict.suppressed:
        parts.append(f"{len(verdict.suppressed)} suppressed")
    if verdict.not_run:
        rules = _count(len({skipped_rule.code for skipped_rule in verdict.not_run}), "rule")
        parts.append(f"{rules} not run")
    return ", ".join(parts)


def count(findings: Iterable[Finding]) -> str:
    """Count findings by severity: `3 errors, 1 warning`. Empty if there are no findings."""
    counted = Counter(finding.severity for finding in findings)
    return ", ".join(
        _count(counted[severity], severity.value) for severity in Severity if counted[severity]
    )


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}" if number else ""
