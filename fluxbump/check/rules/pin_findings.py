"""How rules word what is wrong with a pin: what it holds, and whom it contradicts. Pure."""

from __future__ import annotations

from collections.abc import Sequence, Set

from fluxbump.check.rules.rule import Evidence
from fluxbump.discover import opaque_pins
from fluxbump.model import Finding, Form, Pin, Related, Severity


def of_kinds(evidence: Evidence, kinds: Set[str]) -> list[Pin]:
    """Return the pins of some kinds."""
    return [pin for pin in evidence.inventory.pins if pin.kind in kinds]


def holds(pin: Pin) -> str:
    """Say what a pin holds, in whatever form."""
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
    """Make the error that a rule has at a pin; see `Finding`."""
    return Finding(code, Severity.ERROR, message, pin.location, related, gist=gist)


def of_pin(
    code: str, severity: Severity, pin: Pin, tail: str, *related: Related, about: str = ""
) -> Finding:
    """Make a finding whose group are the pins of one kind of which a rule says the same.

    Args:
        code: of the rule.
        severity: how bad.
        pin: the subject.
        tail: what is said of it, a sentence without its subject.
        related: the other places.
        about: see `Finding`.
    """
    message, gist = f"{pin.subject} {tail}", f"a place ({pin.kind}) {tail}"
    return Finding(code, severity, message, pin.location, related, about, gist)


def disagreement(code: str, severity: Severity, pins: Sequence[Pin]) -> Finding:
    """Make the one finding for pins that should hold the same version, at the first of them.

    Args:
        code: of the rule.
        severity: how bad.
        pins: all places, at least two of which hold different versions.
    """
    first, *others = pins
    other = next(pin for pin in others if pin.value != first.value)
    related = tuple(Related(pin.location, f"{pin.subject} holds {pin.value}") for pin in others)
    more = f" ({len(pins)} places in all)" if pins[2:] else ""
    message = f"{first.subject} holds {first.value}, but {other.location} holds {other.value}{more}"
    return Finding(code, severity, message, first.location, related)
