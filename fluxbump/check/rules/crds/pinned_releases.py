"""Which releases the pins stand for, and what the API server says of their CRDs. Pure."""

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
    """A pin and the Flux release that it stands for; None when the chart index does not say."""

    pin: Pin
    release: str | None

    @property
    def words(self) -> str:
        """The release, for people."""
        chart = f" (flux2 {self.pin.value})" if self.pin.track == FLUX2 else ""
        return f"Flux {self.release}{chart}"


def install_pins(inventory: Inventory, evidence: Evidence) -> list[Holds]:
    """What installs a release of Flux, by whatever kind of place, exactly or else by a range."""
    exact = [Holds(pin, pin.value) for pin in release_installs.exact(inventory)]
    ranges = floating.installs(inventory)
    known = evidence.stable if ranges else []
    found = ((pin, floating.newest(pin, known)) for pin in ranges)
    return exact or [Holds(pin, release) for pin, release in found if release] or _images(inventory)


def _images(inventory: Inventory) -> list[Holds]:
    """What the controllers' images install, where nothing else does."""
    if any(installs(inventory.pins, track) for track in (FLUX, FLUX2)):
        return []
    found = controller_images.installed(inventory)
    return [Holds(found[0], found[1][-1])] if found else []


def first_installs(inventory: Inventory) -> list[Holds]:
    """What may be applied before a chart; what `flux bootstrap` commits is applied for ever."""
    return [
        Holds(pin, pin.value)
        for pin in release_installs.exact(inventory)
        if pin.kind not in traits.BOOTSTRAPPED
    ]


def chart_pins(inventory: Inventory, evidence: Evidence) -> list[Holds]:
    """The pins of the community chart; `evidence` tells what each version ships."""
    vendored = inventory is evidence.inventory
    pins = chart_installs.exact(inventory)
    return [Holds(pin, evidence.shipped(pin, vendored=vendored)[0]) for pin in pins]


def unknown_crds(code: str, evidence: Evidence, *pins: Holds) -> NotRun | None:
    """Say why nothing can be said about some pins; None when it can."""
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
    """Name the first CRD with what is stored, and the number of the others."""
    first, *others = conflicts
    more = f" (and {len(others)} more)" if others else ""
    return f"{first.crd} stores {' and '.join(first.stored)}{more}"


def answers(conflicts: tuple[Conflict, ...], evidence: Evidence) -> Iterator[str]:
    """What the API server says, CRD by CRD: too long for the finding's own line."""
    for conflict in conflicts:
        yield f"the API server says: {conflict.message(evidence.oldest_kubernetes)}"
