"""The verdict of the gate on a snapshot, and the accepted findings in it. Pure values."""

from __future__ import annotations

from msgspec import Struct

from fluxbump.check.rules.rule import NotApplicable, NotRun
from fluxbump.helm.chart_releases import ChartIndex
from fluxbump.model import Finding, Location, Severity


class Suppression(Struct, frozen=True):
    """A statement, in a comment or in fluxbump.yaml, that findings of a rule are accepted.

    Attributes:
        code: the code of the rule.
        location: the place of the statement.
        path: the glob over paths that it covers; for a comment, the path of its file.
        line: the line that it covers; None for all lines.
        reason: why the findings are accepted; empty if a comment gives no reason.
        example: True if it is in a code block of a document. It may be an example there, so it is
            not called unused.
    """

    code: str
    location: Location
    path: str
    line: int | None
    reason: str
    example: bool = False


class NewSuppression(Struct, frozen=True):
    """A statement that accepts findings or excludes files, and that the base does not have.

    Attributes:
        location: the place of the statement.
        code: the code of the rule; None if the statement excludes files.
        statement: the statement, for people: `ignore: FB103 in *`, `exclude: docs/*`.
        reason: the reason that it gives; empty if it gives none.
        applied: True if the statement already counts in this verdict.
    """

    location: Location
    code: str | None
    statement: str
    reason: str
    applied: bool


class BaselineEntry(Struct, frozen=True):
    """A finding that a team had when it began, as its baseline file holds it.

    Attributes:
        code: the code of the rule.
        path: the path of the file that the finding is in.
        about: the problem, for people who read the baseline file.
        fingerprint: the hash that identifies the finding on any line (`check/fingerprints`).
    """

    code: str
    path: str
    about: str
    fingerprint: str


class AcceptedBefore(Struct, frozen=True):
    """The findings that a baseline file accepts.

    Attributes:
        file: the path of the baseline file.
        findings: the findings of this check that the file lists.
        stale: the entries of the file that match no finding any more.
    """

    file: str
    findings: tuple[Finding, ...]
    stale: tuple[BaselineEntry, ...] = ()


class Verdict(Struct, frozen=True):
    """The result of running the rules on a snapshot.

    Attributes:
        subject: the name of the snapshot, for people: `working tree`, `index`, a revision.
        codes: the codes of the rules that were selected.
        findings: the findings that count, in the order of code and place.
        suppressed: the accepted findings, each with the statement that accepts it.
        not_run: the rules that could not check something, and why.
        not_applicable: the rules that had nothing to check, and why.
        new_suppressions: what the change newly accepts or excludes; empty without a base.
        inherited: those of `findings` that the base had already, if the user named a revision to
            compare with, else None. They count like the others. Reports use them to show what is
            new.
        accepted: the findings that a baseline file accepts; None if there is no such file.
        index: the chart index, or the copy or table that was used instead; None if there was none.
    """

    subject: str
    codes: tuple[str, ...]
    findings: tuple[Finding, ...]
    suppressed: tuple[tuple[Finding, Suppression], ...] = ()
    not_run: tuple[NotRun, ...] = ()
    not_applicable: tuple[NotApplicable, ...] = ()
    new_suppressions: tuple[NewSuppression, ...] = ()
    inherited: frozenset[Finding] | None = None
    accepted: AcceptedBefore | None = None
    index: ChartIndex | None = None

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that make a check fail."""
        return tuple(finding for finding in self.findings if finding.severity is Severity.ERROR)

    @property
    def listed(self) -> tuple[Finding, ...]:
        """The findings that reports list: what is new, and every error, since that fails."""
        counted = self.counted
        return tuple(finding for finding in self.findings if finding not in counted)

    @property
    def counted(self) -> frozenset[Finding]:
        """The findings that reports only count: warnings and notes that were there before."""
        old = self.inherited or frozenset()
        return frozenset(finding for finding in old if finding.severity is not Severity.ERROR)
