"""`fluxbump recover`: which state, which commands, and what they do to a cluster in a file."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from fluxbump.check.recovery import script
from fluxbump.check.recovery.cluster_contents import (
    SECRETS,
    ClusterContents,
    Controller,
    FluxObject,
)
from fluxbump.check.recovery.diagnosis import State, diagnose
from fluxbump.check.recovery.object_names import Names
from tests import runbook
from tests.helpers import ROOT, Repo, Result, assert_one_error

INSTALL = "https://github.com/fluxcd/flux2/releases/download/v2.4.0/install.yaml"
SAMPLE = Names(
    "flux-system", "bp-flux", "flux", "flux-system", "1.1.2", INSTALL, "flux-bootstrap.yaml"
)
DATE = "2026-04-29T10:00:00Z"
HELM_RELEASES = "helmreleases.helm.toolkit.fluxcd.io"
SOURCES = "gitrepositories.source.toolkit.fluxcd.io"
FINALIZER = ["finalizers.fluxcd.io"]


# --- one source for the commands --------------------------------------------------------------


def test_the_names_of_the_runbook_are_those_of_the_script() -> None:
    assert runbook.blocks("names") == [script.variables(SAMPLE), script.commands("functions")]


@pytest.mark.parametrize("name", ["alive", "terminating", "gone", "after"])
def test_the_runbook_shows_the_commands_that_recover_prints(name: str) -> None:
    shown = runbook.blocks(name)
    assert shown
    assert "\n\n".join(shown) == script.commands(name)


def test_the_runbook_shows_the_downgrade() -> None:
    names, *shown = runbook.blocks("downgrade")
    assert names.splitlines()[0] == f"INSTALL={INSTALL}".replace("2.4.0", "2.3.0")
    assert "\n\n".join(shown) == script.commands("downgrade")


def test_the_pages_list_secrets_without_what_is_in_them() -> None:
    template = SECRETS.removeprefix("go-template=")
    assert ".data" not in template
    assert f"-o go-template='{template}' >> state.json" in (ROOT / "docs/recover.md").read_text()


@pytest.mark.parametrize("shell", ["sh", "bash", "dash"])
def test_every_shell_reads_the_commands(shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell} here")
    for name in ("functions", "alive", "terminating", "gone", "downgrade", "after"):
        subprocess.run([shell, "-n"], input=script.commands(name), text=True, check=True)


# --- which state ------------------------------------------------------------------------------

OWNER = ("flux-system", "bp-flux")
HERE = FluxObject("HelmRelease", *OWNER)
RUNNING = tuple(Controller(f"{name}-controller", 1, 1) for name in ("source", "kustomize", "helm"))
ALIVE = {HELM_RELEASES: None, SOURCES: None}


def seen(**parts: Any) -> ClusterContents:
    whole = {"crds": ALIVE, "objects": (HERE,), "controllers": ()}
    return ClusterContents("x", **{**whole, **parts})


@pytest.mark.parametrize(
    ("cluster", "state", "then"),
    [
        (seen(), State.ALIVE, None),
        (seen(controllers=RUNNING), State.HEALTHY, None),
        (seen(controllers=RUNNING[:2]), State.ALIVE, None),
        (seen(controllers=(Controller("helm-controller", 0, 0),)), State.ALIVE, None),
        (seen(controllers=[Controller(c.name, 1, 1, True) for c in RUNNING]), State.ALIVE, None),
        # Deployments without a pod: something else is wrong.
        (seen(controllers=[Controller(c.name, 1, 0) for c in RUNNING]), State.UNKNOWN, None),
        (seen(crds={}, objects=()), State.GONE, None),
        (seen(crds={}, objects=(), controllers=RUNNING), State.GONE, None),
        (seen(objects=()), State.GONE, None),
        (seen(objects=(FluxObject("HelmRelease", "other", "bp-flux"),)), State.GONE, None),
        (seen(crds={HELM_RELEASES: DATE, SOURCES: DATE}), State.TERMINATING, State.GONE),
        (seen(crds={**ALIVE, SOURCES: DATE}), State.TERMINATING, State.ALIVE),
        # The controllers are still at it: stopping them is what is urgent.
        (seen(crds={**ALIVE, SOURCES: DATE}, controllers=RUNNING), State.TERMINATING, State.ALIVE),
        (seen(objects=(FluxObject("HelmRelease", *OWNER, DATE),)), State.TERMINATING, State.GONE),
        (
            seen(objects=(HERE, FluxObject("Kustomization", "a", "b", DATE))),
            State.TERMINATING,
            State.ALIVE,
        ),
        # An object that is deleted while the controllers run is everyday life.
        (
            seen(objects=(HERE, FluxObject("Kustomization", "a", "b", DATE)), controllers=RUNNING),
            State.HEALTHY,
            None,
        ),
        (seen(crds=None), State.UNKNOWN, None),
        (seen(objects=None), State.UNKNOWN, None),
        (seen(controllers=None), State.UNKNOWN, None),
        (seen(crds={SOURCES: DATE}, objects=None, controllers=None), State.TERMINATING, None),
    ],
)
def test_a_cluster_is_in_a_state(
    cluster: ClusterContents, state: State, then: State | None
) -> None:
    found = diagnose(cluster, OWNER)
    assert (found.state, found.then) == (state, then), found.why


# --- a cluster in a file ----------------------------------------------------------------------


def flux(kind: str, type_: str, name: str, **more: Any) -> dict[str, Any]:
    usual = {"namespace": "flux-system", "deleted": None, "finalizers": FINALIZER, "chart": ""}
    return {"kind": kind, "type": type_, "name": name, "spec": {}, **usual, **more}


def lost(deleted: str | None = None) -> dict[str, Any]:
    """A cluster that lost its controllers."""
    spec = {"releaseName": "flux", "targetNamespace": "flux-system"}
    return {
        "context": "alpha",
        "crds": {HELM_RELEASES: deleted, SOURCES: deleted},
        "stored": {HELM_RELEASES: "v2"},
        "release": [HELM_RELEASES, SOURCES],
        "controllers": [one.name for one in RUNNING],
        "objects": [
            flux(
                "HelmRelease", HELM_RELEASES, "bp-flux", deleted=deleted, spec=spec, chart="1.1.2"
            ),
            flux("HelmRelease", HELM_RELEASES, "app", deleted=deleted),
            flux("GitRepository", SOURCES, "cluster", deleted=deleted),
        ],
        "deployments": {},
        "secrets": [
            {"namespace": "flux-system", "release": "flux", "status": "uninstalling"},
            {"namespace": "flux-system", "release": "app", "status": "deployed"},
        ],
        "log": [],
    }


class Kubectl:
    """A fake kubectl, and the cluster behind it."""

    def __init__(self, place: Path, repo: Repo) -> None:
        self._repo, self._file = repo, place / "cluster.json"
        (place / "bin").mkdir()
        program = place / "bin/kubectl"
        program.write_text(f'#!/bin/sh\nexec python3 {ROOT / "tests/fake_kubectl.py"} "$@"\n')
        program.chmod(0o755)
        self._more = {
            "PATH": f"{place / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "FAKE_CLUSTER": str(self._file),
        }

    def write(self, cluster: dict[str, Any]) -> None:
        self._file.write_text(json.dumps(cluster))

    def read(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._file.read_text())
        return found

    def recover(self, *arguments: str) -> Result:
        return self._repo.fluxbump("recover", *arguments, cwd=None, **self._more)

    def sh(self, text: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", "-s"],
            input=text,
            cwd=self._repo.path,
            env=self._repo.environment(**self._more),
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def kube(tmp_path: Path, repo: Repo) -> Kubectl:
    place = tmp_path / "kube"
    place.mkdir()
    (repo.path / "boot.yaml").write_text("kind: GitRepository\n")
    return Kubectl(place, repo)


def test_alive_is_recovered(kube: Kubectl) -> None:
    kube.write(lost())
    said = kube.recover("--cluster")
    assert said.code == 1, said.err
    before = kube.read()
    assert before == {**lost(), "log": before["log"]}
    assert not [line for line in before["log"] if line.split()[0] not in ("get", "config")]
    ran = kube.sh(said.out)
    assert ran.returncode == 0, ran.stderr
    after = kube.read()
    assert after["deployments"].keys() == {one.name for one in RUNNING}
    assert [one["release"] for one in after["secrets"]] == ["app"]
    changes = [line for line in after["log"] if not line.startswith(("get", "config"))]
    owner = f"patch {HELM_RELEASES} bp-flux"
    assert changes == [
        f'{owner} {{"spec":{{"suspend":true}}}}',
        "apply --server-side --force-conflicts",
        f"wait {HELM_RELEASES}/bp-flux",
        "delete secrets",
        f'{owner} {{"spec":{{"suspend":null}}}}',
    ]
    healthy = kube.recover("--cluster")
    assert (healthy.code, healthy.out) == (0, "Nothing to recover: the controllers run.\n")


def test_an_old_chart_is_not_resumed(kube: Kubectl) -> None:
    cluster = lost()
    cluster["objects"][0]["chart"] = "1.1.1"
    kube.write(cluster)
    ran = kube.sh(kube.recover("--cluster").out)
    assert "waiting for the chart" in ran.stderr
    assert kube.read()["objects"][0]["suspend"] is True
    assert len(kube.read()["secrets"]) == 2


def test_terminating_is_recovered(kube: Kubectl, repo: Repo) -> None:
    kube.write({**lost(DATE), "deployments": {"helm-controller": 1}})
    said = kube.recover("--context", "alpha", "--bootstrap", "boot.yaml")
    assert said.code == 1, said.err
    ran = kube.sh(said.out)
    assert ran.returncode == 0, ran.stderr
    after = kube.read()
    assert after["objects"] == []
    assert after["bootstrapped"] == "kind: GitRepository\n"
    assert after["crds"] == {HELM_RELEASES: None, SOURCES: None}
    assert [one["release"] for one in after["secrets"]] == ["app"]
    (saved,) = repo.path.glob("flux-objects-*")
    assert (saved / f"{HELM_RELEASES}.yaml").read_text() == "- bp-flux\n- app\n"
    done = [line.split()[0] for line in after["log"] if not line.startswith(("get", "config"))]
    # Scaled down, three pods of each of six controllers, finalizers, CRDs, and then the release.
    assert done.index("scale") < done.index("patch") < done.index("delete") < done.index("apply")


def test_gone_is_recovered(kube: Kubectl) -> None:
    kube.write({**lost(), "crds": {}, "objects": []})
    said = kube.recover("--cluster", "--bootstrap", "boot.yaml")
    assert "gone: the cluster has no CRD of Flux" in said.err
    ran = kube.sh(said.out)
    assert ran.returncode == 0, ran.stderr
    assert kube.read()["bootstrapped"]


@pytest.mark.parametrize(
    ("then", "asked", "stops"),
    [
        (lost(DATE), lost(), "these wait to be deleted"),
        (lost(), lost(DATE), "nothing waits to be deleted"),
        (lost(), {**lost(), "crds": {}, "objects": []}, "is there: take the recovery for CRDs"),
    ],
    ids=["alive", "terminating", "gone"],
)
def test_a_script_stops_in_another_state(
    kube: Kubectl, then: dict[str, Any], asked: dict[str, Any], stops: str
) -> None:
    kube.write(asked)
    text = kube.recover("--cluster", "--bootstrap", "boot.yaml").out
    kube.write(then)
    ran = kube.sh(text)
    assert ran.returncode == 1
    assert stops in ran.stderr
    assert kube.read() == {**then, "log": kube.read()["log"]}


def test_a_script_stays_with_its_cluster(kube: Kubectl) -> None:
    kube.write(lost())
    text = kube.recover("--cluster").out
    kube.write({**lost(), "context": "beta"})
    ran = kube.sh(text)
    assert ran.returncode == 1
    assert 'context "alpha" does not exist' in ran.stderr


def test_a_release_in_another_namespace_is_not_touched(kube: Kubectl) -> None:
    cluster = lost()
    cluster["secrets"][0]["namespace"] = "elsewhere"
    kube.write(cluster)
    said = kube.recover("--cluster")
    assert said.code == 2
    assert "Helm keeps a release flux in elsewhere" in said.err


def test_a_release_that_the_cluster_refuses_is_not_installed(kube: Kubectl) -> None:
    kube.write({**lost(), "stored": {HELM_RELEASES: "v2", SOURCES: "v1 v9"}})
    said = kube.recover("--cluster")
    assert said.code == 2
    assert (
        "the cluster stores GitRepository v9, which Flux 2.4.0 of the repository lacks" in said.err
    )


# --- what the repository says -----------------------------------------------------------------


def test_a_repository_that_is_not_repaired_gives_no_chart(
    kube: Kubectl, incident: Repo, tmp_path: Path
) -> None:
    kube.write(lost())
    kube._repo = incident
    said = kube.recover("--cluster")
    assert "CHART=''" in said.out
    assert "# The repository is not repaired" in said.out
    assert "FB103" in said.out
    ran = kube.sh(said.out)
    assert "stopped: repair the repository" in ran.stderr
    assert kube.read()["objects"][0]["suspend"] is True


HOSTILE = "bp-flux'; touch owned; '"


@pytest.mark.parametrize(
    ("field", "value"),
    [("releaseName", HOSTILE), ("storageNamespace", "$(touch owned)"), ("releaseName", "a\nb")],
)
def test_a_hostile_name_is_refused(kube: Kubectl, field: str, value: str) -> None:
    cluster = lost()
    cluster["objects"][0]["spec"][field] = value
    kube.write(cluster)
    said = kube.recover("--cluster")
    assert (said.code, said.out) == (5, "")
    assert_one_error(said.err)


def test_what_is_no_name_is_quoted(kube: Kubectl, repo: Repo) -> None:
    kube.write({**lost(DATE), "context": HOSTILE})
    said = kube.recover("--context", HOSTILE, "--bootstrap", f"{HOSTILE}\n$(touch owned)")
    assert said.code == 1
    ran = kube.sh(said.out)
    assert "set BOOTSTRAP" in ran.stderr
    assert not (repo.path / "owned").exists()


# --- a file -----------------------------------------------------------------------------------


def state_file(place: Path, *items: dict[str, Any], then: str = "") -> str:
    file = place / "state.json"
    file.write_text(json.dumps({"kind": "List", "items": items}) + then)
    return str(file)


def crd(name: str, deleted: str | None = None) -> dict[str, Any]:
    metadata = {"name": name} | ({"deletionTimestamp": deleted} if deleted else {})
    kind = "CustomResourceDefinition"
    return {"kind": kind, "metadata": metadata, "status": {"storedVersions": ["v2"]}}


OBJECT = {
    "apiVersion": "helm.toolkit.fluxcd.io/v2",
    "kind": "HelmRelease",
    "metadata": {"namespace": "flux-system", "name": "bp-flux"},
    "spec": {"releaseName": "of-the-cluster", "targetNamespace": "flux-system"},
}
DNS = {"kind": "Deployment", "metadata": {"namespace": "kube-system", "name": "coredns"}}
RECORD = (
    '{"kind":"Secret","metadata":{"namespace":"flux-system","name":"x",'
    '"labels":{"owner":"helm","name":"of-the-cluster","status":"uninstalling"}}}\n'
)


def test_a_file_is_enough(repo: Repo, tmp_path: Path) -> None:
    file = state_file(tmp_path, crd(HELM_RELEASES), OBJECT, DNS, then=RECORD)
    said = repo.fluxbump("recover", "--cluster-state", file, "--output", "json")
    assert said.code == 1, said.err
    document = said.json
    assert document["schema"] == "fluxbump/recover/v1"
    assert (document["state"], document["recoveries"]) == ("alive", ["alive"])
    assert document["names"] == {
        "namespace": "flux-system",
        "helm_release": "bp-flux",
        "release": "of-the-cluster",
        "storage_namespace": "flux-system",
        "chart": "1.1.2",
        "install": INSTALL,
        "bootstrap": None,
    }
    assert document["remarks"] == ["Helm's record of the release of-the-cluster: uninstalling."]
    assert "\nRELEASE=of-the-cluster " in document["script"]
    assert document["script"].endswith(script.commands("after") + "\n")
    # The same file serves the rest.
    assert repo.fluxbump("path", "2.5.1", "--cluster-state", file).code == 0


@pytest.mark.parametrize(
    ("items", "missing"),
    [
        ((OBJECT, DNS), "no CRD is listed"),
        ((crd(HELM_RELEASES), DNS), "no object of Flux is listed"),
        ((crd(HELM_RELEASES), OBJECT), "no Deployment is listed"),
    ],
)
def test_what_a_file_lacks_is_not_taken_for_absent(
    repo: Repo, tmp_path: Path, items: tuple[dict[str, Any], ...], missing: str
) -> None:
    file = state_file(tmp_path, *items)
    said = repo.fluxbump("recover", "--cluster-state", file)
    assert (said.code, said.out) == (2, "")
    assert missing in said.err
    listed = repo.fluxbump("recover", "--cluster-state", file, "--output", "json")
    assert json.loads(listed.stdout)["state"] == "unknown"


def test_without_the_objects_recover_is_to_be_run_again(repo: Repo, tmp_path: Path) -> None:
    said = repo.fluxbump(
        "recover", "--cluster-state", state_file(tmp_path, crd(HELM_RELEASES, DATE))
    )
    assert said.code == 1
    assert "run recover again after this script" in said.out
    assert script.commands("terminating") in said.out
    assert script.commands("gone") not in said.out


@pytest.mark.parametrize("text", ["", "{", "[]", '{"items": 1}', '{"items": [1]}', "x"])
def test_a_file_with_something_else_is_refused(repo: Repo, tmp_path: Path, text: str) -> None:
    file = tmp_path / "state.json"
    file.write_text(text)
    said = repo.fluxbump("recover", "--cluster-state", str(file))
    assert (said.code, said.out) == (2, "")
    assert_one_error(said.err)


@pytest.mark.parametrize("arguments", [(), ("--cluster", "--cluster-state", "x")])
def test_one_cluster_is_named(repo: Repo, arguments: tuple[str, ...]) -> None:
    assert repo.fluxbump("recover", *arguments).code == 2
