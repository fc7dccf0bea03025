"""What a pin holds, for rules that compare pins: in words, and as a finding. Pure."""

from __future__ import annotations

from collections.abc import Set

from fluxbump.check.rules.rule import Evidence
from fluxbump.discover import opaque_pins
from fluxbump.model import Finding, Form, Pin, Related, Severity


def of_kinds(evidence: Evidence, kinds: Set[str]) -> list[Pin]:
    """Return the pins of some kinds."""
    return [pin for pin in evidence.inventory.pins if pin.kind in kinds]


def error_at(code: str, pin: Pin, message: str, *related: Related, gist: str = "") -> Finding:
    """Make the error that a rule has at a pin; see `Finding`."""
    return Finding(code, Severity.ERROR, message, pin.location, related, gist=gist)


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
