"""Flux custom resources as values: where each stands, and at which version of its API. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from fluxbump.model import Location, Unreadable
from fluxbump.text.yaml import Document, Node


class Resource(Struct, frozen=True):
    """A Flux custom resource, or a place that speaks of one.

    Attributes:
        api_version: `helm.toolkit.fluxcd.io/v2`, as it stands.
        kind: `HelmRelease`; empty for a mention whose text does not say.
        name: of the object; empty when it has none.
        namespace: likewise.
        location: of the object's first character.
        api_location: of the apiVersion's value.
        start: offset of that value's first character in the file's decoded text.
        end: offset behind its last character.
        patch: only a part of an object, to be merged into one that stands elsewhere: an inline
            patch, or a file that says by its path or by a directive that it is one.
        removes: a patch that takes the object out, so the object is not applied.
        text_only: found as text; nothing was parsed, and nothing is known of its fields.
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
        """`helm.toolkit.fluxcd.io`."""
        return self.api_version.rpartition("/")[0]

    @property
    def version(self) -> str:
        """`v2`."""
        return self.api_version.rpartition("/")[2]

    def __str__(self) -> str:
        return " ".join(part for part in (self.kind or "an object", self.name) if part)


class Resources(Struct, frozen=True):
    """What a snapshot holds of Flux's API.

    Attributes:
        resources: objects and patches, by path and offset.
        mentions: apiVersions in other live text.
        unreadable: documents with such an apiVersion that cannot be parsed, and whose head is not
            written in the usual way either. Below a usual head only `parsed` finds what is broken.
        files: the decoded text of every file that holds a resource, by path.
    """

    resources: tuple[Resource, ...] = ()
    mentions: tuple[Resource, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)


def versions_written(found: Resources) -> dict[tuple[str, str], frozenset[str]]:
    """Return the API versions that the manifests write objects at, by group and kind."""
    versions: dict[tuple[str, str], frozenset[str]] = {}
    for resource in found.resources:
        key = (resource.group, resource.kind)
        versions[key] = versions.get(key, frozenset()) | {resource.version}
    return versions


class ObjectBody(Struct, frozen=True):
    """A resource with its parsed object, for those who look at its fields."""

    resource: Resource
    document: Document
    node: Node
