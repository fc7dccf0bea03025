"""Says which rules must refuse a fault that the self-test plants. Pure.

This repeats facts of the rules on purpose: taken from the rules, it would prove nothing.
"""

from __future__ import annotations

from fluxbump.discover.pins import traits
from fluxbump.model import FLUX, FLUX2, OPERATOR, Inventory, Pin, Role, TrackKind
from fluxbump.text.live_code import TextFile

NOT_PINNED = ("FB102",)
"""The rules that refuse an install URL of the latest release."""
A_RANGE = ("FB101",)
"""The rules that refuse a dependency that is a range."""
NO_MIRROR = ("FB104",)
"""The rules that refuse the removal of a values mirror."""

_INSTALLED_TAG = (TrackKind.IMAGE, Role.INSTALLS)
_IN_URL = 2  # versions in the URL of a chart's archive
_OWN = (
    (traits.WHOLE_MANIFEST, ("FB116",)),
    (traits.MODULE, ("FB117",)),
    (traits.MIRROR, ("FB104",)),
    (traits.OWN_VERSION, ("FB107", "FB108", "FB109", "FB110")),
    (traits.APP_VERSION | traits.REPEATS_CHART, ("FB110",)),
    (traits.DIGEST, ("FB121",)),
)
"""The rules for kinds of pin that have rules of their own; role and track decide for others."""


def another_version(pin: Pin, inventory: Inventory) -> tuple[str, ...]:
    """Return the rules, one of which must refuse another version at a pin; empty if none can."""
    if pin.kind in traits.CONTROLLER_IMAGE or (pin.track.kind, pin.role) == _INSTALLED_TAG:
        return ("FB113",) if _is_compared(pin, inventory) else ()
    for kinds, codes in _OWN:
        if pin.kind in kinds:
            return codes
    if pin.track == OPERATOR:
        return ("FB118",)
    if pin.track in (FLUX, FLUX2) or pin.track.kind is TrackKind.IMAGE:
        return _upstream(pin, inventory)
    if pin.track.kind is TrackKind.CHART:
        return ("FB108",) if pin.kind in traits.WRAPPED else ("FB109",)
    return ()


def _is_compared(tag: Pin, inventory: Inventory) -> bool:
    """Whether a controller's tag must agree with anything: an install, or another tag."""
    return any(pin is not tag and pin.role is Role.INSTALLS for pin in inventory.pins)


def _upstream(pin: Pin, inventory: Inventory) -> tuple[str, ...]:
    """Return the rules, one of which must refuse another release or chart flux2 at a pin."""
    if _is_repeated(pin, inventory):
        return ()  # with two versions in the file it is no pin any more, but a note
    if pin.kind in traits.VARIABLE and any(_same_variable(pin, held) for held in inventory.pins):
        return ()  # set twice: with another version it is no pin any more, and listed
    if pin.track == FLUX2:
        return ("FB103", "FB112" if pin.kind in traits.WRAPPED else "FB114")
    if pin.role in (Role.TOOL, Role.REFERENCE):
        return ("FB117",)
    # FB117: a single place has only tools and references to disagree with.
    return ("FB102", "FB103", "FB117")


def _is_repeated(pin: Pin, inventory: Inventory) -> bool:
    """Whether the URL of a pin is repeated in a file that counts only if it names one release."""
    path = pin.location.path
    same = [p for p in inventory.pins if (p.kind, p.location.path) == (pin.kind, path)]
    if pin.kind in traits.ARCHIVE:
        return len(same) > _IN_URL
    program = TextFile(path, inventory.files[path]).is_program
    return pin.kind in traits.INSTALL_URL and program and len(same) > 1


def _same_variable(pin: Pin, other: Pin) -> bool:
    return other is not pin and (other.kind, other.subject) == (pin.kind, pin.subject)
