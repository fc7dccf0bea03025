"""Finds selectors that pick Kubernetes objects by the version of their API. Pure.

The `target` of a patch, in a kustomization.yaml and in a Flux Kustomization, and the `source` and
`select` of a replacement may name a version (`Selector` in sigs.k8s.io/kustomize/api/types). An
object that moves to another version is not picked any more, and no tool reports it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from pathlib import PurePosixPath

from msgspec import Struct

from fluxbump.discover.objects.resources import Resource
from fluxbump.git.text_reader import TextReader
from fluxbump.model import Location
from fluxbump.text import yaml
from fluxbump.text.patterns import lazy_pattern
from fluxbump.text.yaml import Document, MappingNode

_YAML = frozenset({".yaml", ".yml", ".json"})
_KEYS = frozenset({"target", "source", "select", "reject"})
_LITERAL = lazy_pattern(r"[A-Za-z0-9.-]+")


class Selector(Struct, frozen=True):
    """A selector that picks objects by API version, and by its other fields if they are set.

    Attributes:
        location: the place of the selector.
        group: the API group; empty for any.
        version: the API version, such as `v2beta1`.
        kind: the kind; empty for any.
        name: the name of the object; empty for any.
    """

    location: Location
    group: str
    version: str
    kind: str
    name: str

    def picks(self, resource: Resource) -> bool:
        """Whether the selector may pick an object.

        Kustomize reads all fields as regular expressions. A field that is more than plain text is
        not evaluated here, so it may pick any object.
        """
        if self.version != resource.version:
            return False
        pairs = (
            (self.group, resource.group),
            (self.kind, resource.kind),
            (self.name, resource.name),
        )
        return all(wanted == held for wanted, held in pairs if _LITERAL.fullmatch(wanted))


def find(
    reader: TextReader, exclude: Callable[[str], bool], versions: Collection[str]
) -> tuple[Selector, ...]:
    """Return the selectors of a snapshot that name one of `versions`, by path and offset."""
    if not versions:
        return ()
    pattern = re.compile(
        rf"""version["']?[ \t]*:[ \t]*["']?(?:{"|".join(map(re.escape, sorted(versions)))})\b"""
    )
    paths = [
        path
        for path in reader.snapshot.grep(sorted(versions))
        if PurePosixPath(path).suffix.lower() in _YAML and not exclude(path)
    ]
    found: list[Selector] = []
    for path, text in reader.texts(paths):
        if pattern.search(text):
            for document in yaml.documents(text, path):
                if pattern.search(document.source):
                    found += _selectors(document, versions)
    return tuple(sorted(found, key=lambda selector: selector.location))


def _selectors(document: Document, versions: Collection[str]) -> Iterator[Selector]:
    for mapping in yaml.mappings(document.root):
        for key, node in yaml.entries(mapping):
            if key in _KEYS and isinstance(node, MappingNode):
                group, version, kind, name = (
                    yaml.text_of(node, part) or "" for part in ("group", "version", "kind", "name")
                )
                if version in versions:
                    yield Selector(document.at(node), group, version, kind, name)
