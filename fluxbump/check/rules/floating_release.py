"""The rule about installs of Flux by a range or no version, checked by today's release (FB119)."""

from __future__ import annotations

from collections.abc import Iterator

from fluxbump.check.rules.pin_findings import of_pin
from fluxbump.check.rules.rule import (
    Evidence,
    Finding,
    NotApplicable,
    Outcome,
    Related,
    Rule,
    Severity,
    Trait,
)
from fluxbump.discover import floating, release_installs
from fluxbump.discover.pins import traits
from fluxbump.model import Form, Pin
from fluxbump.text import version_ranges, versions

_CODE = "FB119"


def floating_release(evidence: Evidence) -> Iterator[Outcome]:
    """Check that an install that is not exact gets the release of the other installs (FB119)."""
    pins = [pin for pin in release_installs.sources(evidence.inventory) if _floats(pin)]
    if not pins:
        yield NotApplicable(_CODE, "every install of Flux here is exact, or takes a variable")
        return
    stable = evidence.stable
    for pin in pins:
        yield _judged(pin, floating.newest(pin, stable), evidence)


def _floats(pin: Pin) -> bool:
    """Whether a pin may take the newest release. FB102 requires exact ones of some kinds."""
    return pin.kind not in traits.ONE_RELEASE and pin.form in (Form.RANGE, Form.UNPINNED)


def _admits(pin: Pin, version: str) -> bool:
    parsed = versions.parse(version)
    if pin.form is Form.UNPINNED or parsed is None:
        return True
    return version_ranges.parse(pin.value).admits(parsed)


def _judged(pin: Pin, newest: str | None, evidence: Evidence) -> Finding:
    if pin.form is Form.RANGE and not version_ranges.is_constraint(pin.value):
        neither = f"holds {pin.value}, which is neither a version nor a range"
        return _finding(Severity.WARNING, pin, neither)
    held = f"the range {pin.value}" if pin.form is Form.RANGE else f"{pin.value or 'no version'}"
    if newest is None:
        return _finding(
            Severity.WARNING, pin, f"holds {held}, which admits no release that is known"
        )
    today = f"holds {held}, today Flux {newest} (of the known releases)"
    every = release_installs.exact(evidence.inventory)
    # Two places of one kind are two clusters: a cluster has one FluxInstance.
    near = [
        other
        for other in every
        if other.value != newest
        and other.kind != pin.kind
        and not release_installs.apart(other, pin)
    ]
    others = [other for other in near if _admits(pin, other.value)]  # FB102 says what is excluded
    if others:
        first = others[0]
        tail = f"{today}, but {first.location} installs {first.value}. Write an exact version"
        related = Related(first.location, f"holds {first.value}")
        return _finding(Severity.WARNING, pin, tail, related)
    loose = pin.form is Form.UNPINNED
    severity = Severity.WARNING if loose else Severity.NOTE
    return _finding(severity, pin, f"{today}. The next release moves it without a commit")


def _finding(severity: Severity, pin: Pin, tail: str, *related: Related) -> Finding:
    return of_pin(_CODE, severity, pin, tail, *related, about=f"{pin.subject} floats")


RULES = (
    Rule(
        _CODE,
        "floating-release",
        Severity.WARNING,
        "An install of Flux that is not exact comes to the release that others install.",
        floating_release,
        traits=frozenset({Trait.AGREEMENT}),
    ),
)
