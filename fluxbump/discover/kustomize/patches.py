"""What Kustomize changes in other objects, and in which. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from msgspec import Struct

from fluxbump.text import yaml
from fluxbump.text.patterns import lazy_pattern
from fluxbump.text.yaml import Node

BUILDERS = frozenset(
    {"Kustomization", "Component", "Application", "ApplicationSet", "FluxInstance", "ResourceSet"}
)
"""Kinds that hold patches: Kustomize's own, Flux's, Argo CD's, and those of flux-operator."""

FILES = frozenset({"kustomization.yaml", "kustomization.yml", "Kustomization"})
"""What Kustomize's own files are called; they need not say their kind."""

_LISTS = ("patches", "patchesStrategicMerge", "patchesJson6902")
_LITERAL = lazy_pattern(r"[\w.-]+")
_MOST_REPEATS = 3  # each multiplies the time by the length of a name
_SIMPLE = lazy_pattern(r"[\w.*+?|^$-]{1,64}")


class Target(Struct, frozen=True):
    """Which objects a patch is for.

    Attributes:
        kind: as a regular expression; empty when it is not said.
        name: likewise.
        selects: it selects by labels or annotations.
    """

    kind: str = ""
    name: str = ""
    selects: bool = False

    @property
    def literal(self) -> bool:
        """Whether it names one object."""
        return _LITERAL.fullmatch(self.name) is not None

    def takes(self, kind: str) -> bool:
        """Whether it is for objects of a kind."""
        return not self.kind or _matches(self.kind, kind)

    def may_name(self, names: Collection[str]) -> bool:
        """Whether one of `names` may be one that it selects."""
        return any(_matches(self.name, name) for name in names)


def _matches(pattern: str, text: str) -> bool:
    """Match as Kustomize does; a pattern that could take long matches everything."""
    repeats = sum(map(pattern.count, "*+?"))
    if _SIMPLE.fullmatch(pattern) is None or repeats > _MOST_REPEATS:
        return True
    try:
        return re.fullmatch(pattern, text) is not None
    except re.error:
        return False


class Patch(Struct, frozen=True):
    """One patch of a kustomization.

    Attributes:
        target: which objects it is for; None where the patch itself says that.
        body: the node that holds the patch; None when it is in a file.
        path: of that file, relative to the kustomization's folder; empty when it is here.
    """

    target: Target | None
    body: Node | None = None
    path: str = ""


def of(root: Node | None) -> Iterator[Patch]:
    """Yield the patches that a document holds, however deep."""
    for mapping in yaml.mappings(root):
        for key in _LISTS:
            for entry in yaml.items(yaml.get(mapping, key)):
                yield _patch(entry, key)


def _patch(entry: Node, key: str) -> Patch:
    if isinstance(entry, yaml.ScalarNode):
        text = str(entry.value)
        inline = "\n" in text.strip() or "{" in text
        return Patch(None, entry) if inline else Patch(None, path=text)
    body, path = yaml.get(entry, "patch"), yaml.text_of(entry, "path") or ""
    if key == "patchesStrategicMerge":  # Flux writes the objects themselves
        body, path = entry, ""
    return Patch(_target(yaml.get(entry, "target")), body, path)


def _target(node: Node | None) -> Target | None:
    if node is None:
        return None
    selects = any(yaml.text_of(node, key) for key in ("labelSelector", "annotationSelector"))
    return Target(yaml.text_of(node, "kind") or "", yaml.text_of(node, "name") or "", selects)


def is_operations(node: Node | None) -> bool:
    """Whether a node is a JSON patch (RFC 6902): a list of operations."""
    return any(
        yaml.text_of(item, "op") is not None and yaml.text_of(item, "path") is not None
        for item in yaml.items(node)
    )


class Operation(Struct, frozen=True):
    """One operation of a JSON patch.

    Attributes:
        op: what it does.
        path: the keys of its JSON pointer.
        value: what it adds; None when it adds nothing.
        node: the whole.
    """

    op: str
    path: tuple[str, ...]
    value: Node | None
    node: Node

    def at(self, *path: str) -> Node | None:
        """Return what it puts at `path`; None when it leaves that alone."""
        if self.op not in ("add", "replace", "test") or path[: len(self.path)] != self.path:
            return None
        return yaml.get(self.value, *path[len(self.path) :])


def operations(node: Node | None) -> Iterator[Operation]:
    """Yield the operations of a JSON patch."""
    for item in yaml.items(node):
        pointer = (yaml.text_of(item, "path") or "").removeprefix("/")
        path = tuple(key.replace("~1", "/").replace("~0", "~") for key in pointer.split("/"))
        yield Operation(yaml.text_of(item, "op") or "", path, yaml.get(item, "value"), item)
