"""The incident, with the real Helm, and what each uninstall leaves.

What is expected was measured with the real helm-controller, and is written by hand.
"""

from __future__ import annotations

import re

import pytest

from fixtures import installed
from tests.e2e import gitops
from tests.e2e.cluster import Cluster

REFUSED = {
    "1.32": 'Invalid value: "v1": must appear in spec.versions',
    "1.37": 'Invalid value: "v1": missing from spec.versions; v1 was previously a storage version, '
    "and must remain in spec.versions until a storage migration ensures no data remains persisted "
    "in v1 and removes v1 from status.storedVersions",
}
IMAGES_2_3_0 = {
    "helm-controller": "ghcr.io/fluxcd/helm-controller:v1.0.1",
    "image-automation-controller": "ghcr.io/fluxcd/image-automation-controller:v0.38.0",
    "image-reflector-controller": "ghcr.io/fluxcd/image-reflector-controller:v0.32.0",
    "kustomize-controller": "ghcr.io/fluxcd/kustomize-controller:v1.3.0",
    "notification-controller": "ghcr.io/fluxcd/notification-controller:v1.3.0",
    "source-controller": "ghcr.io/fluxcd/source-controller:v1.3.0",
}
_FORBIDDEN = re.compile(r'(\w+)(?:\.\S+)? \\?"([\w.-]+)\\?" is forbidden')
BOTH = pytest.mark.parametrize("helm", ["helm3", "helm4"])


def install(cluster: Cluster, helm: str) -> str:
    """Install the wrapper of the older release over Flux 2.4.0; return what Helm said."""
    command = ["install", "flux", f"bp-flux-{gitops.INCIDENT}.tgz", "--take-ownership"]
    if helm == "helm4":
        command.append("--force-conflicts")
    said = cluster.helm(helm, *command, user="helm-controller")
    assert said.code == 1
    return said.err


@BOTH
def test_the_wrapper_of_an_older_release(cluster: Cluster, helm: str) -> None:
    cluster.apply(installed.install("2.4.0")).ok()
    cluster.log_in("helm-controller")
    minor = re.match(r"v(1\.\d+)", cluster.kubernetes())
    assert minor is not None
    head = 'CustomResourceDefinition.apiextensions.k8s.io "buckets.source.toolkit.fluxcd.io" is '
    said = install(cluster, helm)
    assert f"{head}invalid: status.storedVersions[0]: {REFUSED[minor[1]]}\n" in said
    assert said.count("is invalid") == 1

    # Helm has gone on: 12 of 13 CRDs and all controllers are those of 2.3.0.
    labels = {
        name: found["metadata"]["labels"]["app.kubernetes.io/version"]
        for name, found in cluster.crds().items()
    }
    assert len(labels) == 13
    older = {name for name, version in labels.items() if version == "v2.3.0"}
    assert labels.keys() - older == {"buckets.source.toolkit.fluxcd.io"}
    assert cluster.images() == IMAGES_2_3_0

    # The uninstall deletes in Helm's order, until it has deleted its own permission.
    said = cluster.helm(helm, "uninstall", "flux", "--debug", user="helm-controller-far").err
    refused = _FORBIDDEN.findall(said)
    # The binding that grants its own permission goes; from then on the other one may be refused.
    left = cluster.bindings()
    assert left <= {"crd-controller"}
    kinds = [kind for kind, _ in set(refused)]
    assert kinds.count("clusterrolebindings") == len(left)
    assert {kind: kinds.count(kind) for kind in kinds if kind != "clusterrolebindings"} == {
        "clusterroles": 3,
        "customresourcedefinitions": 13,
        "networkpolicies": 3,
        "serviceaccounts": 6,
    }
    assert cluster.images() == {}
    assert set(cluster.objects("services")) == {"kubernetes"}
    assert len(cluster.crds()) == 13
    assert cluster.deleting("customresourcedefinitions") == set()
    assert {"crd-controller", "flux-edit", "flux-view"} <= cluster.objects("clusterroles").keys()
    assert len(cluster.objects("serviceaccounts")) == 6
    assert len(cluster.objects("networkpolicies")) == 3
    (release,) = cluster.objects("secrets").values()
    assert release["metadata"]["labels"]["status"] == "uninstalling"

    # And the repaired chart alone does not help.
    command = ["upgrade", "flux", f"bp-flux-{gitops.REPAIRED}.tgz", "--take-ownership"]
    said = cluster.helm(helm, *command).err
    assert said == 'Error: UPGRADE FAILED: "flux" has no deployed releases\n'


def test_helm_4_does_not_take_fields_that_others_own(cluster: Cluster) -> None:
    """What saves images and CRDs does not save the controllers: the uninstall takes them."""
    cluster.apply(installed.install("2.4.0")).ok()
    before = cluster.images()
    command = ["install", "flux", f"bp-flux-{gitops.INCIDENT}.tgz", "--take-ownership"]
    said = cluster.helm("helm4", *command)
    assert 'conflict with "kubectl"' in said.err
    assert cluster.images() == before
    cluster.helm("helm4", "uninstall", "flux")
    assert cluster.images() == {}
