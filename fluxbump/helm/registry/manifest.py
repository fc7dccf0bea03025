"""What registries answer, as validated values: manifests, lists of tags, charts' metadata. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, Struct

from fluxbump.errors import IndexSourceError
from fluxbump.system.secret import Secret
from fluxbump.text.patterns import lazy_pattern

# https://github.com/helm/community/blob/main/hips/hip-0006.md
CHART_CONFIG = "application/vnd.cncf.helm.config.v1+json"
CHART_CONTENT = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"

# fluxcd/pkg, oci/globals.go
FLUX_CONTENT = "application/vnd.cncf.flux.content.v1.tar+gzip"

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
ACCEPTED = f"{OCI_MANIFEST}, application/vnd.docker.distribution.manifest.v2+json"
"""Media types of manifests that are asked for; a list of manifests for platforms is none."""

CREATED = "org.opencontainers.image.created"
"""The annotation that says when it was pushed (OCI Image Specification, annotations.md)."""

_NEXT = lazy_pattern(r"<(?P<url>[^<>]*)>\s*;(?:[^,]{0,200};)?\s*rel=\"?next\"?", re.IGNORECASE)

T = TypeVar("T")


class Descriptor(Struct, frozen=True, rename="camel"):
    """What a manifest says of a blob.

    Attributes:
        media_type: of it.
        digest: `sha256:` and 64 digits.
        size: in bytes.
    """

    media_type: str
    digest: Annotated[str, Meta(pattern=r"^sha256:[0-9a-f]{64}\Z")]
    size: Annotated[int, Meta(ge=0)]


class ArtifactManifest(Struct, frozen=True, rename="camel"):
    """What is below a tag.

    Attributes:
        config: metadata, in a form of its own for each kind of artifact.
        layers: contents.
        annotations: texts by name.
    """

    config: Descriptor
    layers: tuple[Descriptor, ...]
    annotations: Mapping[str, str] | None = None

    @property
    def created(self) -> str | None:
        """When it was pushed, if it says so."""
        return (self.annotations or {}).get(CREATED)

    def layer(self, media_type: str) -> Descriptor | None:
        """Return the only layer of a media type; None without one, or with several."""
        found = [layer for layer in self.layers if layer.media_type == media_type]
        return found[0] if len(found) == 1 else None


class ChartConfig(Struct, frozen=True, rename="camel"):
    """The Chart.yaml of a chart in a registry, as much of it as an index has.

    Attributes:
        name: of the chart.
        version: of the chart.
        app_version: what it ships; empty without one.
        deprecated: as it says.
    """

    name: str
    version: str
    app_version: str = ""
    deprecated: bool = False


class _Tags(Struct, frozen=True):
    tags: tuple[str, ...] | None = None


class _Token(Struct, frozen=True):
    token: str = ""
    access_token: str = ""


def parse(data: bytes, where: str) -> ArtifactManifest:
    """Read a manifest.

    Args:
        data: as it was received.
        where: what an error names.

    Raises:
        IndexSourceError: it is something else, a list of manifests for several platforms too.
    """
    return _decoded(data, ArtifactManifest, "the manifest of an artifact", where)


def chart(data: bytes, where: str) -> ChartConfig:
    """Read the metadata of a chart; see `parse`."""
    return _decoded(data, ChartConfig, "the metadata of a chart", where)


def tags(data: bytes, where: str) -> tuple[str, ...]:
    """Read a page of a list of tags; see `parse`."""
    return _decoded(data, _Tags, "a list of tags", where).tags or ()


def token(data: bytes, where: str) -> Secret:
    """Read the answer of a token service; see `parse`.

    Raises:
        IndexSourceError: it holds no token.
    """
    found = _decoded(data, _Token, "a token", where)
    text = found.token or found.access_token
    if not text or not text.isascii() or not text.isprintable() or " " in text:
        raise IndexSourceError("its token service answers without a token", where=where)
    return Secret(text)


def next_page(link: str) -> str | None:
    """Return the URL of the next page that a `Link` header names (RFC 8288); None without one."""
    match = _NEXT.search(link)
    return match["url"] if match else None


def _decoded(data: bytes, shape: type[T], what: str, where: str) -> T:
    try:
        return msgspec.json.decode(data, type=shape)
    except msgspec.ValidationError as error:
        reason = _said(error)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        reason = "it is not JSON"
    message = f"the registry answers something that is not {what}: {reason}"
    raise IndexSourceError(message, where=where)


def _said(error: msgspec.ValidationError) -> str:
    """Return where in a text the library found what it did not expect; its own words only."""
    return " ".join(str(error).replace("`", "").split())


def entry(config: ChartConfig, layer: Descriptor, url: str, created: str | None) -> dict[str, Any]:
    """Return a version of a chart as a chart index has it."""
    found = {
        "name": config.name,
        "version": config.version,
        "appVersion": config.app_version or None,
        "deprecated": config.deprecated,
        "digest": layer.digest,
        "urls": [url],
    }
    return {**found, "created": created} if created else found
