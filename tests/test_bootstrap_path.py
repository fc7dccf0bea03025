"""What bootstraps Flux names the directory of its cluster, and is compared with that one alone."""

from __future__ import annotations

import json

import pytest

from fixtures.installs import gotk
from fluxbump.check import rules
from fluxbump.check.check import examine
from fluxbump.config.settings import Settings
from fluxbump.model import Finding
from tests.helpers import chart_index, find, snapshot

TERRAFORM = 'resource "flux_bootstrap_git" "this" {{\n  path = {}\n{}}}\n'
COMMAND = "flux bootstrap git --path={} --version=v2.7.5\n"
CLUSTERS = {
    f"clusters/{name}/flux-system/gotk-components.yaml": gotk.components(release)
    for name, release in (("dev", "2.6.4"), ("live", "2.7.5"))
}


def found(code: str, **more: str) -> list[Finding]:
    files = CLUSTERS | {name.replace("_", "."): text for name, text in more.items()}
    evidence = examine(snapshot(files), Settings(), chart_index()).evidence
    return list(rules.judge(evidence, (code,)).findings)


@pytest.mark.parametrize("path", ['"clusters/live"', '"./clusters/live/"', '"/clusters/live"'])
def test_a_release_that_floats_is_compared_with_the_cluster_of_its_path(path: str) -> None:
    (finding,) = found("FB119", main_tf=TERRAFORM.format(path, ""))
    assert "clusters/live/flux-system/gotk-components.yaml:3 installs 2.7.5" in finding.message


def test_a_cluster_of_another_repository_is_compared_with_none() -> None:
    (finding,) = found("FB119", main_tf=TERRAFORM.format('"clusters/b"', ""))
    assert "installs" not in finding.message


def test_json_says_the_path_too() -> None:
    body = {"resource": {"flux_bootstrap_git": {"this": {"path": "clusters/live"}}}}
    (finding,) = found("FB119", main_tf_json=json.dumps(body))
    assert "clusters/live/flux-system/gotk-components.yaml:3 installs 2.7.5" in finding.message


@pytest.mark.parametrize(
    ("directory", "disagrees"),
    [("clusters/live", False), ("clusters/dev", True), ("clusters/other", False)],
)
def test_an_exact_release_is_that_of_the_file_in_its_path(directory: str, disagrees: bool) -> None:
    terraform = TERRAFORM.format(f'"{directory}"', '  version = "v2.7.5"\n')
    for more in ({"main_tf": terraform}, {"up_sh": COMMAND.format(directory)}):
        assert bool(found("FB102", **more)) is disagrees


@pytest.mark.parametrize(
    ("name", "text", "cluster"),
    [
        ("a.tf", TERRAFORM.format('"."', ""), ""),
        ("a.tf", TERRAFORM.format("var.path", ""), None),
        ("a.tf", TERRAFORM.format('"clusters/${var.name}"', ""), None),
        ("a.tf", 'resource "flux_bootstrap_git" "this" {}\n', None),
        ("a.sh", COMMAND.format("clusters/$NAME"), None),
        ("a.sh", COMMAND.format("../a"), None),
        ("a.sh", "flux bootstrap git --path clusters/a --version v2.7.5\n", "clusters/a"),
        ("a.sh", "flux install --version v2.7.5\n", None),
    ],
)
def test_the_directory_that_a_place_names(name: str, text: str, cluster: str | None) -> None:
    (pin,) = find({name: text}).pins
    assert pin.cluster == cluster
