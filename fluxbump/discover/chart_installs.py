"""Lists the pins that install the chart flux2 itself, and those of them that disagree. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fluxbump.discover.environments import apart, one_tree
from fluxbump.discover.pins import traits
from fluxbump.discover.tracks import installs
from fluxbump.model import FLUX2, Form, Inventory, Pin


def is_dependency(pin: Pin) -> bool:
    """Whether a pin is a wrapper's dependency on the chart flux2, exact or not."""
    return pin.kind in traits.WRAPPED and pin.track == FLUX2


def dependencies(inventory: Inventory) -> list[Pin]:
    """Return the pins that are wrappers' dependencies on the chart flux2, exact or not."""
    return [pin for pin in inventory.pins if is_dependency(pin)]


def exact(inventory: Inventory) -> list[Pin]:
    """Return the pins that install one version of the chart flux2, in the order of `KINDS`."""
    pins = [pin for pin in installs(inventory.pins, FLUX2) if pin.form is Form.EXACT]
    # The URL of an archive holds its version twice, but is one place.
    once = {(pin.location.path, pin.location.line, pin.value): pin for pin in pins}
    return [*once.values()]


def places(inventory: Inventory) -> list[Pin]:
    """Return the exact pins that install the chart flux2, without patches, which may differ."""
    return [
        pin
        for pin in inventory.pins
        if pin.track == FLUX2
        and pin.form is Form.EXACT
        and pin.kind in (*traits.BOOTSTRAP, *traits.RECONCILED)
        and not pin.in_patch
    ]


def disagreeing(inventory: Inventory) -> tuple[Pin, ...]:
    """Return the pins that must agree, because they are for one cluster, but do not.

    The result is empty if all agree.
    """
    pins = places(inventory)
    alike: dict[tuple[str, str, str], list[Pin]] = {}
    for pin in pins:  # pins of one file differ by kind and version only
        alike.setdefault((pin.location.path, pin.kind, pin.value), []).append(pin)
    first = [some[0] for some in alike.values()]
    odd = {id(pin) for pair in _pairs(first) for pin in pair}
    found = {id(pin) for some in alike.values() if id(some[0]) in odd for pin in some}
    return tuple(pin for pin in pins if id(pin) in found)


def _pairs(pins: Sequence[Pin]) -> Iterator[tuple[Pin, Pin]]:
    for position, pin in enumerate(pins):
        for other in pins[position + 1 :]:
            kinds = {pin.kind, other.kind}
            # Two wrappers are judged by themselves: see the plan.
            differ = pin.value != other.value and not kinds <= traits.WRAPPED
            if differ and _together(pin, other) and not _served(pin, other, pins):
                yield pin, other


def _served(pin: Pin, other: Pin, pins: Sequence[Pin]) -> bool:
    """Whether one of two places is a bootstrap that agrees with some other reconciled place.

    The two then need not agree, since that bootstrap belongs to the other place.
    """
    for bootstrap, place in ((pin, other), (other, pin)):
        if bootstrap.kind in traits.BOOTSTRAP and place.kind in traits.RECONCILED:
            return any(
                pin.kind in traits.RECONCILED
                and pin.value == bootstrap.value
                and not apart(pin, bootstrap)
                for pin in pins
            )
    return False


def _together(pin: Pin, other: Pin) -> bool:
    """Whether two places are for the same cluster.

    They are a bootstrap and a reconciled place, or the directory of one contains that of the other.
    """
    if apart(pin, other):
        return False
    if (pin.kind in traits.BOOTSTRAP) != (other.kind in traits.BOOTSTRAP):
        return True
    return one_tree(pin, other)
