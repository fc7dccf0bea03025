"""Symbolic links and submodules: what is not followed is named, and nothing stays behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from fluxbump.discover.symlinks import followed, tree
from tests.helpers import Cli, Repo, assert_refused, repository, small, values, wrapper

LOCK = (
    "dependencies:\n- name: flux2\n  repository: https://fluxcd-community.github.io/helm-charts\n"
    "  version: 2.14.1\n"
    "digest: sha256:59bd849e87b89ee2f61ba17d938dec109a2b56a04dc81d28c126530aa82f1809\n"
    'generated: "2026-01-01T00:00:00Z"\n'
)


@pytest.fixture
def repo(tmp_path: Path, index: Path) -> Repo:
    return repository(tmp_path / "repo", small(), index)


def link(repo: Repo, path: str, target: str) -> None:
    place = repo.path / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.unlink(missing_ok=True)
    place.symlink_to(target)
    repo.git("add", "--all")
    repo.git("commit", "--quiet", "--message", "link")


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("a/link", "b/c"), ("a/folder/x", "d/x"), ("a/up", "z"), ("plain", "plain"),
        ("out", None), ("a/far", None), ("abs", None), ("round", None),
    ],
)  # fmt: skip
def test_where_a_path_leads(path: str, target: str | None) -> None:
    links = {
        "a/link": "../b/c", "a/folder": "../d", "a/up": "./../z", "out": "../x",
        "a/far": "../../x", "abs": "/etc/passwd", "round": "ring", "ring": "round",
    }  # fmt: skip
    assert followed(path, tree(links)) == target


@pytest.mark.parametrize(("beside", "text"), [("Chart.lock", LOCK), ("values.yaml", values())])
@pytest.mark.parametrize("options", [(), ("--in-place",)])
def test_what_lies_beside_a_linked_chart_is_not_left_behind(
    repo: Repo, cli: Cli, beside: str, text: str, options: tuple[str, ...]
) -> None:
    repo.write(f"linked/{beside}", text)
    link(repo, "linked/Chart.yaml", "../chart/Chart.yaml")
    before = repo.state()
    result = cli("to", "2.5.1", *options, cwd=repo)
    assert_refused(result, 5, f"linked/{beside}:1", "linked/Chart.yaml", "chart/Chart.yaml")
    assert repo.state() == before


def test_a_linked_chart_is_named(repo: Repo, cli: Cli) -> None:
    link(repo, "linked/Chart.yaml", "../chart/Chart.yaml")
    assert "linked/Chart.yaml:1" in cli("status", cwd=repo).out
    result = cli("to", "2.5.1", cwd=repo)
    assert result.code == 0
    assert "is a symbolic link to chart/Chart.yaml" in result.out
    assert cli("to", "2.5.1", "--in-place", cwd=repo).code == 0


def test_a_chart_that_is_reached_by_a_link_alone_is_not_left_behind(repo: Repo, cli: Cli) -> None:
    repo.write("real/flux.yaml", wrapper(name="bp-other"))
    link(repo, "linked/Chart.yaml", "../real/flux.yaml")
    assert_refused(cli("to", "2.5.1", cwd=repo), 5, "linked/Chart.yaml:1", "real/flux.yaml")


@pytest.mark.parametrize(("beside", "text"), [("Chart.lock", LOCK), ("values.yaml", values())])
def test_a_link_beside_a_chart_is_not_left_behind(
    repo: Repo, cli: Cli, beside: str, text: str
) -> None:
    repo.write("elsewhere/x.yaml", text)
    link(repo, f"chart/{beside}", "../elsewhere/x.yaml")
    assert f"chart/{beside}:1" in cli("status", cwd=repo).out
    assert_refused(cli("to", "2.5.1", cwd=repo), 5, f"chart/{beside}:1", "elsewhere/x.yaml")


@pytest.mark.parametrize("name", ["charts", "charts/flux2", "charts/flux2-2.14.1.tgz"])
def test_a_linked_archive_is_not_left_behind(repo: Repo, cli: Cli, name: str) -> None:
    repo.write("elsewhere/x/README.md", "vendored")
    link(repo, f"chart/{name}", "/".join([".."] * name.count("/") + ["../elsewhere/x"]))
    assert f"chart/{name}:1" in cli("status", cwd=repo).out
    assert_refused(cli("to", "2.5.1", cwd=repo), 5, f"chart/{name}:1", "elsewhere/x")


def test_a_link_out_of_the_repository_is_named_and_never_read(repo: Repo, cli: Cli) -> None:
    (repo.path.parent / "secret.yaml").write_text(wrapper(name="bp-secret"))
    link(repo, "linked/Chart.yaml", "../../secret.yaml")
    out = cli("status", cwd=repo).out
    assert "a link out of this repository" in out
    assert "bp-secret" not in out


def test_other_links_are_no_news(repo: Repo, cli: Cli) -> None:
    repo.write("other/real.yaml", "name: podinfo\nversion: 1.0.0\n")
    link(repo, "other/Chart.yaml", "real.yaml")
    link(repo, "again", "chart")
    link(repo, "chart/README.md", "../../x")
    out = cli("status", cwd=repo).out
    assert "link" not in out
    assert cli("to", "2.5.1", cwd=repo).code == 0


def test_submodules_are_named_once(repo: Repo, cli: Cli) -> None:
    assert "submodule" not in cli("status", cwd=repo).out
    for name in ("a/module", "b"):
        repo.git("update-index", "--add", "--cacheinfo", f"160000,{repo.tip('main')},{name}")
    repo.git("commit", "--quiet", "--message", "modules")
    for command in (("status",), ("to", "2.5.1", "--dry-run")):
        out = cli(*command, cwd=repo).out
        assert out.count("fluxbump did not read 2 submodules: a/module, and 1 more") == 1


def test_a_check_says_what_it_did_not_read(repo: Repo, cli: Cli) -> None:
    link(repo, "linked/Chart.yaml", "../chart/Chart.yaml")
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{repo.tip('main')},b")
    repo.git("commit", "--quiet", "--message", "module")
    for options in ((), ("--staged",), ("--worktree",)):
        (repo.path / "b").mkdir(exist_ok=True)
        result = cli("check", "--no-render", "--select", "FB003", *options, cwd=repo)
        assert result.code == 0
        assert (
            "linked/Chart.yaml:1:1  FB003 note  not checked: is a symbolic link to chart"
            in result.out
        )
        assert result.out.count("fluxbump did not read 1 submodule: b. Use --repo PATH") == 1
