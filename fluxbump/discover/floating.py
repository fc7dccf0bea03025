"""What the places come to that install Flux by a range. Pure.

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
    """Return the newest release that a place admits; None where none of the known ones fits.

    Args:
        pin: with a range, or with no version.
        stable: the releases that are known, oldest first.
    """
    if pin.form is Form.UNPINNED:
        return str(stable[-1]) if stable else None
    try:
        wanted = version_ranges.parse(pin.value)
    except version_ranges.ConstraintError:
        return None
    return next((str(version) for version in reversed(stable) if wanted.admits(version)), None)


def come_to(pins: Sequence[Pin], stable: Sequence[Version]) -> list[Version]:
    """Return the newest releases that places admit, oldest first, each once.

    Args:
        pins: with ranges; those that admit none of the known releases add nothing.
        stable: the releases that are known, oldest first.
    """
    found = {versions.parse(newest(pin, stable) or "") for pin in pins}
    return sorted(release for release in found if release is not None)


def installs(inventory: Inventory) -> list[Pin]:
    """Return the places that install Flux by a range; none where one installs an exact release.

    What a test installs is no cluster's.
    """
    if release_installs.exact(inventory):
        return []
    ranges = [pin for pin in release_installs.sources(inventory) if pin.form is Form.RANGE]
    return [pin for pin in ranges if not holds_copies(pin.location.path)]
