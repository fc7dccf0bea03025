"""Which wrappers have kept a values mirror before, by what their values files have held. Pure."""

from __future__ import annotations

from fluxbump.discover.chart_fields import mirrors
from fluxbump.discover.pins import traits
from fluxbump.errors import RepositoryError
from fluxbump.git.file_history import Lineage
from fluxbump.model import FLUX2, Chart, Inventory
from fluxbump.text.live_code import TextFile, decode


def missing(inventory: Inventory) -> list[Chart]:
    """Return the wrappers without a mirror, where nothing else says that one is kept.

    A mirror in another wrapper is enough to miss one here, so the history has nothing to add.
    """
    kept = any(pin.kind in traits.MIRROR for pin in inventory.pins)
    return [] if kept else [chart for chart in inventory.charts if chart.wrapper]


def once(lineage: Lineage, inventory: Inventory) -> frozenset[str] | None:
    """Return the paths of the wrappers whose values files have held a mirror.

    Args:
        lineage: gives what files have held.
        inventory: of what is there now.

    Returns:
        Paths of their Chart.yaml; None when the history cannot be read.
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
