"""Reads the files that installed Flux at the base and no longer do, for FB101 and FB102."""

from __future__ import annotations

from collections.abc import Callable

from fluxbump.check.evidence_parts import NO_REMAINS, Remains
from fluxbump.discover.chart_installs import is_dependency
from fluxbump.discover.pins import traits
from fluxbump.git.text_reader import TextReader
from fluxbump.model import FLUX, Inventory, Pin, Snapshot, Unreadable

_SUBCHART = "charts/flux2"  # helm renders what lies there, whether Chart.yaml lists it or not
_CONTROLLER = "source-controller"

Is = Callable[[Pin], bool]
"""A function that tells whether a pin is of one sort."""


def is_install_url(pin: Pin) -> bool:
    """Whether a pin, or a use of a variable, is the URL of an install.yaml."""
    return pin.kind in traits.INSTALL_URL and pin.track == FLUX


def starts(inventory: Inventory) -> list[Pin]:
    """Return the dependencies on flux2 and the install URLs, also those with a variable."""
    every = (*inventory.pins, *inventory.uses)
    return [pin for pin in every if is_dependency(pin) or is_install_url(pin)]


def read(snapshot: Snapshot, now: Inventory, base: Inventory) -> Remains:
    """Read the files that started Flux at the base, still exist, and do so no more.

    A wrapper that has the controllers in another way is left out.

    Args:
        snapshot: the snapshot that is checked.
        now: the inventory of the snapshot.
        base: the inventory of the base.
    """
    holding = {pin.location.path for pin in starts(now)}
    lost = {pin.location.path for pin in starts(base)} - holding
    if not lost:
        return NO_REMAINS
    reader = TextReader(snapshot)
    texts = dict(reader.texts(sorted(lost & {*snapshot.paths()})))
    unsearched = {unreadable.location.path: unreadable for unreadable in reader.refused}
    for path in {pin.location.path for pin in starts(base) if is_dependency(pin)} & texts.keys():
        held = _holds_controllers(snapshot, path)
        if isinstance(held, Unreadable):
            unsearched[path] = held
        if held:
            del texts[path]
    return Remains(texts, unsearched)


def _holds_controllers(snapshot: Snapshot, chart: str) -> bool | Unreadable:
    """Whether a chart has the controllers in its templates, or flux2 among its subcharts.

    If neither is found, but a template was too large to search, that template is returned.
    """
    folder = chart.removesuffix("Chart.yaml")
    below = snapshot.below(folder)
    if any(path.startswith(f"{folder}{_SUBCHART}") for path in below):
        return True
    own = (f"{folder}templates/", f"{folder}crds/")
    reader = TextReader(snapshot)
    templates = [path for path in below if path.startswith(own)]
    if any(_CONTROLLER in text for _, text in reader.texts(templates)):
        return True
    return next(iter(reader.refused), False)
