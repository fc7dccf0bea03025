"""deploy/chart: what real helm makes of it is what docs/deploy offers, and Kubernetes takes it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from fluxbump.version import __version__
from tests import kube_schemas
from tests.helpers import ROOT
from tests.test_deploy import documents, pod_of
from tests.tools import need_helm

CHART = ROOT / "deploy" / "chart"
REPO = "https://git.example.org/platform/monorepo.git"
FLEET = "repositories:\n  - https://git.example.org/platform/monorepo-a.git\n"
SINGLE: dict[str, Any] = {"run": {"repo": REPO, "args": ["--forge=gitlab"]}}
MANY: dict[str, Any] = {
    "fleet": {"file": FLEET, "shards": 4},
    "activeDeadlineSeconds": 3600,
    "cache": {"sizeLimit": "8Gi"},
    "resources": {"requests": {"cpu": "500m", "memory": "256Mi"}, "limits": {"memory": "1Gi"}},
}
EVERYTHING: dict[str, Any] = {
    "run": {"repo": REPO, "args": ["--quiet", "--base=a b"]},
    "image": {
        "repository": "registry.example.org/fluxbump",
        "digest": "sha256:" + "a" * 64,
        "pullSecrets": [{"name": "registry"}],
    },
    "cache": {"existingClaim": "fluxbump"},
    "env": [{"name": "HTTPS_PROXY", "value": "http://proxy.example.org:3128"}],
    "podAnnotations": {"example.org/a": "b"},
    "podLabels": {"team": "platform"},
    "nodeSelector": {"kubernetes.io/arch": "amd64"},
    "tolerations": [{"key": "ci", "operator": "Exists"}],
    "affinity": {"nodeAffinity": {}},
}


@pytest.fixture(params=["helm3", "helm4"])
def helm(request: pytest.FixtureRequest) -> Path:
    return need_helm(request.param)


def run(helm: Path, tmp_path: Path, command: str, values: dict[str, Any]) -> Any:
    (tmp_path / "values.json").write_text(json.dumps(values))
    name = ["fluxbump"] if command == "template" else ["--strict"]
    return subprocess.run(
        [helm, command, *name, CHART, "--values", tmp_path / "values.json"],
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


def rendered(helm: Path, tmp_path: Path, values: dict[str, Any]) -> dict[str, Any]:
    """The manifests by kind."""
    done = run(helm, tmp_path, "template", values)
    assert done.returncode == 0, done.stderr
    manifests = YAML(typ="safe", pure=True).load_all(done.stdout)
    return {manifest["kind"]: manifest for manifest in manifests if manifest}


@pytest.mark.parametrize("values", [SINGLE, MANY, EVERYTHING])
def test_the_chart_passes_lint_and_the_schemas(
    helm: Path, tmp_path: Path, values: dict[str, Any]
) -> None:
    linted = run(helm, tmp_path, "lint", values)
    assert linted.returncode == 0, linted.stdout + linted.stderr
    manifests = rendered(helm, tmp_path, values)
    assert manifests.keys() == ({"ConfigMap", "CronJob"} if "fleet" in values else {"CronJob"})
    for release in kube_schemas.RELEASES:
        for manifest in manifests.values():
            assert kube_schemas.problems(release, manifest) == []


def test_one_repository_is_the_manifest_of_the_documents(helm: Path, tmp_path: Path) -> None:
    (expected,) = documents("cronjob.yaml")
    found = rendered(helm, tmp_path, SINGLE)["CronJob"]
    ours, theirs = pod_of(found), pod_of(expected)
    arguments = ours["containers"][0].pop("args"), theirs["containers"][0].pop("args")
    assert sorted(arguments[0]) == sorted(arguments[1])
    assert ours["containers"][0].pop("imagePullPolicy") == "IfNotPresent"
    assert ours == theirs
    for manifest in (found, expected):
        del manifest["spec"]["jobTemplate"]["spec"]["template"]
    assert found["spec"] == {**expected["spec"], "suspend": False}


def test_a_fleet_is_the_indexed_job_of_the_documents(helm: Path, tmp_path: Path) -> None:
    expected = documents("indexed-job.yaml")[1]
    manifests = rendered(helm, tmp_path, MANY)
    job = manifests["CronJob"]["spec"]["jobTemplate"]["spec"]
    assert manifests["ConfigMap"]["data"] == {"fleet.yaml": FLEET}
    (volume,) = (one for one in pod_of(expected)["volumes"] if one["name"] == "fleet")
    volume["configMap"]["name"] = manifests["ConfigMap"]["metadata"]["name"]
    assert job["template"]["spec"]["containers"][0].pop("imagePullPolicy") == "IfNotPresent"
    assert job["template"]["spec"] == pod_of(expected)
    del job["template"], expected["spec"]["template"]
    assert job == expected["spec"]


def test_every_value_has_its_place(helm: Path, tmp_path: Path) -> None:
    template = rendered(helm, tmp_path, EVERYTHING)["CronJob"]["spec"]["jobTemplate"]["spec"]
    pod, metadata = template["template"]["spec"], template["template"]["metadata"]
    container = pod["containers"][0]
    assert container["image"] == "registry.example.org/fluxbump@sha256:" + "a" * 64
    assert container["args"] == [
        "run", f"--repo={REPO}", "--log-format=json", "--quiet", "--base=a b"
    ]  # fmt: skip
    assert container["env"][-1] == EVERYTHING["env"][0]
    assert pod["imagePullSecrets"] == [{"name": "registry"}]
    claims = [volume.get("persistentVolumeClaim") for volume in pod["volumes"]]
    assert {"claimName": "fluxbump"} in claims
    assert metadata["annotations"] == {"example.org/a": "b"}
    assert metadata["labels"] == {
        "app.kubernetes.io/name": "fluxbump", "app.kubernetes.io/instance": "fluxbump",
        "team": "platform",
    }  # fmt: skip
    for key in ("nodeSelector", "tolerations", "affinity"):
        assert pod[key] == EVERYTHING[key]


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({}, "set run.repo to the URL of a repository, or fleet.file"),
        ({**SINGLE, **MANY}, "set run.repo or fleet.file, not both"),
        ({**SINGLE, "scheduel": "x"}, "scheduel"),
        ({**SINGLE, "image": {"repository": "r", "digest": "sha256:abc"}}, "digest"),
        ({"run": {"repo": "https://me:secret@git.example.org/a/b"}}, "repo"),
    ],
)
def test_wrong_values_are_refused(
    helm: Path, tmp_path: Path, values: dict[str, Any], why: str
) -> None:
    done = run(helm, tmp_path, "template", values)
    assert done.returncode != 0
    assert why in done.stderr


def test_the_chart_installs_the_release_that_it_comes_with() -> None:
    chart = YAML(typ="safe", pure=True).load((CHART / "Chart.yaml").read_text("utf-8"))
    assert (chart["version"], chart["appVersion"]) == (__version__, __version__)
