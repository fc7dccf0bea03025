"""What docs/deploy offers to copy is valid, careful, and calls commands that exist."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests import kube_schemas
from tests.helpers import ROOT, SCRIPT

DEPLOY = ROOT / "docs" / "deploy"
MANIFESTS = ("cronjob.yaml", "indexed-job.yaml")
WORKFLOWS = ("github-run.yml", "gitlab-run.yml", "gitea-run.yml")


def documents(name: str) -> list[dict[str, Any]]:
    yaml = YAML(typ="safe", pure=True)
    return list(yaml.load_all((DEPLOY / name).read_text(encoding="utf-8")))


def pod_of(manifest: dict[str, Any]) -> dict[str, Any]:
    spec = manifest["spec"]
    job = spec["jobTemplate"]["spec"] if manifest["kind"] == "CronJob" else spec
    pod: dict[str, Any] = job["template"]["spec"]
    return pod


def pods() -> list[dict[str, Any]]:
    found = [one for name in MANIFESTS for one in documents(name) if one["kind"] != "ConfigMap"]
    return [pod_of(one) for one in found]


@pytest.mark.parametrize("release", kube_schemas.RELEASES)
@pytest.mark.parametrize("name", MANIFESTS)
def test_kubernetes_takes_the_manifests(name: str, release: str) -> None:
    for manifest in documents(name):
        assert kube_schemas.problems(release, manifest) == []


@pytest.mark.parametrize("release", kube_schemas.RELEASES)
def test_the_schemas_refuse_a_key_that_does_not_exist(release: str) -> None:
    (cronjob,) = documents("cronjob.yaml")
    pod_of(cronjob)["containers"][0]["securityContext"]["readOnlyRootFileSystem"] = True
    assert any("readOnlyRootFileSystem" in one for one in kube_schemas.problems(release, cronjob))


def test_the_pods_meet_the_restricted_standard() -> None:
    # kubernetes.io/docs/concepts/security/pod-security-standards, and a read-only root on top.
    for pod in pods():
        context = pod["securityContext"]
        assert context["runAsNonRoot"] is True
        assert context["runAsUser"] > 0
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
        assert all({"secret", "configMap", "emptyDir"} & volume.keys() for volume in pod["volumes"])
        for container in pod["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert container["resources"]["limits"]["memory"]


def test_secrets_are_named_not_held() -> None:
    for pod in pods():
        for variable in pod["containers"][0]["env"]:
            assert "TOKEN" not in variable["name"] or variable["value"].startswith("/run/secrets/")


def test_the_pods_call_options_that_exist() -> None:
    for pod in pods():
        command, *options = pod["containers"][0]["args"]
        help_ = subprocess.run(
            [str(SCRIPT), command, "--help"], capture_output=True, text=True, check=True
        ).stdout
        for option in options:
            if option.startswith("--"):
                assert option.partition("=")[0] in help_


@pytest.mark.parametrize("name", WORKFLOWS)
def test_the_workflows_are_yaml_that_runs_fluxbump(name: str) -> None:
    (content,) = documents(name)
    assert content
    assert "fluxbump run" in (DEPLOY / name).read_text(encoding="utf-8")


Instruction = tuple[str, str]
"""The name of an instruction of a Dockerfile, and what follows it."""


def dockerfile() -> list[list[Instruction]]:
    """The stages of the Dockerfile, each beginning with its FROM."""
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", "")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    stages: list[list[Instruction]] = [[]]
    for line in lines:
        name, _, words = line.partition(" ")
        if name == "FROM":
            stages.append([])
        stages[-1].append((name, words))
    assert [name for name, _ in stages[0]] == ["ARG"]
    return stages[1:]


def test_the_base_of_the_image_is_pinned_by_digest() -> None:
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    pattern = r"^ARG BASE=python:\d+\.\d+\.\d+-slim-\w+@sha256:[0-9a-f]{64}$"
    assert len(re.findall(pattern, text, re.MULTILINE)) == 1
    assert [stage[0][1].split()[0] for stage in dockerfile()] == ["${BASE}", "${BASE}"]


def test_the_builder_gets_what_the_image_copies() -> None:
    everything, *allowed = (
        line
        for line in (DEPLOY / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
        if not line.startswith("#")
    )
    assert everything == "*"
    copied = [
        name
        for stage in dockerfile()
        for kind, words in stage
        if kind == "COPY" and not words.startswith("--from=build ")
        for name in words.split()[:-1]
    ]
    assert copied == ["requirements-run.lock", "dist/*.whl"]
    assert allowed == [f"!{name}" for name in copied]


def names(path: Path) -> dict[str, str]:
    found = re.findall(r"^([a-z0-9.-]+)==(\S+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    return dict(found)


def test_the_image_installs_what_was_tested() -> None:
    everything, run = names(ROOT / "requirements.lock"), names(ROOT / "requirements-run.lock")
    assert run.items() <= everything.items()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    direct = {re.match(r"[\w.-]+", one)[0] for one in project["dependencies"]}  # type: ignore[index]  # every requirement begins with its name
    assert {one.replace(".", "-") for one in direct} <= run.keys()
