"""The HelmReleases that own the Flux controllers. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from functools import cached_property

from msgspec import Struct

from fluxbump import yamltext
from fluxbump.model import FLUX2, Inventory, Location, Pin, Track
from fluxbump.textfile import TextFile
from fluxbump.yamltext import Document, Node, ScalarNode

_CHART_REF = re.compile(r"\bchartRef\b")
_PATCH = "(patch)"
_MERGES = 20  # merge keys within merge keys; one that is deeper refers to itself


class Owner(Struct, frozen=True, dict=True):
    """A HelmRelease that installs a wrapper, or the community chart itself.

    Attributes:
        pin: the chart version that it runs; its own, or that of the source which it follows.
        subject: the HelmRelease, for people.
        document: where it stands.
        node: the object itself; None for the one that holds the pin.
    """

    pin: Pin
    subject: str
    document: Document
    node: Node | None = None

    @cached_property
    def spec(self) -> Node | None:
        """Its `spec`; the document is parsed when somebody asks."""
        return yamltext.get(self.node or self._around_pin(), "spec")

    def _around_pin(self) -> Node | None:
        """Return the innermost object with the pin: an item of a `List`, or else the root."""
        position, found = self.pin.start - self.document.start, None
        for node in self.document.objects():
            if node.start_mark.index <= position < node.end_mark.index:
                found = node
        return found

    def value(self, *keys: str) -> str | None:
        """Return the text of a field below `spec`; None when there is none."""
        return yamltext.text_of(self.spec, *keys)

    def place(self, *keys: str) -> Location:
        """Where a field stands; where the nearest field above it stands, when it does not."""
        while keys:
            node = yamltext.get(self.spec, *keys)
            if node is not None:
                return self.document.at(node)
            keys = keys[:-1]
        return self.document.at(self.spec)

    @property
    def manifest(self) -> Node | None:
        """The HelmRelease as a whole."""
        return self.node or self._around_pin()

    def setting(self, *keys: str) -> str | None:
        """Return the text of a field below `spec`, also where a merge key (`<<`) brings it."""
        node = self.spec
        for key in keys:
            node = _merged(node).get(key)
        return str(node.value) if isinstance(node, ScalarNode) else None


def _merged(node: Node | None, depth: int = 0) -> dict[str, Node]:
    """Return the entries of a mapping with those of its merge keys, which others go before."""
    own = dict(yamltext.entries(node))
    brought = own.pop("<<", None)
    merged: dict[str, Node] = {}
    if brought is not None and depth < _MERGES:
        for one in reversed([brought, *yamltext.items(brought)]):
            merged |= _merged(one, depth + 1)
    return merged | own


def owners(inventory: Inventory) -> Iterator[Owner]:
    """Yield the HelmReleases of an inventory that install a wrapper, or the community chart."""
    tracks = {chart.track for chart in inventory.charts if chart.wrapper} | {FLUX2}
    for pin in inventory.pins:
        if pin.kind != "helm-release" or pin.track not in tracks:
            continue
        if not pin.subject.startswith("HelmRelease ") or pin.subject.endswith(_PATCH):
            continue
        text = inventory.files[pin.location.path]
        for document in yamltext.documents(text, pin.location.path):
            if document.start <= pin.start < document.end:
                yield Owner(pin, pin.subject, document)
    yield from _following(inventory, tracks)


def _following(inventory: Inventory, tracks: Collection[Track]) -> Iterator[Owner]:
    """Yield the HelmReleases that take the chart by `spec.chartRef`.

    They hold no version themselves: the pin is that of the source which they follow.
    """
    sources = {
        tuple(pin.subject.split(" ", 1)): pin
        for pin in inventory.pins
        if pin.kind == "helm-release" and pin.track in tracks
    }
    files = inventory.files.items() if sources else ()
    for path, text in ((path, text) for path, text in files if "chartRef" in text):
        for document, node in TextFile(path, text).objects({"HelmRelease"}, _CHART_REF.search):
            reference = ("spec", "chartRef")
            kind = yamltext.text_of(node, *reference, "kind") or ""
            name = yamltext.text_of(node, *reference, "name") or ""
            if (kind, name) in sources:
                subject = f"HelmRelease {yamltext.text_of(node, 'metadata', 'name')}"
                yield Owner(sources[kind, name], subject, document, node)
