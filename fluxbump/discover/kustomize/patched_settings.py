"""Finds the fields of HelmReleases that patches set: strategic merge and RFC 6902. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

from fluxbump.discover.embedded import objects
from fluxbump.discover.embedded.objects import Piece
from fluxbump.discover.kustomize import patches
from fluxbump.discover.kustomize.patches import Patch, Target
from fluxbump.model import Links, Location
from fluxbump.text import yaml
from fluxbump.text.live_code import TextFile
from fluxbump.text.yaml import Node

KIND = "HelmRelease"
_SETS = ("add", "replace")


class Setting(Struct, frozen=True):
    """A field that a patch sets.

    Attributes:
        location: the place of the value, or of the patch if the value has no place of its own.
        target: the HelmReleases that the patch changes.
        value: the text of the value.
    """

    location: Location
    target: Target
    value: str


class _Reader(Struct, frozen=True):
    """Reads the patches of one file.

    Attributes:
        file: the file with the patches.
        targets: the targets to which kustomizations in other files apply this file.
        keys: the keys that lead to the field, from the object's root.
    """

    file: TextFile
    targets: tuple[Target, ...]
    keys: tuple[str, ...]

    def settings(self) -> Iterator[Setting]:
        """Yield the settings of the field in the file's patches."""
        named = self.file.path.rpartition("/")[2] in patches.FILES
        source = objects.source(self.file.text)
        for document in yaml.documents(self.file.text, self.file.path):
            piece, kind = Piece(source, 0, document), yaml.text_of(document.root, "kind")
            if patches.is_operations(document.root):
                for target in self.targets:
                    yield from self._set(piece, document.root, target)
            elif kind in patches.BUILDERS or (named and kind is None):
                for patch in patches.of(document.root):
                    yield from self._inline(piece, patch)
            else:
                for node in document.objects():
                    yield from self._standalone(piece, node)

    def _standalone(self, piece: Piece, node: Node) -> Iterator[Setting]:
        """Yield the setting in a file that is a part of an object, which names no chart."""
        whole = any(yaml.get(node, "spec", key) is not None for key in ("chart", "chartRef"))
        if not whole and yaml.text_of(node, "kind") == KIND:
            for target in self.targets or (None,):
                yield from self._set(piece, node, target)

    def _inline(self, piece: Piece, patch: Patch) -> Iterator[Setting]:
        """Yield the settings in a patch of a kustomization, written as a string or as YAML."""
        body = patch.body
        if not isinstance(body, yaml.ScalarNode):
            yield from self._set(piece, body, patch.target)
            return
        value = piece.value(body)
        if value is not None and body.style == "|":
            start = self.file.text.find("\n", value.start, value.end) + 1 or value.end
            for inner in piece.source.pieces(start, value.end):
                yield from self._set(inner, inner.root, patch.target)
            return
        text = str(body.value)
        other = Piece(objects.source(text), 0, yaml.documents(text, self.file.path)[0])
        where = piece.document.at(body)
        for found in self._set(other, other.root, patch.target):
            yield Setting(where, found.target, found.value)

    def _set(self, piece: Piece, node: Node | None, target: Target | None) -> Iterator[Setting]:
        if patches.is_operations(node):
            for operation in patches.operations(node):
                if operation.op in _SETS and target is not None:
                    yield from self._at(piece, operation.at(*self.keys), target)
            return
        named = yaml.text_of(node, "metadata", "name") or ""
        target = target or Target(yaml.text_of(node, "kind") or "", named)
        yield from self._at(piece, yaml.get(node, *self.keys), target)

    def _at(self, piece: Piece, node: Node | None, target: Target) -> Iterator[Setting]:
        value = piece.value(node)
        if value is not None and target.takes(KIND):
            end = len(self.file.text)
            yield Setting(self.file.location(min(value.start, end)), target, value.text)


def settings(files: Mapping[str, str], links: Links, *keys: str) -> Iterator[Setting]:
    """Yield where kustomize patches set a field of HelmReleases.

    Args:
        files: the texts of the files to search, by path.
        links: the patch files that kustomizations apply, with their targets.
        keys: the keys that lead to the field, from the object's root.
    """
    for path, text in files.items():
        file = TextFile(path, text)
        if keys[-1] in text and (file.is_yaml or path.rpartition("/")[2] in patches.FILES):
            targets = tuple(
                Target(*target) for target in dict.fromkeys(links.patches.get(path, ()))
            )
            yield from _Reader(file, targets, keys).settings()
