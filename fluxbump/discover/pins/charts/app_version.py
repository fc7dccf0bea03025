"""Finds the `appVersion` of a bumped chart that repeats the Flux release or the chart's version.

An appVersion that equals neither is not a pin, and fluxbump does not change it.
"""

from __future__ import annotations

from collections.abc import Iterator

from fluxbump.discover.pins.kind import Context, pin_at
from fluxbump.discover.pins.kind_traits import KindTrait
from fluxbump.model import FLUX, FLUX2, Chart, Form, Pin, Role, Track
from fluxbump.text import yaml
from fluxbump.text.live_code import TextFile

NAME = "app-version"
ROLE = Role.FOLLOWS
NEEDLES: tuple[str, ...] = ()
TRAITS = frozenset({KindTrait.APP_VERSION})


def find(file: TextFile, context: Context) -> Iterator[Pin]:
    """Yield the appVersion of a bumped chart if it repeats one of these versions."""
    chart = context.chart_at(file.path)
    if chart is None:
        return
    document = file.documents[0]
    scalar = document.scalar(yaml.get(document.root, "appVersion"))
    if scalar is None:
        return
    pin = pin_at(NAME, FLUX, scalar, f"appVersion of {chart.name}")
    track = _mirrored(pin, chart, context)
    if track is not None:
        yield pin_at(NAME, track, scalar, pin.subject)


def _mirrored(pin: Pin, chart: Chart, context: Context) -> Track | None:
    if pin.form is not Form.EXACT:
        return None
    # A wrapper's appVersion says by convention what it ships, so the Flux release comes first.
    if chart.wrapper and pin.value in _releases(chart, context):
        return FLUX
    return chart.track if pin.value == chart.version else None


def _releases(chart: Chart, context: Context) -> frozenset[str]:
    shipped = {
        context.app_versions.get(dependency.version.removeprefix("v"), "")
        for dependency in chart.dependencies
        if dependency.name == FLUX2.name
    }
    return context.releases | (shipped - {""})
