"""Reads the patches of kustomizations, and which objects each patch changes. Pure."""

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
"""The names of Kustomize's own files, which need no `kind`."""

_LISTS = ("patches", "patchesStrategicMerge", "patchesJson6902")
_LITERAL = lazy_pattern(r"[\w.-]+")
_MOST_REPEATS = 3  # each multiplies the time by the length of a name
_SIMPLE = lazy_pattern(r"[\w.*+?|^$-]{1,64}")


class Target(Struct, frozen=True):
    """The objects that a patch changes.

    Attributes:
        kind: a regular expression for the kind; empty if the target has none.
        name: a regular expression for the name; empty if the target has none.
        selects: whether the target selects objects by labels or annotations.
    """

    kind: str = ""
    name: str = ""
    selects: bool = False

    @property
    def literal(self) -> bool:
        """Whether the target names exactly one object."""
        return _LITERAL.fullmatch(self.name) is not None

    def takes(self, kind: str) -> bool:
        """Whether the patch may change objects of a kind."""
        return not self.kind or _matches(self.kind, kind)

    def may_name(self, names: Collection[str]) -> bool:
        """Whether the target may select an object with one of these names."""
        return any(_matches(self.name, name) for name in names)


def _matches(pattern: str, text: str) -> bool:
    """Whether a pattern matches as in Kustomize; a pattern that may take long matches all texts."""
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
        target: the objects that it changes; None if the patch itself names its object.
        body: the node that holds the patch; None if the patch is in a file.
        path: the path of that file from the kustomization's folder; empty for an inline patch.
    """

    target: Target | None
    body: Node | None = None
    path: str = ""


def of(root: Node | None) -> Iterator[Patch]:
    """Yield the patches in a document, at any depth."""
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
        op: the name of the operation, such as `add`.
        path: the keys of its JSON pointer.
        value: the value that it sets; None if it sets none.
        node: the node of the whole operation.
    """

    op: str
    path: tuple[str, ...]
    value: Node | None
    node: Node

    def at(self, *path: str) -> Node | None:
        """Return the value that the operation sets at `path`; None if it does not change it."""
        if self.op not in ("add", "replace", "test") or path[: len(self.path)] != self.path:
            return None
        return yaml.get(self.value, *path[len(self.path) :])


def operations(node: Node | None) -> Iterator[Operation]:
    """Yield the operations of a JSON patch."""
    for item in yaml.items(node):
        pointer = (yaml.text_of(item, "path") or "").removeprefix("/")
        path = tuple(key.replace("~1", "/").replace("~0", "~") for key in pointer.split("/"))
        yield Operation(yaml.text_of(item, "op") or "", path, yaml.get(item, "value"), item)
