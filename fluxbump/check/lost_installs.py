"""Finds the files that installed Flux at the base and no longer do, for FB101 and FB102.

Such a file holds no version any more that another rule could compare. A removed file does not
count: it has moved, or its cluster is gone. Nor does a file that installs Flux in another way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping

from msgspec import Struct

from fluxbump.check import lost_install_files
from fluxbump.discover import release_installs
from fluxbump.discover.chart_installs import is_dependency
from fluxbump.discover.pins import traits
from fluxbump.model import FLUX2, Inventory, Location, Pin, TrackKind
from fluxbump.text import yaml
from fluxbump.text.live_code import TextFile
from fluxbump.text.patterns import lazy_pattern

# Texts that may install Flux in another way than by the URL of its install.yaml.
_ANOTHER_WAY = lazy_pattern(
    r"fluxcd/|flux2|fluxcd-community|flux[-_]?operator|flux[-_]?instance|gotk|flux_bootstrap"
    r"|\bflux[\"',\s]+(?:install|bootstrap)\b"
    r"|(?:apply|create|kustomize|helm|install|bootstrap|source|include|template)[^\n]{0,400}"
    r"flux(?!-system|cd\.io)",
    re.IGNORECASE,
)


class Loss(Struct, frozen=True):
    """The loss of a pin that started Flux in a file at the base.

    Attributes:
        pin: the pin at the base.
        message: what was lost, in one sentence.
        sure: True if it is a problem, which is an error. False for a warning: another place may
            have taken over, or nothing here needs the controllers.
    """

    pin: Pin
    message: str
    sure: bool

    @property
    def location(self) -> Location:
        """The first line of the file as it is now."""
        return Location(self.pin.location.path, 1)


Losses = Callable[[Inventory, Inventory, Mapping[str, str]], Iterator[Loss]]
"""A function that yields losses; `dependencies` describes its arguments."""


def dependencies(base: Inventory, now: Inventory, texts: Mapping[str, str]) -> Iterator[Loss]:
    """Yield the wrappers of the base that depend on flux2 no more.

    Args:
        base: the inventory of the base.
        now: the inventory of the snapshot that is checked.
        texts: the texts of the files that may have lost something, from `lost_install_files.read`.
    """
    for pin in _lost(base, texts, is_dependency):
        path = pin.location.path
        chart = next(chart for chart in base.charts if chart.path == path)
        before = {dependency.name for dependency in chart.dependencies}
        if _may_hold_flux(TextFile(path, texts[path]), before):
            continue
        moved = _arrived(base, now, is_dependency)
        message = (
            f"chart {chart.name} depended on flux2 {pin.value} at the base, and contains no Flux "
            "now: an upgrade of its Helm release removes the controllers"
        )
        if moved:
            message += f" ({moved.location} depends on flux2 now: that release must adopt them)"
        yield Loss(pin, message, sure=not moved)


def urls(base: Inventory, now: Inventory, texts: Mapping[str, str]) -> Iterator[Loss]:
    """Yield the files that applied an install URL at the base, and install no Flux now.

    `dependencies` describes the arguments.
    """
    if _arrived(base, now, lost_install_files.is_install_url):
        return
    for pin in _lost(base, texts, lost_install_files.is_install_url):
        path = pin.location.path
        if _installs(TextFile(path, texts[path])):
            continue
        needed = not release_installs.sources(now) and any(map(_needs_controllers, now.pins))
        message = (
            f"this file applied the install.yaml of Flux {pin.value} at the base, and installs no "
            "Flux now"
        )
        if needed:
            message += ": nothing else here does, so a new cluster has no controllers for the chart"
        yield Loss(pin, message, sure=needed)


def _lost(base: Inventory, texts: Collection[str], is_one: lost_install_files.Is) -> Iterator[Pin]:
    """Yield the first lost pin of each file."""
    lost = [
        pin for pin in lost_install_files.starts(base) if is_one(pin) and pin.location.path in texts
    ]
    for path in sorted({pin.location.path for pin in lost}):
        yield next(pin for pin in lost if pin.location.path == path)


def _arrived(base: Inventory, now: Inventory, is_one: lost_install_files.Is) -> Pin | None:
    """Return a pin in a file that had none at the base: the lost pin has moved there."""
    before = {pin.location.path for pin in lost_install_files.starts(base)}
    places = (pin for pin in lost_install_files.starts(now) if is_one(pin))
    return next((pin for pin in places if pin.location.path not in before), None)


def _may_hold_flux(file: TextFile, before: Collection[str]) -> bool:
    """Whether a Chart.yaml lists a chart of Flux, or a chart that it did not list before.

    True if the file cannot be read.
    """
    if not file.is_yaml or file.documents[0].problem is not None:
        return True
    document = file.documents[0]
    entries = yaml.items(yaml.get(document.root, "dependencies"))
    names = {yaml.text_of(entry, "name") or "" for entry in entries}
    return any("flux" in name.lower() or name not in before for name in names)


def _installs(file: TextFile) -> bool:
    found = _ANOTHER_WAY.finditer(file.text)
    return any(file.is_live(match.start()) or file.is_code(match.start()) for match in found)


def _needs_controllers(pin: Pin) -> bool:
    """Whether helm-controller has to run to install the chart that a pin names."""
    is_chart = pin.track == FLUX2 or pin.track.kind is TrackKind.CHART
    return pin.kind in traits.HELM_RELEASE and is_chart
