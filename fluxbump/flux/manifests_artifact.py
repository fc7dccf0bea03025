"""Read the manifests of a Flux release from the artifact that Flux publishes in a registry.

The artifact `flux-manifests` holds what `flux install --export` prints with all components
(.github/workflows/release.yaml of fluxcd/flux2). A release never changes, so what was read once is
kept for good. Its digest is verified, and its signature is not.
"""

from __future__ import annotations

from collections.abc import Mapping

from fluxbump.errors import IndexSourceError
from fluxbump.helm import archive
from fluxbump.helm.registry import manifest, reference
from fluxbump.helm.registry.client import Registry
from fluxbump.helm.registry.content_store import digest_of

FLUX_MANIFESTS = "oci://ghcr.io/fluxcd/flux-manifests"
"""The registry repository of the artifact; its tags are releases with a leading `v`."""

_LARGEST = 10 << 20
"""The largest artifact that is read, in bytes before it is unpacked."""

_ELSEWHERE = "use --releases to name the place of the manifests"


def flux_manifests(
    release: str, registry: Registry, *, artifact: str = FLUX_MANIFESTS
) -> Mapping[str, bytes]:
    """Return the files of a release's manifests by path, `gotk-components.yaml` among them.

    Args:
        release: without a leading `v`.
        registry: the client for registries; offline, it has only what it read before.
        artifact: the registry repository of the artifact, for example in a mirror.

    Raises:
        IndexSourceError: the artifact cannot be read, is of another type, or exceeds the limits of
            `archive.read_files`.
    """
    repository, tag = reference.parse(artifact), f"v{release}"
    where = f"{repository}:{tag}"
    if reference.version_of(tag) is None:
        raise IndexSourceError(f"{release!r} is not a release of Flux")
    kept = registry.store.tags(repository) or {}
    data = registry.manifest(repository, kept.get(tag, tag))
    if data is None:
        raise IndexSourceError("the registry has no such release", where=where, hint=_ELSEWHERE)
    layer = manifest.parse(data, where).layer(manifest.FLUX_CONTENT)
    if layer is None:
        raise IndexSourceError("it is not an artifact of Flux", where=where, hint=_ELSEWHERE)
    files = archive.read_files(registry.blob(repository, layer, _LARGEST), where=where)
    if tag not in kept:
        registry.store.write_tags(repository, {**kept, tag: digest_of(data)})
    return files
