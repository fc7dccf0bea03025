"""Finds the chart flux2 where kustomize inflates it: in a kustomization, or in a generator."""

from __future__ import annotations

from collections.abc import Iterator

from fluxbump.discover.pins.kind import Context, Found, from_elsewhere, pin_at, unpinned
from fluxbump.discover.pins.kind_traits import KindTrait
from fluxbump.model import FLUX2, Role
from fluxbump.text import yaml
from fluxbump.text.live_code import TextFile
from fluxbump.text.yaml import Document, Node

NAME = "kustomize-helm"
ROLE = Role.INSTALLS
NEEDLES: tuple[str, ...] = ()
TRAITS = frozenset({KindTrait.RECONCILED})

_GENERATOR = "HelmChartInflationGenerator"
_LISTS = ("helmCharts", "helmChartInflationGenerator")
_KEYS = {
    "name": ("name", "chartName"),
    "repository": ("repo", "chartRepo", "chartRepoUrl"),
    "version": ("version", "chartVersion"),
}
"""The keys of the three forms for each part."""


def find(file: TextFile, context: Context) -> Iterator[Found]:
    """Yield the version of every chart flux2 that kustomize inflates."""
    if "helmChart" not in file.text and _GENERATOR not in file.text:
        return
    for document in file.documents:
        if FLUX2.name in document.source:
            for chart in _charts(document):
                yield from _chart(document, chart, context)


def _charts(document: Document) -> Iterator[Node]:
    for key in _LISTS:
        yield from yaml.items(yaml.get(document.root, key))
    for node in document.objects():
        if yaml.text_of(node, "kind") == _GENERATOR:
            yield node


def _first(chart: Node, part: str) -> Node | None:
    found = (yaml.get(chart, key) for key in _KEYS[part])
    return next((node for node in found if node is not None), None)


def _chart(document: Document, chart: Node, context: Context) -> Iterator[Found]:
    name = yaml.text_of(_first(chart, "name"))
    repository = yaml.text_of(_first(chart, "repository"))
    if context.track_of(name) != FLUX2 or not repository:
        return  # without a repository it is a folder, which holds its version itself
    if not context.is_community(repository):
        held = yaml.text_of(_first(chart, "version"))
        yield from_elsewhere(document.at(chart), "kustomize inflates", repository, held)
        return
    subject = f"helm chart {name} of kustomize"
    version = document.scalar(_first(chart, "version"))
    if version is None:
        yield unpinned(NAME, FLUX2, document.at(chart), subject)
    else:
        yield pin_at(NAME, FLUX2, version, subject)
