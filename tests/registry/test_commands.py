"""The commands with a chart in a registry: what a user sees."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.helpers import Repo, assert_refused
from tests.registry.running import FLUX_CONTENT, PASSWORD, USER, Running, running, tarball
from tests.secrets import leaks

RELEASES = {"2.13.0": "2.3.0", "2.14.1": "2.4.0", "2.15.0": "2.5.1"}


def test_a_bump_with_a_chart_in_a_registry(registry: Running, repo: Repo) -> None:
    registry.push_charts(RELEASES)
    by_file = repo.fluxbump("to", "2.5.1", "--dry-run", "-o", "patch")
    by_registry = repo.fluxbump(
        "to", "2.5.1", "--dry-run", "-o", "patch", "--index", registry.spec()
    )
    assert (by_registry.code, by_registry.out) == (0, by_file.out), by_registry.err
    assert "2.15.0" in by_registry.out
    assert repo.fluxbump("to", "2.5.1", "--index", registry.spec()).code == 0
    assert repo.branches() == ["fluxbump/flux-2.5.1", "main"]


def test_the_releases_of_a_registry(registry: Running, repo: Repo) -> None:
    registry.push_charts(RELEASES)
    found = repo.fluxbump("releases", "-o", "json", "--index", registry.spec()).json
    assert {one["chart_version"]: one["release"] for one in found["releases"]} == RELEASES
    assert found["source"] == registry.spec()
    again = repo.fluxbump("releases", "-o", "json", "--index", registry.spec(), "--offline").json
    assert found.pop("index")["answered"] == "index"
    assert again.pop("index")["answered"] == "cache"
    (path,), (offline,) = found.pop("next"), again.pop("next")
    assert offline["command"] == f"{path['command']} --offline"
    assert again == found


def test_the_configuration_may_name_a_registry(registry: Running, repo: Repo) -> None:
    registry.push_charts(RELEASES)
    repo.commit({"fluxbump.yaml": f"index: {registry.spec()}\n"})
    result = repo.fluxbump("to", "2.6", "--dry-run", FLUXBUMP_INDEX="")
    assert_refused(result, 4, "2.6")


@pytest.mark.parametrize(
    ("path", "code", "words"),
    [
        ("nowhere", 7, "the registry has no such repository\n  check the path\n"),
        ("flux2:2.15.0", 7, "a tag names no chart's versions\n  give oci://HOST/PATH/CHART\n"),
    ],
)
def test_a_registry_without_the_chart(
    registry: Running, repo: Repo, path: str, code: int, words: str
) -> None:
    registry.push_charts(RELEASES)
    result = repo.fluxbump("to", "2.5.1", "--index", registry.spec(path))
    assert_refused(result, code, words)


def test_a_registry_that_is_not_there(repo: Repo) -> None:
    result = repo.fluxbump("to", "2.5.1", "--index", "oci://127.0.0.1:1/charts/flux2")
    assert_refused(
        result, 7, "cannot read from the registry http://127.0.0.1:1/v2/charts/flux2/tags/list"
    )


def test_offline_without_a_cache(registry: Running, repo: Repo) -> None:
    result = repo.fluxbump("to", "2.5.1", "--dry-run", "--index", registry.spec(), "--offline")
    assert_refused(
        result, 7, "no answer from the chart index\n  --offline\n", "no copy of this index"
    )


def test_a_login_is_found_and_never_shown(repo: Repo, tmp_path: Path) -> None:
    config = repo.home / ".docker" / "config.json"
    with running(tmp_path / "closed", auth="htpasswd") as registry:
        registry.push_charts(RELEASES)
        arguments = ("to", "2.5.1", "--dry-run", "--index", registry.spec())
        assert_refused(repo.fluxbump(*arguments), 7, "or shows it only after a login")
        config.parent.mkdir()
        config.write_text(
            json.dumps({"auths": {registry.host: {"username": USER, "password": PASSWORD}}})
        )
        result = repo.fluxbump(*arguments, "--verbose")
        assert result.code == 0, result.err
        assert leaks(result.out, result.err, repo.home / "cache", repo.path) == []
        config.write_text(
            json.dumps({"auths": {registry.host: {"username": USER, "password": PASSWORD + "x"}}})
        )
        refused = repo.fluxbump(*arguments, "--verbose")
        assert refused.code == 7
        assert "refuses the login from" in refused.err
        assert leaks(refused.out, refused.err, repo.home / "cache") == []


def test_a_login_in_the_repository_is_not_read(repo: Repo, tmp_path: Path) -> None:
    with running(tmp_path / "closed", auth="htpasswd") as registry:
        registry.push_charts(RELEASES)
        entry = {"auths": {registry.host: {"username": USER, "password": PASSWORD}}}
        for path in (".docker/config.json", ".config/helm/registry/config.json", "config.json"):
            repo.write(path, json.dumps(entry))
        assert os.environ.get("DOCKER_CONFIG") is None
        result = repo.fluxbump("to", "2.5.1", "--index", registry.spec())
        assert_refused(result, 7, "or shows it only after a login")


OPERATOR = (
    "kind: OCIRepository\nmetadata: {{name: o}}\n"
    "spec: {{url: oci://r.example.org/flux-operator, ref: {{tag: {}}}}}\n"
)


def test_an_operator_that_is_not_published_is_refused(registry: Running, repo: Repo) -> None:
    registry.push("charts/flux-operator", "0.33.0", {FLUX_CONTENT: tarball({"a": b"x"})})
    chart = registry.spec("flux-operator")
    repo.commit(
        {"o.yaml": OPERATOR.format("0.20.0"), "fluxbump.yaml": f"operator_chart: {chart}\n"}
    )
    result = repo.fluxbump("to", "2.5.1", "--operator", "0.34.0")
    assert_refused(result, 4, f"no flux-operator 0.34.0 at {chart}", "operator_chart")
    assert repo.branches() == ["main"]
    done = repo.fluxbump("to", "2.5.1", "--operator", "0.33.0")
    assert (done.code, "not checked" in done.err) == (0, False)
    assert repo.show("fluxbump/flux-2.5.1", "o.yaml") == OPERATOR.format("0.33.0")
