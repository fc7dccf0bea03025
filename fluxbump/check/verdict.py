"""What the gate says of a snapshot. Pure values."""

from __future__ import annotations

from msgspec import Struct

from fluxbump.check.rules.rule import NotApplicable, NotRun
from fluxbump.helm.chart_releases import ChartIndex
from fluxbump.model import Finding, Location, Severity


class Suppression(Struct, frozen=True):
    """A statement that a finding is accepted.

    Attributes:
        code: of the rule.
        location: of the statement.
        path: glob over paths that it covers; for a comment, the file it stands in.
        line: the line that it covers; None for all lines.
        reason: why; empty where a comment gives none.
        example: it stands in a document's code block, where it need not cover anything.
    """

    code: str
    location: Location
    path: str
    line: int | None
    reason: str
    example: bool = False


class NewSuppression(Struct, frozen=True):
    """What a change newly accepts or excludes; the base does not have it.

    Attributes:
        location: of the statement.
        code: of the rule; None if files are excluded.
        statement: what is set aside, for people: `ignore: FB103 in *`, `exclude: docs/*`.
        reason: why; empty where none is given.
        applied: it counts in this verdict.
    """

    location: Location
    code: str | None
    statement: str
    reason: str
    applied: bool


class BaselineEntry(Struct, frozen=True):
    """A finding that a team had when it began, as its baseline file holds it.

    Attributes:
        code: of the rule.
        path: of the file that it is in.
        about: what is wrong, for people who read the file.
        fingerprint: tells it apart, whatever line it is on; see `check/fingerprints`.
    """

    code: str
    path: str
    about: str
    fingerprint: str


class AcceptedBefore(Struct, frozen=True):
    """What a baseline file accepts.

    Attributes:
        file: where the file is.
        findings: that it holds, and that are there still.
        stale: entries that match nothing any more.
    """

    file: str
    findings: tuple[Finding, ...]
    stale: tuple[BaselineEntry, ...] = ()


class Verdict(Struct, frozen=True):
    """What the gate says.

    Attributes:
        subject: what was looked at, for people: `working tree`, `index`, a revision.
        codes: of the rules that were selected.
        findings: what is wrong, by code and place.
        suppressed: findings that are accepted, each with the statement that does it.
        not_run: what could not be judged.
        not_applicable: what there is nothing to judge for.
        new_suppressions: what the change newly accepts or excludes; empty without a base.
        inherited: those of `findings` that the revision had that was named to compare with; None
            if none was. They count as ever, and reports tell what is new.
        accepted: what a baseline file accepts; None if there is none.
        index: the chart index, or the copy or table that answered for it; None if none did.
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
