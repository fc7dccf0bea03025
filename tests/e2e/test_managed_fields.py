"""What a cluster remembers beside `status.storedVersions`, and the command that makes it forget.

What is expected was measured, and is written by hand. `flux migrate` is the real one.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from fixtures import gitrepo, installed, states
from tests.e2e.cluster import Cluster
from tests.e2e.gitops import manifest
from tests.helpers import Repo

INVALID = "request to convert CR to an invalid group/version: source.toolkit.fluxcd.io/v1beta2"
WRITTEN = "objects may have been written at HelmRepository v1beta2"
_CRD = "helmrepositories.source.toolkit.fluxcd.io"


def repository(version: str, url: str = "https://charts.example.org") -> str:
    """Return a HelmRepository."""
    api_version = f"source.toolkit.fluxcd.io/{version}"
    metadata = {"name": "charts", "namespace": "flux-system"}
    spec = {"interval": "10m", "url": url}
    found = {"apiVersion": api_version, "kind": "HelmRepository", "metadata": metadata}
    return manifest([{**found, "spec": spec}])


def crds(cluster: Cluster, release: str) -> None:
    """Apply a release's CRDs; none of them may be refused."""
    cluster.apply(manifest(installed.crds(release)), "--force-conflicts").ok()
    cluster.wait_for(lambda: cluster.kubectl("get", "helmrepositories").code == 0)


def reconcile(cluster: Cluster, version: str, **options: str) -> str:
    """Apply the object server-side, as kustomize-controller does; return what the server refuses.

    kubectl would not do: it takes over what its own client-side apply has left.
    """
    place = f"/apis/source.toolkit.fluxcd.io/{version}/namespaces/flux-system/helmrepositories"
    answer = cluster.server.answer(
        "PATCH",
        f"{place}/charts",
        params={"fieldManager": "kustomize-controller", "force": "true", **options},
        headers={"Content-Type": "application/apply-patch+yaml"},
        content=repository(version),
    )
    return "" if answer.is_success else str(answer.json()["message"])


def remembered(cluster: Cluster) -> set[str]:
    """Return the versions that the object remembers of its managers."""
    (found,) = cluster.objects(_CRD).values()
    return {entry["apiVersion"].split("/")[1] for entry in found["metadata"]["managedFields"]}


def apply_once_on_the_server(cluster: Cluster) -> None:
    """Leave an entry by an apply that was not repeated at the newer version."""
    cluster.apply(repository("v1beta2"), "--field-manager", "somebody").ok()


def apply_as_clients_do(cluster: Cluster) -> None:
    """Leave an entry by a plain `kubectl apply`."""
    cluster.kubectl("apply", "--filename", "-", given=repository("v1beta2")).ok()


def write_a_status(cluster: Cluster) -> None:
    """Leave an entry by a controller's update of the status."""
    cluster.apply(repository("v1"), "--field-manager", "somebody").ok()
    patch = json.dumps({"status": {"observedGeneration": 1}})
    older = f"helmrepositories.v1beta2.{_CRD.partition('.')[2]}"
    command = ["--namespace", "flux-system", "patch", older, "charts", "--subresource", "status"]
    command += ["--field-manager", "source-controller", "--type", "merge", "--patch", patch]
    cluster.kubectl(*command).ok()


@pytest.mark.parametrize("leave", [apply_once_on_the_server, apply_as_clients_do, write_a_status])
def test_one_entry_of_an_old_version_stops_every_apply(
    cluster: Cluster, leave: Callable[[Cluster], None]
) -> None:
    cluster.kubectl("create", "namespace", "flux-system").ok()
    crds(cluster, "2.6.4")
    leave(cluster)
    assert reconcile(cluster, "v1") == ""
    assert remembered(cluster) == {"v1", "v1beta2"}

    # Nothing of this is in what the CRD says it stores, so the CRDs of 2.8.5 are taken.
    assert cluster.crds()[_CRD]["status"]["storedVersions"] == ["v1"]
    crds(cluster, "2.8.5")
    assert INVALID in reconcile(cluster, "v1")
    assert INVALID in reconcile(cluster, "v1", dryRun="All")

    # The cure works after the hop too.
    cluster.flux("migrate").ok()
    assert remembered(cluster) == {"v1"}
    assert reconcile(cluster, "v1") == ""


@pytest.fixture
def at_v1(tmp_path: Path, repo: Repo) -> Repo:
    """The monorepo as if no manifest had ever been at an old version."""
    files = [
        (path, data.replace(b"source.toolkit.fluxcd.io/v1beta2", b"source.toolkit.fluxcd.io/v1"))
        for path, data in states.files("aligned").items()
    ]
    return replace(repo, path=gitrepo.create(tmp_path / "at-v1", files, message="Begin\n"))


def test_the_cure_before_the_hop(cluster: Cluster, at_v1: Repo) -> None:
    cluster.kubectl("create", "namespace", "flux-system").ok()
    crds(cluster, "2.6.4")
    assert reconcile(cluster, "v1beta2") == ""
    assert remembered(cluster) == {"v1beta2"}
    assert cluster.crds()[_CRD]["status"]["storedVersions"] == ["v1"]

    assert "flux migrate" in ask(cluster, at_v1, "path", "2.8.5", "--from", "2.6.4")
    assert WRITTEN in ask(cluster, at_v1, "to", "2.8.5", "--dry-run")
    cluster.flux("migrate").ok()
    assert remembered(cluster) == {"v1"}
    assert "flux migrate" not in ask(cluster, at_v1, "path", "2.8.5", "--from", "2.6.4")
    assert WRITTEN not in ask(cluster, at_v1, "to", "2.8.5", "--dry-run")

    crds(cluster, "2.8.5")
    assert reconcile(cluster, "v1") == ""


def test_an_object_whose_every_entry_has_moved_survives(cluster: Cluster) -> None:
    cluster.kubectl("create", "namespace", "flux-system").ok()
    crds(cluster, "2.6.4")
    assert reconcile(cluster, "v1beta2") == ""
    assert reconcile(cluster, "v1") == ""
    assert remembered(cluster) == {"v1"}
    crds(cluster, "2.8.5")
    assert reconcile(cluster, "v1") == ""


def ask(cluster: Cluster, repo: Repo, *arguments: str) -> str:
    """Return what fluxbump says of this cluster, which it asks with the real kubectl."""
    environment = cluster.environment()
    said = repo.fluxbump(
        *arguments,
        "--cluster",
        PATH=environment["PATH"],
        KUBECONFIG=environment["KUBECONFIG"],
    )
    return said.out + said.err
