"""The recoveries of the runbook, command by command from the document, after the incident.

Between any two blocks each controller that runs reconciles, so that what a command lets loose is
let loose. What is expected was measured with the real controllers, and is written by hand.
"""

from __future__ import annotations

import re

import pytest

from fixtures import installed
from tests import runbook
from tests.e2e import document, gitops, world
from tests.e2e.cluster import Cluster
from tests.e2e.document import StoppedError
from tests.e2e.world import FLUX_KINDS, World
from tests.helpers import Repo

IMAGES_2_4_0 = {
    "helm-controller": "ghcr.io/fluxcd/helm-controller:v1.1.0",
    "image-automation-controller": "ghcr.io/fluxcd/image-automation-controller:v0.39.0",
    "image-reflector-controller": "ghcr.io/fluxcd/image-reflector-controller:v0.33.0",
    "kustomize-controller": "ghcr.io/fluxcd/kustomize-controller:v1.4.0",
    "notification-controller": "ghcr.io/fluxcd/notification-controller:v1.4.0",
    "source-controller": "ghcr.io/fluxcd/source-controller:v1.4.1",
}
TERMINATING = {
    "gitrepositories.source.toolkit.fluxcd.io",
    "helmcharts.source.toolkit.fluxcd.io",
    "helmreleases.helm.toolkit.fluxcd.io",
    "kustomizations.kustomize.toolkit.fluxcd.io",
}
BOTH = pytest.mark.parametrize(
    ("helm", "source"), [("helm3", "runbook"), ("helm4", "fluxbump recover")]
)
"""Each helm, and where its reader has the commands from: both are the same."""

_STEP = re.compile(r"^(?=# --- )", re.MULTILINE)


def prepare(here: World, *, reconciler: str = installed.RECONCILER) -> None:
    """Repair the repository, and write the files that a reader has."""
    here.git.repair()
    directory = here.cluster.directory
    (directory / "install.yaml").write_bytes(installed.install("2.4.0", reconciler=reconciler))
    (directory / "flux-bootstrap.yaml").write_text(gitops.manifest(here.git.bootstrap()))


def printed(here: World, repo: Repo, state: str) -> list[str]:
    """Return the script that fluxbump prints for this cluster, step by step."""
    environment = here.cluster.environment()
    said = repo.fluxbump(
        "recover",
        "--cluster",
        "--bootstrap",
        "flux-bootstrap.yaml",
        PATH=environment["PATH"],
        KUBECONFIG=environment["KUBECONFIG"],
    )
    assert said.code == 1, said.err
    assert said.err.startswith(f"fluxbump: cluster test is {state}: ")
    first, *others = _STEP.split(said.out)
    return [document.assigned(first, {"INSTALL": "install.yaml"}), *others]


def written(*sections: str) -> list[str]:
    """Return the commands of the runbook, block by block."""
    found = document.names({"INSTALL": "install.yaml"})
    for section in (*sections, "after"):
        found += runbook.blocks(section)
    return found


def follow(here: World, blocks: list[str]) -> str:
    """Run blocks in one shell, and let the controllers act after each; return all output."""
    said = ""
    with document.shell(here.cluster) as shell:
        for block in blocks:
            said += shell.run(block)
            here.controllers.act()
    here.settle()
    return said


def assert_recovered(here: World, workloads: dict[str, str]) -> None:
    """Flux 2.4.0 runs, owned by a deployed Helm release; the app is as it was before."""
    assert here.workloads() == workloads
    assert here.cluster.images() == IMAGES_2_4_0
    assert len(here.cluster.crds()) == 13
    assert here.cluster.deleting("customresourcedefinitions", *FLUX_KINDS) == set()
    assert set(here.cluster.objects("helmreleases")) == {"bp-flux", "shop"}
    flux = here.cluster.objects("helmreleases")["bp-flux"]
    assert flux["spec"]["chart"]["spec"]["version"] == gitops.REPAIRED
    assert "suspend" not in flux["spec"]
    releases = {
        secret["metadata"]["labels"]["name"]: secret["metadata"]["labels"]["status"]
        for secret in here.cluster.objects("secrets").values()
    }
    assert releases == {"flux": "deployed", "shop": "deployed"}


