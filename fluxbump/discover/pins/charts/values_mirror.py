"""Finds mappings in a wrapper's values that repeat the version of its `flux2` dependency."""

from __future__ import annotations

from collections.abc import Iterator

from fluxbump.discover.chart_fields import mirrors
from fluxbump.discover.pins.kind import Context, pin_at
from fluxbump.discover.pins.kind_traits import KindTrait
from fluxbump.model import FLUX2, Pin, Role
from fluxbump.text.live_code import TextFile

NAME = "values-mirror"
ROLE = Role.FOLLOWS
NEEDLES: tuple[str, ...] = ()
TRAITS = frozenset({KindTrait.MIRROR})


def find(file: TextFile, context: Context) -> Iterator[Pin]:
    """Yield every mapping with `chart: flux2` and a `version` in a wrapper's values files."""
    folder, slash, name = file.path.rpartition("/")
    if not (name.startswith("values") and file.is_yaml):
        return
    chart = context.chart_at(f"{folder}{slash}Chart.yaml")
    if chart is None or not chart.wrapper:
        return
    for version in mirrors(file):
        yield pin_at(NAME, FLUX2, version, "values mirror of flux2")
