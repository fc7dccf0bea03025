"""Finds the wrappers whose values files once had a values mirror, for FB104. Pure."""

from __future__ import annotations

from fluxbump.discover.chart_fields import mirrors
from fluxbump.discover.pins import traits
from fluxbump.errors import RepositoryError
from fluxbump.git.file_history import Lineage
from fluxbump.model import FLUX2, Chart, Inventory
from fluxbump.text.live_code import TextFile, decode


def missing(inventory: Inventory) -> list[Chart]:
    """Return the wrappers for which only the history can say that they need a values mirror.

    They are all wrappers if none has a mirror, and none otherwise: then a mirror in one wrapper is
    the reason to expect one in the others.
    """
    kept = any(pin.kind in traits.MIRROR for pin in inventory.pins)
    return [] if kept else [chart for chart in inventory.charts if chart.wrapper]


def once(lineage: Lineage, inventory: Inventory) -> frozenset[str] | None:
    """Return the paths of the wrappers whose values files have held a mirror.

    Args:
        lineage: the function that returns what files have held.
        inventory: the inventory of the snapshot that is checked.

    Returns:
        The paths of their Chart.yaml; None if the history cannot be read.
    """
    charts = missing(inventory)
    files = {f"{chart.directory}values.yaml": chart for chart in charts}
    for path in inventory.files:
        folder, slash, name = path.rpartition("/")
        for chart in charts:
            if chart.directory == f"{folder}{slash}" and name.startswith("values"):
                files[path] = chart
    try:
        held = lineage(sorted(files)) if files else ()
    except RepositoryError:
        return None
    found: set[str] = set()
    for mirror in held:
        text = decode(mirror.data)
        if FLUX2.name in text and any(mirrors(TextFile(mirror.path, text))):
            # A file that was renamed may be any chart's: of one chart it is that one's.
            own = files.get(mirror.path)
            found |= {own.path} if own else {chart.path for chart in charts}
    return frozenset(found)
