"""What all rules share: the seam, and what a rule is given to judge."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from fluxbump.model import Finding, Inventory, Related, Severity


@dataclass(frozen=True, slots=True)
class Evidence:
    """What rules judge.

    Attributes:
        inventory: of the snapshot in question.
        app_versions: chart version to Flux release, as the chart index says.
    """

    inventory: Inventory
    app_versions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    Attributes:
        code: stable, `FB103`.
        slug: stable, for people: `version-agreement`.
        severity: of its findings.
        check: yields what is wrong; pure.
    """

    code: str
    slug: str
    severity: Severity
    check: Callable[[Evidence], Iterator[Finding]]


__all__ = ["Evidence", "Finding", "Related", "Rule", "Severity"]