@BOTH
def test_the_crds_are_alive(cluster: Cluster, repo: Repo, helm: str, source: str) -> None:
    here = world.boot(cluster, helm)
    workloads = here.workloads()
    here.strike()
    # Helm has lost its permission before it came to the CRDs.
    assert len(cluster.crds()) == 13
    assert cluster.deleting("customresourcedefinitions", *FLUX_KINDS) == set()
    assert here.workloads() == workloads

    prepare(here)
    commands = printed(here, repo, "alive")
    follow(here, written("alive") if source == "runbook" else commands)
    assert len(here.controllers.failures) == 1
    assert_recovered(here, workloads)


@BOTH
def test_the_crds_are_terminating(cluster: Cluster, repo: Repo, helm: str, source: str) -> None:
    here = world.boot(cluster, helm, reconciler=installed.OTHER_RECONCILER)
    workloads = here.workloads()
    here.strike()
    # Helm has kept its permission: CRDs without objects are gone, the others wait.
    cluster.wait_for(lambda: set(cluster.crds()) == TERMINATING)
    assert cluster.deleting("customresourcedefinitions") == TERMINATING
    for kind in FLUX_KINDS:
        found = cluster.objects(kind)
        assert found
        assert cluster.deleting(kind) == set(found)
        for waiting in found.values():
            assert waiting["metadata"]["finalizers"] == ["finalizers.fluxcd.io"]
    assert cluster.bindings() == {"cluster-reconciler-flux-system"}
    assert here.workloads() == workloads

    prepare(here, reconciler=installed.OTHER_RECONCILER)
    commands = printed(here, repo, "terminating")
    follow(here, written("terminating", "gone") if source == "runbook" else commands)
    assert len(here.controllers.failures) == 1
    assert_recovered(here, workloads)
    (saved,) = cluster.directory.glob("flux-objects-*")
    kept = {file.name for file in saved.iterdir()}
    assert kept == {f"{crd}.yaml" for crd in TERMINATING}
    assert "name: shop" in (saved / "helmreleases.helm.toolkit.fluxcd.io.yaml").read_text()


def test_controllers_that_come_back_first_delete_the_workloads(cluster: Cluster) -> None:
    here = world.boot(cluster, "helm3", reconciler=installed.OTHER_RECONCILER)
    here.strike()
    cluster.wait_for(lambda: set(cluster.crds()) == TERMINATING)
    assert here.workloads()

    prepare(here, reconciler=installed.OTHER_RECONCILER)
    # The recovery of the state that this is not: it says so, and changes nothing.
    with pytest.raises(StoppedError, match="these wait to be deleted"):
        follow(here, written("alive"))
    assert cluster.images() == {}

    manifest = installed.install("2.4.0", reconciler=installed.OTHER_RECONCILER)
    cluster.apply(manifest, "--force-conflicts")
    here.controllers.act()
    assert here.workloads() == {}


def test_a_suspension_by_a_plain_patch_does_not_hold(cluster: Cluster) -> None:
    """That is why the commands of the recovery name a field manager."""
    here = world.boot(cluster, "helm3")
    for manager, holds in (("kubectl-patch", False), ("flux-client-side-apply", True)):
        place = ["--namespace", "apps", "patch", "helmreleases", "shop", "--type", "merge"]
        patch = ["--patch", '{"spec":{"suspend":true}}', "--field-manager", manager]
        cluster.kubectl(*place, *patch).ok()
        here.controllers.act()
        assert cluster.objects("helmreleases")["shop"]["spec"].get("suspend", False) is holds


def test_an_owner_that_is_not_suspended_strikes_again(cluster: Cluster) -> None:
    here = world.boot(cluster, "helm3")
    workloads = here.workloads()
    here.strike()
    cluster.kubectl(
        "--namespace", "flux-system", "delete", "secrets", "--selector", "owner=helm,name=flux"
    ).ok()
    cluster.apply(installed.install("2.4.0"), "--force-conflicts").ok()
    assert cluster.images() == IMAGES_2_4_0
    here.controllers.act()
    assert cluster.images() == {}
    assert here.workloads() == workloads
