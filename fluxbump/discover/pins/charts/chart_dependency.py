"""Finds `dependencies` in a Chart.yaml: the `flux2` of a wrapper, the wrapper of an umbrella."""

from __future__ import annotations

from collections.abc import Iterator

from fluxbump.discover.pins.kind import Context, pin_at, unpinned
from fluxbump.discover.pins.kind_traits import KindTrait
from fluxbump.model import FLUX2, Pin, Role
from fluxbump.text import yaml
from fluxbump.text.live_code import TextFile
from fluxbump.text.yaml import Document, Node

NAME = "chart-dependency"
ROLE = Role.INSTALLS
NEEDLES: tuple[str, ...] = ()
TRAITS = frozenset({KindTrait.WRAPPED, KindTrait.RECONCILED})


def find(file: TextFile, context: Context) -> Iterator[Pin]:
    """Yield the dependencies of a bumped chart whose versions fluxbump bumps."""
    chart = context.chart_at(file.path)
    if chart is None:
        return
    document = file.documents[0]
    for entry in yaml.items(yaml.get(document.root, "dependencies")):
        found = _dependency(document, entry, context)
        if found is not None:
            yield found


def _dependency(document: Document, entry: Node, context: Context) -> Pin | None:
    name = yaml.text_of(entry, "name")
    track = context.track_of(name)
    if track is None:
        return None
    repository = yaml.text_of(entry, "repository") or ""
    if track == FLUX2 and not context.is_community(repository):
        return None
    scalar = document.scalar(yaml.get(entry, "version"))
    if scalar is None:
        return unpinned(NAME, track, document.at(entry), f"dependency {name}")
    return pin_at(NAME, track, scalar, f"dependency {name}")
