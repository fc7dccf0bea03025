"""What keeps the controllers at their old images: the verdict of FB301, from the real Helm.

`upgrade.preserveValues: true` of a HelmRelease is Helm's `--reuse-values`; `false`, its default, is
`--reset-values`.
"""

from __future__ import annotations

import pytest

from fixtures import installed
from tests.e2e.cluster import Cluster
from tests.e2e.test_recovery import IMAGES_2_4_0

IMAGES_2_5_1 = {
    "helm-controller": "ghcr.io/fluxcd/helm-controller:v1.2.0",
    "image-automation-controller": "ghcr.io/fluxcd/image-automation-controller:v0.40.0",
    "image-reflector-controller": "ghcr.io/fluxcd/image-reflector-controller:v0.34.0",
    "kustomize-controller": "ghcr.io/fluxcd/kustomize-controller:v1.5.1",
    "notification-controller": "ghcr.io/fluxcd/notification-controller:v1.5.0",
    "source-controller": "ghcr.io/fluxcd/source-controller:v1.5.0",
}
IMAGES_2_6_4 = {
    "helm-controller": "ghcr.io/fluxcd/helm-controller:v1.3.0",
    "image-automation-controller": "ghcr.io/fluxcd/image-automation-controller:v0.41.2",
    "image-reflector-controller": "ghcr.io/fluxcd/image-reflector-controller:v0.35.2",
    "kustomize-controller": "ghcr.io/fluxcd/kustomize-controller:v1.6.1",
    "notification-controller": "ghcr.io/fluxcd/notification-controller:v1.6.0",
    "source-controller": "ghcr.io/fluxcd/source-controller:v1.6.2",
}
FLUX2 = {"1.1.2": "2.14.1", "1.1.3": "2.15.0", "1.1.4": "2.16.4"}
"""The wrapper's versions: with Flux 2.4.0, 2.5.1 and 2.6.4."""

BOTH = pytest.mark.parametrize("helm", ["helm3", "helm4"])


@BOTH
def test_reused_values_keep_the_old_images(cluster: Cluster, helm: str) -> None:
    for version, flux2 in FLUX2.items():
        archive = installed.wrapper(version, flux2)
        (cluster.directory / f"wrapper-{version}.tgz").write_bytes(archive)

    def upgrade(version: str, *options: str) -> None:
        archive = f"wrapper-{version}.tgz"
        cluster.helm(helm, "upgrade", "flux", archive, *options).ok()
        assert crd_versions(cluster) == {released[version]}

    released = {"1.1.2": "v2.4.0", "1.1.3": "v2.5.1", "1.1.4": "v2.6.4"}
    cluster.helm(helm, "install", "flux", "wrapper-1.1.2.tgz", "--create-namespace").ok()
    assert cluster.images() == IMAGES_2_4_0

    # The CRDs move and the upgrade succeeds, and yet no controller moves.
    upgrade("1.1.3", "--reuse-values")
    assert cluster.images() == IMAGES_2_4_0
    upgrade("1.1.3", "--reset-values")
    assert cluster.images() == IMAGES_2_5_1

    # The same again, and with the choice that HelmRelease has no field for.
    upgrade("1.1.4", "--reuse-values")
    assert cluster.images() == IMAGES_2_5_1
    upgrade("1.1.4", "--reset-then-reuse-values")
    assert cluster.images() == IMAGES_2_6_4


def crd_versions(cluster: Cluster) -> set[str]:
    """Return the releases that the CRDs say they are of."""
    return {
        found["metadata"]["labels"]["app.kubernetes.io/version"]
        for found in cluster.crds().values()
    }
