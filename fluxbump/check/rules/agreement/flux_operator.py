"""The rule that flux-operator's charts and artifact hold one version (FB118)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fluxbump.check.rules.pin_findings import disagreement
from fluxbump.check.rules.rule import (
    Evidence,
    NotApplicable,
    Outcome,
    Rule,
    Severity,
    Trait,
)
from fluxbump.discover import environments
from fluxbump.discover.pins import traits
from fluxbump.discover.pins.kind import OPERATOR_CHARTS
from fluxbump.model import OPERATOR, Form, Pin
from fluxbump.text import versions

_CODE = "FB118"
_NEAR = 2
"""Levels of folders that two places of one cluster may be below their common folder."""


def operator_agreement(evidence: Evidence) -> Iterator[Outcome]:
    """Check that flux-operator's charts and artifact agree in each environment (FB118)."""
    pins = [
        pin
        for pin in evidence.inventory.pins
        if pin.track == OPERATOR and pin.form in (Form.EXACT, Form.OPAQUE) and _tells(pin)
    ]
    if not pins:
        yield NotApplicable(_CODE, "no version of flux-operator found")
        return
    odd = {pin: others for pin in pins if (others := _against(pin, pins))}
    if odd:
        places = dict.fromkeys([*odd, *(other for others in odd.values() for other in others)])
        yield disagreement(_CODE, Severity.WARNING, [*places])


def _tells(pin: Pin) -> bool:
    """Whether a pin tells a version. A digest alone does not, as each artifact has another one."""
    return pin.form is Form.EXACT or versions.parse(pin.value) is not None


def _against(pin: Pin, pins: Sequence[Pin]) -> list[Pin]:
    """Return the pins of the same cluster that contradict a pin.

    They contradict it if all of them hold another version. Pins of the same chart and pins of other
    charts are compared separately.
    """
    near = [other for other in pins if other is not pin and _together(pin, other)]
    same = [other for other in near if _part(other) == _part(pin)]
    others = [other for other in near if _part(other) != _part(pin)]
    return [
        other
        for some in (same, others)
        if all(place.value != pin.value for place in some)
        for other in some
    ]


def _part(pin: Pin) -> str:
    """Return the name of the chart or artifact that a pin is about; empty if it names none."""
    return next((name for name in sorted(OPERATOR_CHARTS, reverse=True) if name in pin.subject), "")


def _together(first: Pin, second: Pin) -> bool:
    """Whether two pins are about the same cluster.

    Two pins of the same chart are not, unless one bootstraps a cluster, or its folder contains the
    other one.
    """
    if environments.apart(first, second):
        return False
    bootstraps = [pin.kind in traits.BOOTSTRAP for pin in (first, second)]
    if any(bootstraps) and not all(bootstraps):
        return True
    folders, others = (pin.location.path.split("/")[:-1] for pin in (first, second))
    common = sum(1 for _ in _shared(folders, others))
    if _part(first) == _part(second):
        return common == min(len(folders), len(others))
    return max(len(folders), len(others)) - common <= _NEAR


def _shared(first: Sequence[str], second: Sequence[str]) -> Iterator[str]:
    for mine, theirs in zip(first, second, strict=False):
        if mine != theirs:
            return
        yield mine


RULES = (
    Rule(
        _CODE,
        "operator-agreement",
        Severity.WARNING,
        "The charts of flux-operator, and its artifact, are at one version in each environment.",
        operator_agreement,
        traits=frozenset({Trait.AGREEMENT}),
    ),
)
