"""A values mirror is missed only where one is, or was, kept: real repositories, whole history."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.helpers import Cli, Repo, repository, small, values, wrapper

NO_MIRROR = {"chart/values.yaml": "replicas: 1\n"}


def check(repo: Repo, cli: Cli) -> str:
    return cli("check", "--no-render", "--select", "FB104", "--verbose", cwd=repo).out


def test_none_was_ever_kept(tmp_path: Path, index: Path, cli: Cli) -> None:
    repo = repository(tmp_path / "r", {**small(), **NO_MIRROR}, index)
    result = cli("check", "--no-render", "--select", "FB104", "--verbose", cwd=repo)
    assert (result.code, result.out) == (0, "No findings\n")
    assert result.err == (
        "not applicable: FB104  no values mirror is kept here, nor was one (chart/)\n"
    )
    quiet = cli("check", "--no-render", "--select", "FB104", cwd=repo)
    assert (quiet.code, quiet.err) == (0, "")


@pytest.mark.parametrize("later", [{}, {"chart/Chart.yaml": wrapper() + "# x\n"}])
def test_one_that_was_removed_is_missed(
    tmp_path: Path, index: Path, cli: Cli, later: Mapping[str, str]
) -> None:
    repo = repository(tmp_path / "r", small(), index)
    repo.commit(NO_MIRROR)
    if later:
        repo.commit(later)
    out = check(repo, cli)
    assert "chart/Chart.yaml:6:15  FB104 error  chart/values.yaml has no mapping" in out
    assert "mirrors this dependency, as it once had" in out


def test_a_file_that_went_with_it(tmp_path: Path, index: Path, cli: Cli) -> None:
    repo = repository(tmp_path / "r", small(), index)
    repo.git("rm", "--quiet", "chart/values.yaml")
    repo.commit({})
    assert "as it once had" in check(repo, cli)


def test_a_mirror_of_another_chart_was_none(tmp_path: Path, index: Path, cli: Cli) -> None:
    other = values().replace("flux2", "podinfo")
    repo = repository(tmp_path / "r", small(values=other), index)
    repo.commit(NO_MIRROR)
    assert check(repo, cli) == "No findings\n"


def test_a_bump_is_not_stopped_by_a_mirror_that_went_before(
    tmp_path: Path, index: Path, cli: Cli
) -> None:
    kept = small(release=small()["clusters/a/flux.yaml"])
    repo = repository(tmp_path / "r", kept, index)
    repo.commit(NO_MIRROR)
    result = cli("to", "2.5.1", cwd=repo)
    assert (result.code, "as it once had" in result.out) == (0, True), result.err
