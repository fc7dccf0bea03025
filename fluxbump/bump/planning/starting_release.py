"""Refuses a bump if the tags of controllers do not tell which release it starts from. Pure.

The rules of an upgrade compare two releases. If the first is not known, they check nothing.
"""

from __future__ import annotations

from itertools import combinations

from fluxbump.discover import environments
from fluxbump.discover.tracks import installs
from fluxbump.errors import Again, PinError
from fluxbump.flux import controller_images
from fluxbump.model import FLUX, FLUX2, Inventory, Pin


def require_known(inventory: Inventory) -> None:
    """Refuse tags of controllers that do not belong to one release, if nothing else installs Flux.

    Raises:
        PinError: no known release ships one of the tags, or the tags of one environment have no
            release in common.
    """
    if any(installs(inventory.pins, track) for track in (FLUX, FLUX2)):
        return
    having = {
        pin: controller_images.releases_with(pin.track.name, pin.value, {})
        for pin in controller_images.installing(inventory)
    }
    unknown = [pin for pin, releases in having.items() if not releases]
    if unknown:
        raise PinError(
            "no known release of Flux ships this tag of a controller"
            if len(unknown) == 1
            else "no known release of Flux ships these tags of controllers",
            where=unknown[0].location,
            facts=[*(_held(pin) for pin in unknown), _UNCHECKED],
            hint="set the tag of a release, or update fluxbump if the release is new",
            next=[Again(("--align",), "sets all tags, without a check of the upgrade")],
        )
    alike = {
        (pin.track, pin.value, environments.environment(pin.location.path)): pin
        for pin in reversed(having)
    }
    for first, second in combinations(sorted(alike.values(), key=lambda pin: pin.location), 2):
        differ = set(having[first]).isdisjoint(having[second])
        if differ and not environments.apart(first, second):
            raise PinError(
                "tags of controllers are of different releases",
                where=second.location,
                facts=[f"{_held(pin)}, of Flux {having[pin][-1]}" for pin in (first, second)],
                next=[Again(("--align",), "sets all of them")],
            )


_UNCHECKED = "nothing else says which release is installed, so no rule can check the upgrade"


def _held(pin: Pin) -> str:
    return f"{pin.location} holds {pin.track.name} {pin.value}"
