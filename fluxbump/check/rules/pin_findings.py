"""Makes the findings of rules about pins: what a pin holds, and what it contradicts. Pure."""

from __future__ import annotations

from collections.abc import Sequence, Set

from fluxbump.check.rules.rule import Evidence
from fluxbump.discover import opaque_pins
from fluxbump.model import Finding, Form, Pin, Related, Severity


def of_kinds(evidence: Evidence, kinds: Set[str]) -> list[Pin]:
    """Return the pins whose kind is one of `kinds`."""
    return [pin for pin in evidence.inventory.pins if pin.kind in kinds]


def holds(pin: Pin) -> str:
    """Return what a pin holds, for people; the form of the pin decides the words."""
    if pin.form is Form.EXACT:
        return pin.value
    return {
        Form.RANGE: f"the range {pin.value}",
        Form.VARIABLE: f"the variable {pin.value}",
        Form.UNPINNED: f"{pin.value or 'no version'}, which is the newest version",
        Form.OPAQUE: opaque_pins.held(pin),
        Form.COMMIT: f"a commit, {pin.value}",
    }[pin.form]


def error_at(code: str, pin: Pin, message: str, *related: Related, gist: str = "") -> Finding:
    """Return an error at a pin; `Finding` describes the arguments."""
    return Finding(code, Severity.ERROR, message, pin.location, related, gist=gist)


def of_pin(
    code: str, severity: Severity, pin: Pin, tail: str, *related: Related, about: str = ""
) -> Finding:
    """Return a finding about a pin. Pins of the same kind with the same `tail` form a group.

    Args:
        code: the code of the rule.
        severity: the severity of the finding.
        pin: the pin, which is the subject of the message.
        tail: the message without its subject.
        related: the other places that the finding is about.
        about: the field `about` of the finding.
    """
    message, gist = f"{pin.subject} {tail}", f"a place ({pin.kind}) {tail}"
    return Finding(code, severity, message, pin.location, related, about, gist)


def disagreement(code: str, severity: Severity, pins: Sequence[Pin]) -> Finding:
    """Return one finding, at the first pin, for pins that must hold the same version.

    Args:
        code: the code of the rule.
        severity: the severity of the finding.
        pins: all pins; at least one of them differs from the first.
    """
    first, *others = pins
    other = next(pin for pin in others if pin.value != first.value)
    related = tuple(Related(pin.location, f"{pin.subject} holds {pin.value}") for pin in others)
    more = f" ({len(pins)} places in all)" if pins[2:] else ""
    message = f"{first.subject} holds {first.value}, but {other.location} holds {other.value}{more}"
    return Finding(code, severity, message, first.location, related)
