"""Finds the release for `sync`: the other pins take it from pins that are right already. Pure."""

from __future__ import annotations

from enum import StrEnum

from fluxbump.discover.tracks import first_installs
from fluxbump.errors import PinError, ResolveError
from fluxbump.flux.available import Available
from fluxbump.flux.releases import Goal
from fluxbump.helm.chart_releases import ChartIndex, ChartRelease
from fluxbump.model import FLUX, FLUX2, Inventory, Pin, Step, Track
from fluxbump.text import versions


class SyncSource(StrEnum):
    """The pins whose release the others take."""

    INSTALL_URL = "install-url"
    CHART = "chart"


def target(source: SyncSource, inventory: Inventory, available: Available) -> Goal:
    """Find the release that the pins of a source hold.

    Install URLs name a Flux release. If the chart pins hold a chart that ships it, that chart is
    kept. Otherwise it is the chart that `fluxbump to` would take. A chart pin names the chart
    release itself.

    Raises:
        PinError: no pin of that source names a version, or two of them name different versions.
        ResolveError: no chart ships the release, or the index does not have the chart.
    """
    index = available.index
    if source is SyncSource.CHART:
        return _named(_held(inventory, FLUX2, "chart pins"), index)
    release = _held(inventory, FLUX, "install URLs").value
    held = {pin.value for pin in first_installs(inventory.pins, FLUX2)}
    for chart in index.releases:
        if held == {str(chart.version)} and str(chart.app_version) == release:
            return chart
    return available.find(release)


def _held(inventory: Inventory, track: Track, what: str) -> Pin:
    pins = first_installs(inventory.pins, track)
    if not pins:
        raise PinError(
            f"no {what} here hold an exact version",
            facts=["sync has no version to follow"],
            hint="name the release: `fluxbump to VERSION --in-place`",
            next=[Step("fluxbump status --worktree", "every pin and its place")]
            if inventory.pins
            else (),
        )
    first = pins[0]
    for other in pins[1:]:
        if other.value != first.value:
            raise PinError(
                f"{what} disagree",
                where=other.location,
                facts=[
                    *(f"{pin.location} holds {pin.value}" for pin in (first, other)),
                    "set them to one version first",
                ],
                hint="or name the release: `fluxbump to VERSION --align --in-place`",
            )
    return first


def _named(pin: Pin, index: ChartIndex) -> ChartRelease:
    version = versions.parse(pin.value)
    for chart in index.releases:
        if chart.version == version:
            return chart
    raise ResolveError(
        f"the index has no chart flux2 {pin.value}",
        where=pin.location,
        facts=[f"the index is {index.source}"],
        next=[Step("fluxbump releases", "the charts that the index has")],
    )
