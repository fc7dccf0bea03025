"""A cluster with Flux, an app, and what Git holds for both."""

from __future__ import annotations

from dataclasses import dataclass

from fixtures import installed
from tests.e2e import gitops
from tests.e2e.cluster import Cluster
from tests.e2e.controllers import Controllers
from tests.e2e.gitops import APPS, FLUX, Git

WORKLOADS = ("deployments", "configmaps", "persistentvolumeclaims")
FLUX_KINDS = ("gitrepositories", "helmcharts", "helmreleases", "kustomizations")


@dataclass(frozen=True)
class World:
    """All of it."""

    cluster: Cluster
    git: Git
    controllers: Controllers

    def workloads(self) -> dict[str, str]:
        """Return what the app has and is not being deleted, `deployments/shop`, to its uid."""
        return {
            f"{kind}/{name}": found["metadata"]["uid"]
            for kind in WORKLOADS
            for name, found in self.cluster.objects(kind).items()
            if found["metadata"]["namespace"] == APPS
            if "deletionTimestamp" not in found["metadata"]
        }

    def strike(self) -> None:
        """Let the wrapper of an older release arrive: helm-controller does the rest."""
        self.git.wrapper = gitops.INCIDENT
        self.controllers.act()
        (said,) = self.controllers.failures
        assert '"buckets.source.toolkit.fluxcd.io" is invalid' in said
        assert self.cluster.images() == {}

    def settle(self) -> None:
        """Let the controllers reconcile until what one has made was seen by all."""
        for _ in range(2):
            self.controllers.act()


def boot(cluster: Cluster, helm: str, *, reconciler: str = installed.RECONCILER) -> World:
    """Make a cluster as cloud-init does: Flux 2.4.0 from its manifest, then what Git holds."""
    cluster.apply(installed.install("2.4.0", reconciler=reconciler)).ok()
    cluster.kubectl("create", "namespace", APPS).ok()
    git = Git()
    cluster.apply(gitops.manifest(git.bootstrap())).ok()
    world = World(cluster, git, Controllers(cluster, git, helm))
    world.settle()
    assert set(world.workloads()) == {f"{kind}/shop" for kind in WORKLOADS}
    assert set(cluster.objects("helmreleases")) == {"shop"}
    assert set(cluster.objects("kustomizations")) == {FLUX, APPS}
    return world
