"""The rule that all places which install the chart flux2 in one environment hold one version."""

from __future__ import annotations

from collections.abc import Iterator

from fluxbump.check.rules.rule import Evidence, Finding, Outcome, Related, Rule, Severity, Trait
from fluxbump.discover import chart_installs


def chart_agreement(evidence: Evidence) -> Iterator[Outcome]:
    """The chart flux2 is at one version in each environment."""
    pins = chart_installs.disagreeing(evidence.inventory)
    if not pins:
        return
    first, *others = pins
    other = next(pin for pin in others if pin.value != first.value)
    related = tuple(Related(pin.location, f"{pin.subject} holds {pin.value}") for pin in others)
    more = f" ({len(pins)} places in all)" if pins[2:] else ""
    message = f"{first.subject} holds {first.value}, but {other.location} holds {other.value}{more}"
    yield Finding("FB114", Severity.ERROR, message, first.location, related)


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
