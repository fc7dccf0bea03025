"""The rule that the places of flux-operator hold one version."""

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
"""How many folders up two places have one in common that belong to one cluster."""


def operator_agreement(evidence: Evidence) -> Iterator[Outcome]:
    """The charts of flux-operator and its artifact are at one version in each environment."""
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
    """Whether a place tells a version: a digest alone tells none, and each artifact has its own."""
    return pin.form is Form.EXACT or versions.parse(pin.value) is not None


def _against(pin: Pin, pins: Sequence[Pin]) -> list[Pin]:
    """Return the places beside a place that hold another version, where none of them has its own.

    Those of the same chart are looked at by themselves, and so are those of the other ones.
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
    """Tell which chart or artifact a place is about; nothing where its name does not say it."""
    return next((name for name in sorted(OPERATOR_CHARTS, reverse=True) if name in pin.subject), "")


def _together(first: Pin, second: Pin) -> bool:
    """Whether two places speak of the same cluster.

    Two places of the same chart do not, unless one is the bootstrap of the other, or above it.
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
