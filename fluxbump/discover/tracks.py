"""What each version line of a repository holds now. Pure."""

from __future__ import annotations

from semver import Version

from fluxbump.errors import PinError
from fluxbump.model import FLUX, FLUX2, Form, Inventory, Track
from fluxbump.text import versions


def current(inventory: Inventory) -> dict[Track, str]:
    """Tell what each track holds now.

    `flux` is what the install URLs hold, `flux2` what the wrappers depend on (the oldest, when
    they disagree), a chart's track is the version in its Chart.yaml.
    """
    held: dict[Track, str] = {}
    for track, kinds in ((FLUX, FLUX_SOURCES), (FLUX2, FLUX2_SOURCES)):
        for kind in kinds:
            values = _values(inventory, kind, track)
            if values and track not in held:
                held[track] = min(values, key=lambda value: versions.parse(value) or _LOWEST)
    held |= {chart.track: chart.version for chart in inventory.charts}
    return held


_LOWEST = Version(0)
FLUX_SOURCES = ("install-url", "variable", "custom")
"""Kinds of pin that say which release is installed; the first that a repository has counts."""
FLUX2_SOURCES = (
    *("chart-dependency", "helm-release", "terraform", "helm-command", "crossplane"),
    *("embedded-manifest", "kustomize-override", "chart-archive", "variable", "custom"),
)
"""Kinds of pin that say which chart release is shipped; the first that a repository has counts."""


def _values(inventory: Inventory, kind: str, track: Track) -> set[str]:
    return {
        pin.value
        for pin in inventory.pins
        if pin.kind == kind and pin.track == track and pin.form is Form.EXACT
    }


def require_pins(inventory: Inventory, message: str) -> None:
    """Refuse a repository that has nothing to do with Flux's versions.

    Raises:
        PinError: it pins nothing, and holds no candidate that could not be read.
    """
    if not any(pin.track in (FLUX, FLUX2) for pin in inventory.pins) and not inventory.unreadable:
        raise PinError(message, hint="is this the right repository and revision? see --repo, --rev")
