"""What the gate says of a snapshot. Pure values."""

from __future__ import annotations

from msgspec import Struct

from fluxbump.check.rules.rule import NotApplicable, NotRun
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


class Verdict(Struct, frozen=True):
    """What the gate says.

    Attributes:
        subject: what was looked at, for people: `work tree`, `index`, a revision.
        codes: of the rules that were selected.
        findings: what is wrong, by code and place.
        suppressed: findings that are accepted, each with the statement that does it.
        not_run: what could not be judged.
        not_applicable: what there is nothing to judge for.
        new_suppressions: what the change newly accepts or excludes; empty without a base.
    """

    subject: str
    codes: tuple[str, ...]
    findings: tuple[Finding, ...]
    suppressed: tuple[tuple[Finding, Suppression], ...] = ()
    not_run: tuple[NotRun, ...] = ()
    not_applicable: tuple[NotApplicable, ...] = ()
    new_suppressions: tuple[NewSuppression, ...] = ()

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that make a check fail."""
        return tuple(one for one in self.findings if one.severity is Severity.ERROR)
