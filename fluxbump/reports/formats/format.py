"""What all formats share: the seam, the words, and how a repository's text is made harmless."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from fluxbump.check.rules.rule import Rule
from fluxbump.check.verdict import NewSuppression, Verdict
from fluxbump.model import Finding, Location, Severity, Step
from fluxbump.reports.table import Paint, printable


class Format(Protocol):
    """One way to say a verdict. Plain modules satisfy it; `registry.FORMATS` lists them."""

    NAME: str
    """The format's name, as `--format` takes it and the docs print it."""

    def render(
        self,
        verdict: Verdict,
        rules: Mapping[str, Rule],
        paint: Paint,
        steps: Sequence[Step] = (),
    ) -> str:
        """Say `verdict`; never empty, without a final newline, and always encodes as UTF-8.

        A code that is not in `rules` is said without its slug. Only formats that a terminal shows
        use `paint`. `steps` is what a reader can type next; formats with no place for that leave
        it out.
        """
        ...


def place(location: Location) -> str:
    """Say a place the way that terminals and editors make clickable."""
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
    """Name a rule for people: `FB103 version-agreement`."""
    return f"{code} {slug(code, rules)}".rstrip()


def codes(verdict: Verdict) -> tuple[str, ...]:
    """All codes that a verdict is about: those that were selected first, in their order."""
    found = (*every(verdict), *(finding for finding, _ in verdict.suppressed))
    seen = (
        *(finding.code for finding in found),
        *(skipped_rule.code for skipped_rule in verdict.not_run),
    )
    return tuple(dict.fromkeys((*verdict.codes, *seen)))


def new_suppression(suppression: NewSuppression) -> str:
    """Say what a change newly sets aside, and whether that counts here; without the place."""
    counts = "counts at once" if suppression.applied else "does not count here"
    reason = printable(suppression.reason) if suppression.reason else "no reason given"
    return f"{printable(suppression.statement)}, {counts} ({reason})"


def every(verdict: Verdict) -> tuple[Finding, ...]:
    """Return what is wrong, and what a baseline file accepts of it, by rule and place."""
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
    """Count everything on one line: `3 errors, 1 warning, 2 suppressed, 1 rule not run`.

    Nothing here says that all is well: a rule that did not run has not passed.
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
    """Count findings by severity: `3 errors, 1 warning`; nothing if there are none."""
    counted = Counter(finding.severity for finding in findings)
    return ", ".join(
        _count(counted[severity], severity.value) for severity in Severity if counted[severity]
    )


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}" if number else ""
