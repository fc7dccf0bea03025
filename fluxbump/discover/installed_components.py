"""Tells which controllers of Flux a repository installs, if its pins name them. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from fluxbump.discover.pins import KINDS
from fluxbump.discover.pins.kind import Selective
from fluxbump.discover.tracks import installs
from fluxbump.model import FLUX, FLUX2, Inventory, Pin
from fluxbump.text.live_code import TextFile


def of(pin: Pin, files: Mapping[str, str]) -> frozenset[str] | None:
    """Return the names of the controllers that a pin installs; None if they are not known.

    Args:
        pin: installs a release or a chart.
        files: the text of each candidate, by path.
    """
    kind, text = KINDS.get(pin.kind), files.get(pin.location.path)
    if text is None or not isinstance(kind, Selective):
        return None
    return kind.components(TextFile(pin.location.path, text), pin)


def everywhere(inventory: Inventory) -> frozenset[str] | None:
    """Return the names of all installed controllers; None if a pin's controllers are not known."""
    pins = [*installs(inventory.pins, FLUX), *installs(inventory.pins, FLUX2)]
    found = frozenset[str]()
    for pin in pins:
        installed = of(pin, inventory.files)
        if installed is None:
            return None
        found |= installed
    return found or None
