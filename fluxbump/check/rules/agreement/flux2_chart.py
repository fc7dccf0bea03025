"""The rule that in one environment all installs of the chart flux2 hold one version (FB114)."""

from __future__ import annotations

from collections.abc import Iterator

from fluxbump.check.rules.pin_findings import disagreement
from fluxbump.check.rules.rule import Evidence, Outcome, Rule, Severity, Trait
from fluxbump.discover import chart_installs


def chart_agreement(evidence: Evidence) -> Iterator[Outcome]:
    """Check that the chart flux2 is at one version in each environment (FB114)."""
    pins = chart_installs.disagreeing(evidence.inventory)
    if pins:
        yield disagreement("FB114", Severity.ERROR, pins)


RULES = (
    Rule(
        "FB114",
        "chart-agreement",
        Severity.ERROR,
        "All places that install the chart flux2 in one environment hold the same version.",
        chart_agreement,
        traits=frozenset({Trait.AGREEMENT}),
        broken="places that install the chart flux2 disagree",
    ),
)
