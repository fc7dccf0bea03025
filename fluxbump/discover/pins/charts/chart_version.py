"""Finds the `version` of a wrapper or an umbrella in its Chart.yaml."""

from __future__ import annotations

from collections.abc import Iterator

from fluxbump.discover.pins.kind import Context, pin_at, unpinned
from fluxbump.discover.pins.kind_traits import KindTrait
from fluxbump.model import Pin, Role
from fluxbump.text import yaml
from fluxbump.text.live_code import TextFile

NAME = "chart-version"
ROLE = Role.FOLLOWS
NEEDLES: tuple[str, ...] = ()
TRAITS = frozenset({KindTrait.OWN_VERSION})


def find(file: TextFile, context: Context) -> Iterator[Pin]:
    """Yield a bumped chart's own version."""
    chart = context.chart_at(file.path)
    if chart is None:
        return
    document = file.documents[0]
    scalar = document.scalar(yaml.get(document.root, "version"))
    if scalar is not None:
        yield pin_at(NAME, chart.track, scalar, f"chart {chart.name}")
    elif document.root is not None:
        yield unpinned(NAME, chart.track, document.at(document.root), f"chart {chart.name}")
