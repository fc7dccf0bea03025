"""Tells which releases are installed by the pins that hold a range. Pure.

flux-operator installs the newest release that the range of a FluxInstance admits
(fluxcd.control-plane.io/operator/fluxinstance, "Distribution version").
"""

from __future__ import annotations

from collections.abc import Sequence

from semver import Version

from fluxbump.discover import release_installs
from fluxbump.discover.copies_and_archives import holds_copies
from fluxbump.model import Form, Inventory, Pin
from fluxbump.text import version_ranges, versions


def newest(pin: Pin, stable: Sequence[Version]) -> str | None:
    """Return the newest release that a pin admits; None if it admits no known release.

    Args:
        pin: holds a range, or no version, which admits all releases.
        stable: the known releases, oldest first.
    """
    if pin.form is Form.UNPINNED:
        return str(stable[-1]) if stable else None
    try:
        wanted = version_ranges.parse(pin.value)
    except version_ranges.ConstraintError:
        return None
    return next((str(version) for version in reversed(stable) if wanted.admits(version)), None)


def come_to(pins: Sequence[Pin], stable: Sequence[Version]) -> list[Version]:
    """Return the newest release that each pin admits, oldest first, without duplicates.

    Args:
        pins: hold ranges. A pin that admits no known release adds nothing.
        stable: the known releases, oldest first.
    """
    found = {versions.parse(newest(pin, stable) or "") for pin in pins}
    return sorted(release for release in found if release is not None)


def installs(inventory: Inventory) -> list[Pin]:
    """Return the pins that install Flux by a range, without those in tests and examples.

    The result is empty if any pin installs an exact release.
    """
    if release_installs.exact(inventory):
        return []
    ranges = [pin for pin in release_installs.sources(inventory) if pin.form is Form.RANGE]
    return [pin for pin in ranges if not holds_copies(pin.location.path)]
