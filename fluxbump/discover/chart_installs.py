"""The places that install the chart flux2 itself, and which of them belong together. Pure.

What tells environments apart is the path: a directory or a file that is called like a stage, and
what is directly below `clusters/` and its like.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise

from fluxbump.discover.pins import traits
from fluxbump.discover.tracks import installs
from fluxbump.model import FLUX2, Form, Inventory, Pin
from fluxbump.text.patterns import lazy_pattern

_STAGES = frozenset(
    (
        *("dev", "develop", "development", "test", "testing", "qa", "uat", "acc", "acceptance"),
        *("stage", "staging", "stg", "preprod", "prod", "production", "prd", "live", "sandbox"),
        *("lab", "preview", "canary", "demo", "int", "integration"),
    )
)
_HOLD_CLUSTERS = frozenset({"clusters", "cluster", "environments", "envs", "env", "stages"})
_PARTS = lazy_pattern(r"[-_.]")


def is_dependency(pin: Pin) -> bool:
    """Whether a pin is a wrapper's dependency on the chart flux2, in whatever form."""
    return pin.kind in traits.WRAPPED and pin.track == FLUX2


def dependencies(inventory: Inventory) -> list[Pin]:
    """Return the wrappers' dependencies on the chart flux2, in whatever form."""
    return [pin for pin in inventory.pins if is_dependency(pin)]


def exact(inventory: Inventory) -> list[Pin]:
    """Return the pins that install one version of the chart flux2, in the order of `KINDS`."""
    pins = [pin for pin in installs(inventory.pins, FLUX2) if pin.form is Form.EXACT]
    # The URL of an archive holds its version twice, and says one thing.
    once = {(pin.location.path, pin.location.line, pin.value): pin for pin in pins}
    return [*once.values()]


def places(inventory: Inventory) -> list[Pin]:
    """Return the exact pins of the chart that install it; a patch is meant to differ."""
    return [
        pin
        for pin in inventory.pins
        if pin.track == FLUX2
        and pin.form is Form.EXACT
        and pin.kind in (*traits.BOOTSTRAP, *traits.RECONCILED)
        and not pin.in_patch
    ]


def disagreeing(inventory: Inventory) -> tuple[Pin, ...]:
    """Return the places of one environment that hold different versions; nothing if all agree."""
    pins = places(inventory)
    alike: dict[tuple[str, str, str], list[Pin]] = {}
    for pin in pins:  # of one file, only kind and version tell places apart
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
    """Whether a bootstrap is the right one for another place than this one."""
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
    """Whether two places speak of the same cluster: a bootstrap and its successor, or one tree."""
    if apart(pin, other):
        return False
    if (pin.kind in traits.BOOTSTRAP) != (other.kind in traits.BOOTSTRAP):
        return True
    return one_tree(pin, other)


def one_tree(pin: Pin, other: Pin) -> bool:
    """Whether the directory of one place contains that of the other."""
    first, second = _folder(pin), _folder(other)
    return first.startswith(second) or second.startswith(first)


def _folder(pin: Pin) -> str:
    folder, slash, _ = pin.location.path.rpartition("/")
    return folder + slash


def apart(pin: Pin, other: Pin) -> bool:
    """Whether the paths of two places name different environments.

    Two directories of clusters side by side do, also those of one stage (`prod-eu`, `prod-us`).
    """
    paths = pin.location.path, other.location.path
    own, others = map(cluster, paths)
    if own and others and own != others and own[:-1] == others[:-1]:
        return True
    first, second = map(environment, paths)
    return bool(first and second) and first.isdisjoint(second)


@cache
def cluster(path: str) -> tuple[str, ...]:
    """Return the folders down to the one of a cluster; none if no folder holds clusters."""
    folders = tuple(path.split("/")[:-1])
    held = enumerate(folders[:-1])
    at = next((at for at, name in held if name.lower() in _HOLD_CLUSTERS), None)
    return () if at is None else folders[: at + 2]


@cache
def environment(path: str) -> frozenset[str]:
    """Return the words of a path that name an environment; empty if none does."""
    *folders, name = path.lower().split("/")
    found = {
        part for folder in (*folders, name) for part in _PARTS.split(folder) if part in _STAGES
    }
    for above, below in pairwise(folders):
        if above in _HOLD_CLUSTERS:
            found.add(below)
    return frozenset(found)
