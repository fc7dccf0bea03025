"""Defines the values for Flux custom resources: their places and their API versions. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from fluxbump.model import Location, Unreadable
from fluxbump.text.yaml import Document, Node


class Resource(Struct, frozen=True):
    """A Flux custom resource, a patch of one, or a text that mentions one.

    Attributes:
        api_version: the apiVersion as written, such as `helm.toolkit.fluxcd.io/v2`.
        kind: the kind, such as `HelmRelease`; empty for a mention whose text does not name it.
        name: the name of the object; empty if it has none.
        namespace: the namespace of the object; empty if it has none.
        location: the place of the object's first character.
        api_location: the place of the apiVersion's value.
        start: the offset of that value's first character in the file's decoded text.
        end: the offset behind its last character.
        patch: whether it is a patch that is merged into an object elsewhere: an inline patch, or a
            file that is a patch by its path or by a directive.
        removes: whether it is a patch that removes the object, so that the object is not applied.
        text_only: whether it was found as text, so that its fields are not known.
    """

    api_version: str
    kind: str
    name: str
    namespace: str
    location: Location
    api_location: Location
    start: int
    end: int
    patch: bool = False
    removes: bool = False
    text_only: bool = False

    @property
    def group(self) -> str:
        """The API group, such as `helm.toolkit.fluxcd.io`."""
        return self.api_version.rpartition("/")[0]

    @property
    def version(self) -> str:
        """The version in the API group, such as `v2`."""
        return self.api_version.rpartition("/")[2]

    def __str__(self) -> str:
        return " ".join(part for part in (self.kind or "an object", self.name) if part)


class Resources(Struct, frozen=True):
    """The Flux custom resources of a snapshot.

    Attributes:
        resources: the objects and patches, ordered by path and offset.
        mentions: the apiVersions in other live text.
        unreadable: the documents with such an apiVersion that cannot be parsed and have an unusual
            head. Below a usual head, only `parsed` finds errors.
        files: the decoded text of each file with a resource, by path.
    """

    resources: tuple[Resource, ...] = ()
    mentions: tuple[Resource, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)


def versions_written(found: Resources) -> dict[tuple[str, str], frozenset[str]]:
    """Return the API versions of the objects in manifests, by group and kind."""
    versions: dict[tuple[str, str], frozenset[str]] = {}
    for resource in found.resources:
        key = (resource.group, resource.kind)
        versions[key] = versions.get(key, frozenset()) | {resource.version}
    return versions


class ObjectBody(Struct, frozen=True):
    """A resource with its parsed object, for callers that need its fields."""

    resource: Resource
    document: Document
    node: Node
