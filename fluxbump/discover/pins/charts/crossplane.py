"""Finds Crossplane's Helm `Release` objects that install a bumped chart, also in Compositions."""

from __future__ import annotations

from collections.abc import Iterator

from fluxbump.discover.pins.kind import Context, Found, from_elsewhere, pin_at, unpinned
from fluxbump.discover.pins.kind_traits import KindTrait
from fluxbump.model import FLUX2, Role
from fluxbump.text import yaml
from fluxbump.text.live_code import TextFile
from fluxbump.text.yaml import Document, Node

NAME = "crossplane"
ROLE = Role.INSTALLS
NEEDLES: tuple[str, ...] = ()
TRAITS = frozenset({KindTrait.RECONCILED})

_GROUP = "helm.crossplane.io/"


def find(file: TextFile, context: Context) -> Iterator[Found]:
    """Yield the chart version of each `kind: Release` of provider-helm.

    A Composition has such objects below `resources[].base`, or in the input of a pipeline's
    function, so all mappings of the document are searched.
    """
    if _GROUP not in file.text:
        return
    for document in file.documents:
        if _GROUP in document.source:
            for mapping in yaml.mappings(document.root):
                yield from _release(document, mapping, context)


def _release(document: Document, node: Node, context: Context) -> Iterator[Found]:
    version = yaml.text_of(node, "apiVersion") or ""
    if yaml.text_of(node, "kind") != "Release" or not version.startswith(_GROUP):
        return
    chart = yaml.get(node, "spec", "forProvider", "chart")
    name = yaml.text_of(chart, "name")
    track = context.track_of(name)
    if chart is None or track is None or name is None:
        return
    repository = yaml.text_of(chart, "repository") or ""
    if track == FLUX2 and repository and not context.is_community(repository):
        held = yaml.text_of(chart, "version")
        who = "a Crossplane Release installs"
        yield from_elsewhere(document.at(chart), who, repository, held)
        return
    subject = f"Release {yaml.text_of(node, 'metadata', 'name') or name}"
    scalar = document.scalar(yaml.get(chart, "version"))
    if scalar is None:
        yield unpinned(NAME, track, document.at(chart), subject)
    else:
        yield pin_at(NAME, track, scalar, subject)
