"""Groups findings that differ only in their subject, and sorts them by danger. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from msgspec import Struct

from fluxbump.check import rules
from fluxbump.check.rules.rule import Danger
from fluxbump.model import Finding, Severity

_SEVERITIES = tuple(Severity)


class FindingGroup(Struct, frozen=True):
    """Findings of one rule and one severity that say the same of different subjects.

    Attributes:
        code: the code of the rule.
        severity: the severity that all findings of the group have.
        findings: the findings, at least one, in the order of their places.
    """

    code: str
    severity: Severity
    findings: tuple[Finding, ...]

    @property
    def message(self) -> str:
        """The message of a single finding, or what all findings say of their subjects."""
        first = self.findings[0]
        return shared(first) if len(self.findings) > 1 else first.message

    @property
    def folders(self) -> tuple[tuple[str, int], ...]:
        """The folders of the findings with the number of findings in each, the highest first."""
        counted = Counter(
            finding.location.path.rpartition("/")[0] or "." for finding in self.findings
        )
        return tuple(sorted(counted.items(), key=lambda pair: (-pair[1], pair[0])))


def shared(finding: Finding) -> str:
    """Return the text that a finding shares with the others of its group: its gist."""
    return finding.gist or finding.message


def danger(code: str) -> Danger:
    """Return the danger of the findings of a rule; the least one for a code of no rule."""
    rule = rules.RULES.get(code)
    return rule.danger if rule else Danger.TELLS


def worst_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Sort findings: errors first, then by danger, by rule and by place."""
    return tuple(
        sorted(
            findings,
            key=lambda finding: (
                _SEVERITIES.index(finding.severity),
                danger(finding.code),
                finding.code,
                finding.location,
            ),
        )
    )


def grouped(findings: Iterable[Finding]) -> tuple[FindingGroup, ...]:
    """Return the groups of findings in the order of `worst_first`."""
    found: dict[tuple[str, Severity, str], list[Finding]] = {}
    for finding in worst_first(findings):
        found.setdefault((finding.code, finding.severity, shared(finding)), []).append(finding)
    return tuple(
        FindingGroup(code, severity, tuple(some)) for (code, severity, _), some in found.items()
    )
