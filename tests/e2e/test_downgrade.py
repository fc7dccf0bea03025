"""The downgrade in place of the runbook, from Flux 2.4.0 to 2.3.0, command by command."""

from __future__ import annotations

import json

from fixtures import installed
from tests import runbook
from tests.e2e import document, gitops, world
from tests.e2e.cluster import Cluster
from tests.e2e.test_incident import IMAGES_2_3_0
from tests.e2e.test_recovery import IMAGES_2_4_0

_CRD = "buckets.source.toolkit.fluxcd.io"


def bucket(version: str) -> str:
    """Return a Bucket."""
    metadata = {"name": "artifacts", "namespace": "flux-system"}
    spec = {"interval": "10m", "bucketName": "artifacts", "endpoint": "minio.example.org"}
    api_version = f"source.toolkit.fluxcd.io/{version}"
    return json.dumps(
        {"apiVersion": api_version, "kind": "Bucket", "metadata": metadata, "spec": spec}
    )


def test_from_2_4_0_to_2_3_0(cluster: Cluster) -> None:
    here = world.boot(cluster, "helm3")
    here.git.repair()
    here.settle()
    assert here.controllers.failures == []
    assert cluster.images() == IMAGES_2_4_0
    cluster.apply(bucket("v1"), "--field-manager", "somebody").ok()
    workloads = here.workloads()
    uid = cluster.objects(_CRD)["artifacts"]["metadata"]["uid"]

    # What the older release's manifest alone would come to.
    older = installed.install("2.3.0")
    said = cluster.apply(older, "--force-conflicts", "--dry-run=server")
    assert said.code == 1
    assert 'status.storedVersions[0]: Invalid value: "v1"' in said.err

    (cluster.directory / "older.yaml").write_bytes(older)
    first, *others = runbook.blocks("downgrade")
    values = {"INSTALL": "older.yaml", "CHART": gitops.OLDER}
    blocks = [*document.names({"INSTALL": "older.yaml"}), document.assigned(first, values)]
    with document.shell(cluster) as shell:
        for block in [*blocks, *others, *runbook.blocks("after")]:
            shell.run(block)
            if "suspend true" in block:
                here.git.repair(gitops.OLDER)
            here.controllers.act()
    here.settle()

    assert here.controllers.failures == []
    assert cluster.images() == IMAGES_2_3_0
    versions = {found["name"] for found in cluster.crds()[_CRD]["spec"]["versions"]}
    assert versions == {"v1beta1", "v1beta2"}
    assert cluster.crds()[_CRD]["status"]["storedVersions"] == ["v1beta2"]
    labels = {
        found["metadata"]["labels"]["app.kubernetes.io/version"]
        for found in cluster.crds().values()
    }
    assert labels == {"v2.3.0"}
    release = cluster.objects("helmreleases")["bp-flux"]
    assert release["spec"]["chart"]["spec"]["version"] == gitops.OLDER
    assert "suspend" not in release["spec"]

    # The object is the same one, and can be applied again.
    found = cluster.objects(_CRD)["artifacts"]
    assert found["metadata"]["uid"] == uid
    assert found["spec"]["bucketName"] == "artifacts"
    cluster.apply(bucket("v1beta2"), "--field-manager", "somebody", "--force-conflicts").ok()
    assert here.workloads() == workloads
