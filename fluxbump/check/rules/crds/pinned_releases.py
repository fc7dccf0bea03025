"""Finds the releases that pins stand for, and words conflicts of their CRDs. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from fluxbump.check.evidence_parts import Absent
from fluxbump.check.rules.rule import Evidence, NotRun
from fluxbump.discover import chart_installs, floating, release_installs
from fluxbump.discover.pins import traits
from fluxbump.discover.tracks import installs
from fluxbump.flux import controller_images
from fluxbump.flux.stored_versions import Conflict
from fluxbump.model import FLUX, FLUX2, Inventory, Pin


class Holds(Struct, frozen=True):
    """A pin, and the Flux release that it stands for.

    Attributes:
        pin: the pin of a release or of a chart.
        release: the release; None if nothing says which release the chart ships.
    """

    pin: Pin
    release: str | None

    @property
    def words(self) -> str:
        """The release, and the chart if the pin is one of a chart, for people."""
        chart = f" (flux2 {self.pin.value})" if self.pin.track == FLUX2 else ""
        return f"Flux {self.release}{chart}"


def install_pins(inventory: Inventory, evidence: Evidence) -> list[Holds]:
    """Return the pins that install a release: exact ones, or else ranges, or else images."""
    exact = [Holds(pin, pin.value) for pin in release_installs.exact(inventory)]
    ranges = floating.installs(inventory)
    known = evidence.stable if ranges else []
    found = ((pin, floating.newest(pin, known)) for pin in ranges)
    return exact or [Holds(pin, release) for pin, release in found if release] or _images(inventory)


def _images(inventory: Inventory) -> list[Holds]:
    """Return the release of the controllers' images, if no other pin installs Flux."""
    if any(installs(inventory.pins, track) for track in (FLUX, FLUX2)):
        return []
    found = controller_images.installed(inventory)
    return [Holds(found[0], found[1][-1])] if found else []


def first_installs(inventory: Inventory) -> list[Holds]:
    """Return the pins that may be applied before a chart.

    Files that `flux bootstrap` commits are not among them: Flux applies them again and again.
    """
    return [
        Holds(pin, pin.value)
        for pin in release_installs.exact(inventory)
        if pin.kind not in traits.BOOTSTRAPPED
    ]


def chart_pins(inventory: Inventory, evidence: Evidence) -> list[Holds]:
    """Return the exact pins of the community chart, with the release that each ships."""
    vendored = inventory is evidence.inventory
    pins = chart_installs.exact(inventory)
    return [Holds(pin, evidence.shipped(pin, vendored=vendored)[0]) for pin in pins]


def unknown_crds(code: str, evidence: Evidence, *pins: Holds) -> NotRun | None:
    """Return why the CRDs of one of `pins` are not known; None if all are known."""
    for pin in pins:
        if pin.release is None:
            if isinstance(evidence.index, Absent):
                return NotRun(code, evidence.index.reason)
            return NotRun(code, f"flux2 {pin.pin.value} is not in the chart index")
        if pin.release not in evidence.crds:
            why = evidence.why_unknown(pin.release)
            return NotRun(code, f"the CRDs of Flux {pin.release} are not known{why}")
    return None


def first_conflict(conflicts: tuple[Conflict, ...]) -> str:
    """Return the first CRD with its stored versions, and the number of the others, for people."""
    first, *others = conflicts
    more = f" (and {len(others)} more)" if others else ""
    return f"{first.crd} stores {' and '.join(first.stored)}{more}"


def answers(conflicts: tuple[Conflict, ...], evidence: Evidence) -> Iterator[str]:
    """Yield the message of the API server for each CRD. It is too long for a finding's message."""
    for conflict in conflicts:
        yield f"the API server says: {conflict.message(evidence.oldest_kubernetes)}"
