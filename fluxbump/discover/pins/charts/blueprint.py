"""Finds entries of a catalog (`kind: Blueprint`) that repeat the version of a bumped chart."""

from __future__ import annotations

from collections.abc import Iterator

from fluxbump.discover.pins.kind import Context, pin_at
from fluxbump.discover.pins.kind_traits import KindTrait
from fluxbump.model import Pin, Role
from fluxbump.text import yaml
from fluxbump.text.live_code import TextFile

NAME = "blueprint"
ROLE = Role.FOLLOWS
NEEDLES: tuple[str, ...] = ()
TRAITS = frozenset({KindTrait.REPEATS_CHART})


def find(file: TextFile, context: Context) -> Iterator[Pin]:
    """Yield `spec.version` of each `kind: Blueprint` with the name of a bumped chart."""
    for document, node in file.objects({"Blueprint"}, context.is_named_in):
        chart = context.charts.get((yaml.text_of(node, "metadata", "name") or "").strip())
        version = document.scalar(yaml.get(node, "spec", "version"))
        if chart is not None and version is not None:
            yield pin_at(NAME, chart.track, version, f"Blueprint {chart.name}")
