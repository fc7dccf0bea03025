"""What each version line of a repository holds now. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from semver import Version

from fluxbump.discover.pins import KINDS
from fluxbump.errors import PinError
from fluxbump.model import FLUX, FLUX2, OPERATOR, Form, Inventory, Pin, Role, Track
from fluxbump.text import versions

_LOWEST = Version(0)
_OF_FLUX = (FLUX, FLUX2, OPERATOR)
_ORDER = {name: number for number, name in enumerate(KINDS)}


def current(inventory: Inventory) -> dict[Track, str]:
    """Tell what each track holds now.

    `flux` is what install URLs and their like hold, `flux2` what the wrappers depend on (the
    oldest, when they disagree), `flux-operator` what its charts hold, and a chart's
    track is the version in its Chart.yaml.
    """
    held: dict[Track, str] = {}
    for track in (FLUX, FLUX2):
        values = {pin.value for pin in first_installs(inventory.pins, track)}
        if values:
            held[track] = min(values, key=lambda value: versions.parse(value) or _LOWEST)
    operator = {p.value for p in pins_of(inventory.pins, OPERATOR) if p.form is Form.EXACT}
    if operator:
        held[OPERATOR] = min(operator, key=lambda value: versions.parse(value) or _LOWEST)
    held |= {chart.track: chart.version for chart in inventory.charts}
    return held


def pins_of(pins: Iterable[Pin], track: Track) -> list[Pin]:
    """Return the pins of a track."""
    return [pin for pin in pins if pin.track == track]


def installs(pins: Iterable[Pin], track: Track) -> list[Pin]:
    """Return the pins that say which version of a track is installed, in the order of `KINDS`."""
    found = (pin for pin in pins if pin.track == track and pin.role is Role.INSTALLS)
    return sorted(found, key=lambda pin: _ORDER[pin.kind])


def first_installs(pins: Iterable[Pin], track: Track) -> list[Pin]:
    """Return those of the first kind of which any is exact, as far as they are exact."""
    exact = (pin for pin in installs(pins, track) if pin.form is Form.EXACT)
    return next((list(same) for _, same in groupby(exact, key=lambda pin: pin.kind)), [])


def require_pins(inventory: Inventory, message: str) -> None:
    """Refuse a repository that has nothing to do with Flux's versions.

    Raises:
        PinError: it pins nothing, and holds no candidate that could not be read.
    """
    if not any(pin.track in _OF_FLUX for pin in inventory.pins) and not inventory.unreadable:
        raise PinError(message, hint="is this the right repository and revision? see --repo, --rev")
