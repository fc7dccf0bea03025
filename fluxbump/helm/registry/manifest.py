"""Parse the answers of registries: manifests, lists of tags, tokens, charts' metadata. Pure."""

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
"""The media types of manifests to ask for; lists of manifests for platforms are not wanted."""

CREATED = "org.opencontainers.image.created"
"""The annotation with the time of the push (OCI Image Specification, annotations.md)."""

_NEXT = lazy_pattern(r"<(?P<url>[^<>]*)>\s*;(?:[^,]{0,200};)?\s*rel=\"?next\"?", re.IGNORECASE)

T = TypeVar("T")


class Descriptor(Struct, frozen=True, rename="camel"):
    """The description of a blob in a manifest.

    Attributes:
        media_type: the blob's media type.
        digest: the blob's digest: `sha256:` and 64 hexadecimal digits.
        size: the blob's size in bytes.
    """

    media_type: str
    digest: Annotated[str, Meta(pattern=r"^sha256:[0-9a-f]{64}\Z")]
    size: Annotated[int, Meta(ge=0)]


class ArtifactManifest(Struct, frozen=True, rename="camel"):
    """The manifest of an artifact, which a tag refers to.

    Attributes:
        config: the blob with the metadata, whose format depends on the kind of artifact.
        layers: the blobs with the contents.
        annotations: texts by name; None if there are none.
    """

    config: Descriptor
    layers: tuple[Descriptor, ...]
    annotations: Mapping[str, str] | None = None

    @property
    def created(self) -> str | None:
        """When the artifact was pushed; None if the manifest does not say."""
        return (self.annotations or {}).get(CREATED)

    def layer(self, media_type: str) -> Descriptor | None:
        """Return the layer of a media type; None if there is none, or more than one."""
        found = [layer for layer in self.layers if layer.media_type == media_type]
        return found[0] if len(found) == 1 else None


class ChartConfig(Struct, frozen=True, rename="camel"):
    """The metadata of a chart in a registry: the fields of Chart.yaml that an index needs.

    Attributes:
        name: the chart's name.
        version: the chart's own version.
        app_version: the release that the chart ships; empty if it does not say.
        deprecated: whether the chart is marked as deprecated.
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
    """Parse the manifest of an artifact.

    Args:
        data: the bytes as they were received.
        where: the place for errors.

    Raises:
        IndexSourceError: `data` is something else, for example a list of manifests for several
            platforms.
    """
    return _decoded(data, ArtifactManifest, "the manifest of an artifact", where)


def chart(data: bytes, where: str) -> ChartConfig:
    """Parse the metadata of a chart; arguments and errors are those of `parse`."""
    return _decoded(data, ChartConfig, "the metadata of a chart", where)


def tags(data: bytes, where: str) -> tuple[str, ...]:
    """Parse one page of a list of tags; arguments and errors are those of `parse`."""
    return _decoded(data, _Tags, "a list of tags", where).tags or ()


def token(data: bytes, where: str) -> Secret:
    """Parse the answer of a token service; the arguments are those of `parse`.

    Raises:
        IndexSourceError: the answer has no valid token.
    """
    found = _decoded(data, _Token, "a token", where)
    text = found.token or found.access_token
    if not text or not text.isascii() or not text.isprintable() or " " in text:
        raise IndexSourceError("its token service answers without a token", where=where)
    return Secret(text)


def next_page(link: str) -> str | None:
    """Return the URL of the next page in a `Link` header (RFC 8288); None if there is none."""
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
    """Return the message of a validation error on one line; it quotes no values."""
    return " ".join(str(error).replace("`", "").split())


def entry(config: ChartConfig, layer: Descriptor, url: str, created: str | None) -> dict[str, Any]:
    """Return a chart version as an entry of a chart index."""
    found = {
        "name": config.name,
        "version": config.version,
        "appVersion": config.app_version or None,
        "deprecated": config.deprecated,
        "digest": layer.digest,
        "urls": [url],
    }
    return {**found, "created": created} if created else found
