"""Finds the HelmReleases that own the Flux controllers. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import takewhile

from msgspec import Struct

from fluxbump.discover.chart_fields import chart_path
from fluxbump.discover.pins import traits
from fluxbump.discover.pins.kind import Context
from fluxbump.model import FLUX2, Chart, Form, Inventory, Location, Pin, Track
from fluxbump.text import yaml
from fluxbump.text.live_code import TextFile
from fluxbump.text.yaml import Document, Node

_SOURCES = ("OCIRepository", "HelmChart")
_FOLLOWING = "chartRef"

TRUE = ("true", "True", "TRUE")
"""The spellings of a true value in YAML."""


class Owner(Struct, frozen=True):
    """A HelmRelease that installs a wrapper, or the community chart itself.

    Attributes:
        pin: the pin of the chart version that it installs: its own, that of the source which it
            follows, or that of the chart itself if it names the chart's directory.
        subject: the HelmRelease, for people.
        document: the document with the HelmRelease.
        node: the HelmRelease.
    """

    pin: Pin
    subject: str
    document: Document
    node: Node

    @property
    def spec(self) -> Node | None:
        """The `spec` of the HelmRelease."""
        return yaml.get(self.node, "spec")

    def value(self, *keys: str) -> str | None:
        """Return the text of a field below `spec`, merged fields included; None if not set."""
        return yaml.text_of(self.spec, *keys)

    def place(self, *keys: str) -> Location:
        """Return the place of a field below `spec`, or of the nearest field above that is set."""
        while keys:
            node = yaml.get(self.spec, *keys)
            if node is not None:
                return self.document.at(node)
            keys = keys[:-1]
        return self.document.at(self.spec)

    @property
    def manifest(self) -> Node | None:
        """The HelmRelease as a whole."""
        return self.node


class _Source(Struct, frozen=True):
    """A source that a HelmRelease may follow.

    Attributes:
        path: the path of the file with the source.
        namespace: None if the file does not name it, for example because kustomize sets it.
        pin: the pin of the source's chart; None if the chart does not install Flux.
    """

    path: str
    namespace: str | None
    pin: Pin | None


def owners(inventory: Inventory, charts: Collection[Chart] | None = None) -> Iterator[Owner]:
    """Yield the HelmReleases of an inventory that install a wrapper, or the community chart.

    Args:
        inventory: the inventory of a snapshot.
        charts: the charts that count besides the community's; None for the wrappers.
    """
    wrappers = [chart for chart in inventory.charts if chart.wrapper]
    found = _Owners(inventory, wrappers if charts is None else charts)
    for path, text in inventory.files.items():
        if path in found.own or any(word in text for word in found.words):
            yield from found.in_file(TextFile(path, text))


class _Owners:
    """An index by which the owners in each file are found, made once for all files."""

    def __init__(self, inventory: Inventory, wrappers: Collection[Chart]) -> None:
        self._context = Context(charts={chart.name: chart for chart in wrappers})
        self.own = _own_pins(inventory, {FLUX2, *(chart.track for chart in wrappers)})
        versions = {p.track: p for p in inventory.pins if p.kind in traits.OWN_VERSION}
        self._by_path = {
            chart.directory.rstrip("/"): versions[chart.track]
            for chart in wrappers
            if chart.track in versions
        }
        self._sources = _sources(inventory, self.own, self._by_path)
        following = (_FOLLOWING,) if self._sources else ()
        # A chart in the repository's root has a path that says nothing.
        self.words = (*following, *(path or "sourceRef" for path in self._by_path))

    def in_file(self, file: TextFile) -> Iterator[Owner]:
        for document, node in file.objects({"HelmRelease"}, self._may_own):
            pin = self._pin(file.path, document, node)
            if pin is not None:
                yield Owner(pin, yaml.subject_of(node), document, node)

    def _may_own(self, text: str) -> bool:
        return self._context.is_installed_in(text) or any(word in text for word in self.words)

    def _pin(self, path: str, document: Document, node: Node) -> Pin | None:
        if yaml.get(node, "spec", _FOLLOWING) is not None:
            return self._followed(path, node)
        directory = chart_path(yaml.get(node, "spec", "chart", "spec"))
        if directory is not None:
            return self._by_path.get(directory)
        return _pin_in(self.own.get(path, ()), document, node)

    def _followed(self, path: str, node: Node) -> Pin | None:
        """Return the pin of the source that a HelmRelease follows.

        If several sources have its kind and name, the one with the nearest directory counts, which
        is that of the same cluster. None if two are equally near and one is not of Flux.
        """
        kind = yaml.text_of(node, "spec", _FOLLOWING, "kind") or ""
        name = yaml.text_of(node, "spec", _FOLLOWING, "name") or ""
        namespace = yaml.text_of(node, "spec", _FOLLOWING, "namespace") or _namespace(node)
        ranked = [
            ((_shared(path, source.path), source.namespace == namespace), source.pin)
            for source in self._sources.get((kind, name), ())
            if None in (namespace, source.namespace) or namespace == source.namespace
        ]
        best = max((rank for rank, _ in ranked), default=None)
        pins = [pin for rank, pin in ranked if rank == best]
        return pins[0] if pins and None not in pins else None


def _own_pins(inventory: Inventory, tracks: Collection[Track]) -> Mapping[str, list[Pin]]:
    """Return the pins in objects for helm-controller that install Flux, by the path of the file."""
    found = dict[str, list[Pin]]()
    for pin in inventory.pins:
        if pin.kind in traits.HELM_RELEASE and pin.track in tracks and not pin.in_patch:
            found.setdefault(pin.location.path, []).append(pin)
    return found


def _sources(
    inventory: Inventory, own: Mapping[str, Sequence[Pin]], by_path: Mapping[str, Pin]
) -> dict[tuple[str, str], list[_Source]]:
    """Return the sources that can be followed, by kind and name, also those of other charts."""
    pins = (pin for pins in own.values() for pin in pins)
    known = {_name(p.subject) for p in pins if p.subject.startswith(_SOURCES)}
    paths = [path or "sourceRef" for path in by_path]
    for _, node in _objects(inventory, {"HelmChart"}, paths):
        if chart_path(yaml.get(node, "spec")) in by_path:
            known.add(_name(yaml.subject_of(node)))
    found = dict[tuple[str, str], list[_Source]]()
    names = {name for _, name in known}
    for document, node in _objects(inventory, _SOURCES, names) if names else ():
        path, name = document.path, _name(yaml.subject_of(node))
        if name in known:
            pin = _pin_in(own.get(path, ()), document, node)
            directory = chart_path(yaml.get(node, "spec"))
            pin = pin if directory is None else by_path.get(directory)
            found.setdefault(name, []).append(_Source(path, _namespace(node), pin))
    return found


def _objects(
    inventory: Inventory, kinds: Collection[str], words: Collection[str]
) -> Iterator[tuple[Document, Node]]:
    """Yield the objects of some kinds in documents that contain one of `words`."""
    for path, text in inventory.files.items():
        if any(kind in text for kind in kinds) and any(word in text for word in words):
            yield from TextFile(path, text).objects(
                kinds, lambda part: any(word in part for word in words)
            )


def _name(subject: str) -> tuple[str, str]:
    kind, name, *_ = [*subject.split(" "), ""]
    return kind, name


def _pin_in(pins: Sequence[Pin], document: Document, node: Node) -> Pin | None:
    """Return the pin of an object: the one with its name as subject that is inside of it.

    With an anchor, the version may be elsewhere in the document.
    """
    subject = yaml.subject_of(node)
    last = document.line + document.source.count("\n") + 1
    first = bisect_right(pins, document.line, key=_line)
    here = pins[first : bisect_right(pins, last, key=_line)]
    own = [pin for pin in here if pin.subject.partition(" (")[0] == subject]
    begin, end = document.at(node), node.end_mark
    behind = Location(begin.path, document.line + end.line + 1, end.column + 1)
    inside = [pin for pin in own if begin <= pin.location < behind]
    elsewhere = [pin for pin in own if pin.form is Form.OPAQUE]
    return next(iter((*inside, *elsewhere)), None)


def _line(pin: Pin) -> int:
    return pin.location.line


def _namespace(node: Node) -> str | None:
    return yaml.text_of(node, "metadata", "namespace")


def _shared(first: str, other: str) -> int:
    """Return how many directories from the root two paths have in common."""
    pairs = zip(first.split("/")[:-1], other.split("/")[:-1], strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
