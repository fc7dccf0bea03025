"""Which umbrellas install Flux: by dependencies, down to a wrapper. Pure.

Helm leaves a dependency out whose `condition` or `tags` are off in the values
(helm.sh/docs/topics/charts, "Tags and Condition fields"). What values a cluster gives, its files do
not always say, so such an umbrella may install Flux or not.
"""

from __future__ import annotations

from collections.abc import Mapping

from fluxbump.model import Chart, Inventory, Track
from fluxbump.text import yaml


def installing(inventory: Inventory) -> dict[Track, str]:
    """Map the version line of each umbrella that can install Flux to what that depends on.

    Returns:
        The condition, as `bp-flux.enabled`; empty where Flux is always installed.
    """
    held = {chart.name: "" for chart in inventory.charts if chart.wrapper}
    found: dict[Track, str] = {}
    for chart in inventory.charts:  # each behind the charts that it depends on
        ways = [] if chart.wrapper else _ways(chart, inventory.files, held)
        if ways:
            held[chart.name] = found[chart.track] = min(ways, key=bool)
    return found


def _ways(chart: Chart, files: Mapping[str, str], held: Mapping[str, str]) -> list[str]:
    """Return what each dependency that leads to Flux depends on; empty for one that always does."""
    (document, *_) = yaml.documents(files[chart.path], chart.path)
    found = []
    for entry in yaml.items(yaml.get(document.root, "dependencies")):
        name = yaml.text_of(entry, "name")
        if name is not None and name in held:
            own = yaml.text_of(entry, "condition") or ""
            tagged = "its tags" if yaml.get(entry, "tags") is not None else ""
            found.append(own or tagged or held[name])
    return found
