"""Tells which umbrellas can install Flux through their dependencies. Pure.

Helm leaves out a dependency whose `condition` or `tags` are off in the values
(helm.sh/docs/topics/charts, "Tags and Condition fields"). The values of a cluster are not always in
the repository, so it is not known whether such an umbrella installs Flux.
"""

from __future__ import annotations

from collections.abc import Mapping

from fluxbump.model import Chart, Inventory, Track
from fluxbump.text import yaml


def installing(inventory: Inventory) -> dict[Track, str]:
    """Map the track of each umbrella that can install Flux to the condition for it.

    Returns:
        A condition such as `bp-flux.enabled`; empty if the umbrella always installs Flux.
    """
    held = {chart.name: "" for chart in inventory.charts if chart.wrapper}
    found: dict[Track, str] = {}
    for chart in inventory.charts:  # each behind the charts that it depends on
        ways = [] if chart.wrapper else _ways(chart, inventory.files, held)
        if ways:
            held[chart.name] = found[chart.track] = min(ways, key=bool)
    return found


def _ways(chart: Chart, files: Mapping[str, str], held: Mapping[str, str]) -> list[str]:
    """Return the condition of each dependency that leads to Flux; empty text if there is none."""
    (document, *_) = yaml.documents(files[chart.path], chart.path)
    found = []
    for entry in yaml.items(yaml.get(document.root, "dependencies")):
        name = yaml.text_of(entry, "name")
        if name is not None and name in held:
            own = yaml.text_of(entry, "condition") or ""
            tagged = "its tags" if yaml.get(entry, "tags") is not None else ""
            found.append(own or tagged or held[name])
    return found
