"""Places that install Flux by a range: what a range comes to, and which range comes after it. Pure.

flux-operator installs the newest release that the range of a FluxInstance admits
(fluxcd.control-plane.io/operator/fluxinstance, "Distribution version").
"""

from __future__ import annotations

from collections.abc import Sequence

from semver import Version

from fluxbump.discover import installers
from fluxbump.model import FLUX, Form, Inventory, Pin
from fluxbump.text import version_ranges, versions
from fluxbump.text.patterns import lazy_pattern

_PLAIN = lazy_pattern(
    r"(?P<sign>v?)(?P<line>(?:0|[1-9][0-9]{0,8})\.(?:0|[1-9][0-9]{0,8}))(?P<any>\.[xX*])?"
)
"""A line of releases, and nothing else: `2.4.x`, `2.4.*`, `2.4`."""


_RANGES = ("flux-instance", "flux-manifests", "embedded-manifest", "kustomize-override")
"""The kinds whose readers take a range of releases; a URL has no such tag."""


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
    return next((str(one) for one in reversed(stable) if wanted.admits(one)), None)


def installs(inventory: Inventory) -> list[Pin]:
    """Return the places that install Flux by a range; none where one installs an exact release."""
    if installers.exact(inventory):
        return []
    return [pin for pin in installers.sources(inventory) if pin.form is Form.RANGE]


def moved(pin: Pin, release: str) -> str | None:
    """Return what the range of a pin becomes, which stands for another line of releases then.

    Args:
        pin: that holds a range.
        release: to go to, without a leading `v`.

    Returns:
        None where the range is not that of one line of releases, admits the release, or does not
        stand in its file as it is.
    """
    plain = _PLAIN.fullmatch(pin.value)
    version = versions.parse(release)
    as_it_is = pin.end - pin.start == len(pin.value)
    if plain is None or version is None or not as_it_is:
        return None
    if pin.kind not in _RANGES or (pin.track, pin.form) != (FLUX, Form.RANGE):
        return None
    line = f"{version.major}.{version.minor}"
    return None if line == plain["line"] else f"{plain['sign']}{line}{plain['any'] or ''}"


def lowest(text: str) -> Version | None:
    """Return a version, or the first release of a line of releases; None for any other text."""
    plain = _PLAIN.fullmatch(text)
    return versions.parse(f"{plain['line']}.0") if plain else versions.parse(text)
