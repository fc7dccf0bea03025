"""The history of the pins, read from real repositories."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from fluxbump.check import pin_history
from fluxbump.check.pin_history import Past
from fluxbump.discover.inventory import discover
from fluxbump.discover.scope import Scope
from fluxbump.flux.tables import crds
from fluxbump.git import history as file_history
from fluxbump.git.file_history import Held
from fluxbump.git.repository import Repository
from tests.helpers import (
    COMMUNITY,
    URL,
    Cli,
    Repo,
    app_versions,
    release,
    repository,
    script,
    small,
    values,
    wrapper,
)

CHARTS = {one: version for version, one in app_versions().items()}


def pins(one: str) -> dict[str, str]:
    return {
        "install.sh": script(one),
        "chart/Chart.yaml": wrapper(CHARTS[one]),
        "chart/values.yaml": values(CHARTS[one]),
    }


@pytest.fixture
def history(tmp_path: Path, index: Path) -> Repo:
    """A repository that has been at 2.2.3, 2.3.0 and 2.4.0."""
    made = repository(tmp_path / "history", {**small(), **pins("2.2.3")}, index)
    made.commit({"README.md": f"See {script('2.0.0')}"})
    made.commit(pins("2.3.0"))
    made.commit(pins("2.4.0"))
    return made


@contextmanager
def opened(repo: Repo) -> Iterator[Repository]:
    one = Repository(repo.path)
    try:
        yield one
    finally:
        one.close()


def read(repo: Repo, revision: str = "HEAD", **scope: Any) -> Past:
    where = Scope(**{"app_versions": app_versions(), **scope})
    with opened(repo) as one:
        commit = one.commit(revision)
        inventory = discover(one.snapshot(commit, revision), where)

        def asked(paths: Collection[str]) -> tuple[Held, ...]:
            return one.lineage(commit.sha, paths)

        return pin_history.read(asked, [inventory], where, crds.crds())


def at(repo: Repo, *arguments: str, date: str) -> None:
    """Run git at a date."""
    repo = Repo(repo.path, repo.home, repo.index, {"GIT_COMMITTER_DATE": date})
    repo.git(*arguments)


# --- what was there ----------------------------------------------------------------------------


def test_every_release_that_the_pins_held(history: Repo) -> None:
    found = read(history)
    assert found.releases == {"2.2.3", "2.3.0", "2.4.0"}
    assert found.problem is None
    assert found.since is not None
    assert found.since.isoformat() == "2026-04-29T12:00:00+00:00"


def test_the_later_of_two_beginnings_counts(tmp_path: Path, index: Path) -> None:
    """Before the chart was here, nobody knows what clusters moved to."""
    made = repository(tmp_path / "r", {"install.sh": script("2.2.3")}, index)
    made.write("chart/Chart.yaml", wrapper(CHARTS["2.3.0"]))
    made.git("add", "--all")
    at(made, "commit", "--quiet", "-m", "chart", date="2026-06-01T10:00:00Z")
    found = read(made)
    assert found.releases == {"2.2.3", "2.3.0"}
    assert f"{found.since:%Y-%m-%d}" == "2026-06-01"


def test_renamed_files_are_followed(history: Repo) -> None:
    (history.path / "deploy").mkdir()
    history.git("mv", "install.sh", "deploy/bootstrap.sh")
    history.git("mv", "chart", "deploy/flux")
    history.git("commit", "--quiet", "-m", "move")
    (history.path / "infra").mkdir()
    history.git("mv", "deploy/bootstrap.sh", "infra/first boot.sh")
    history.git("commit", "--quiet", "-m", "move again")
    assert read(history).releases == {"2.2.3", "2.3.0", "2.4.0"}


def test_of_many_files_every_change_is_listed(
    history: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    (history.path / "deploy").mkdir()
    history.git("mv", "install.sh", "deploy/bootstrap.sh")
    history.git("commit", "--quiet", "-m", "move")
    history.commit({"other.sh": script("2.1.0")})
    history.git("rm", "--quiet", "other.sh")
    history.git("commit", "--quiet", "-m", "gone")
    before = read(history)
    monkeypatch.setattr(file_history, "FEW", 0)
    assert read(history) == before
    assert before.releases == {"2.2.3", "2.3.0", "2.4.0"}


def test_other_branches_count(history: Repo) -> None:
    """Clusters may follow them."""
    history.git("switch", "--quiet", "--create", "staging", "HEAD~1")
    history.commit(pins("2.3.0") | {"install.sh": script("2.1.2")})
    history.git("switch", "--quiet", "main")
    assert "2.1.2" in read(history).releases


def test_what_a_merge_alone_held_is_seen(history: Repo) -> None:
    history.git("switch", "--quiet", "--create", "side", "HEAD~1")
    history.commit({"other.txt": "a"})
    history.git("switch", "--quiet", "main")
    history.git("merge", "--quiet", "--no-commit", "--no-ff", "side")
    history.commit({"install.sh": script("2.1.1")}, "merge")
    assert "2.1.1" in read(history).releases


def test_a_detached_commit_counts(history: Repo) -> None:
    history.git("switch", "--quiet", "--detach", "HEAD")
    commit = history.commit({"install.sh": script("2.1.0")})
    assert "2.1.0" in read(history, commit).releases
    history.git("switch", "--quiet", "main")
    assert "2.1.0" not in read(history).releases
    assert "2.1.0" in read(history, commit).releases


def test_a_release_of_the_chart_itself(tmp_path: Path, index: Path) -> None:
    def direct(version: str) -> dict[str, str]:
        return {"clusters/a/flux.yaml": release(CHARTS[version], chart="flux2")}

    made = repository(tmp_path / "r", direct("2.2.3"), index)
    made.commit(direct("2.4.0"))
    assert read(made).releases == {"2.2.3", "2.4.0"}


def test_other_dependencies_and_comments_do_not_count(history: Repo) -> None:
    other = f"  - name: other\n    version: {CHARTS['2.1.0']}\n    repository: {COMMUNITY}\n"
    history.commit({"chart/Chart.yaml": wrapper(CHARTS["2.4.0"]) + other})
    history.commit({"install.sh": script("2.4.0") + f"# {URL.format('2.1.1')}\n"})
    history.commit(pins("2.4.0"))
    assert read(history).releases == {"2.2.3", "2.3.0", "2.4.0"}


def test_paths_may_have_any_name(tmp_path: Path, index: Path) -> None:
    name = "*.sh"
    made = repository(tmp_path / "r", {name: script("2.2.3"), "b.sh": script("2.1.0")}, index)
    (made.path / "b.sh").unlink()
    made.commit({}, "what is gone is not read")
    made.commit({name: script("2.4.0"), "ä b\tc.sh": script("2.3.0")})
    made.commit({"ä b\tc.sh": script("2.4.0")})
    assert read(made).releases == {"2.2.3", "2.3.0", "2.4.0"}


# --- what cannot be told -----------------------------------------------------------------------


def test_a_shallow_clone(history: Repo, tmp_path: Path) -> None:
    clone = tmp_path / "shallow"
    history.git("clone", "--quiet", "--depth=2", f"file://{history.path}", str(clone))
    found = read(Repo(clone, history.home, history.index))
    assert found == Past(problem="the clone is shallow")


def test_a_partial_clone(history: Repo, tmp_path: Path) -> None:
    history.git("config", "uploadpack.allowFilter", "true")
    clone = tmp_path / "partial"
    history.git("clone", "--quiet", "--filter=blob:none", f"file://{history.path}", str(clone))
    found = read(Repo(clone, history.home, history.index))
    assert found == Past(problem="the clone is partial")


def test_grafts(history: Repo) -> None:
    (history.git_dir / "info").mkdir(exist_ok=True)
    (history.git_dir / "info" / "grafts").write_text(history.tip("HEAD") + "\n", encoding="ascii")
    assert read(history) == Past(problem="the history has grafts")


def test_replaced_commits(history: Repo) -> None:
    history.git("replace", "--graft", "HEAD")
    assert read(history) == Past(problem="the history was rewritten")


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        (
            {"install.sh": script("2.2.3").replace("download/v2.2.3", "latest/download")},
            "install.sh once held no full version of Flux",
        ),
        (
            {"chart/Chart.yaml": wrapper("^2.12")},
            "chart/Chart.yaml once held no full version of flux2",
        ),
        (
            {"chart/Chart.yaml": wrapper("9.9.9")},
            "chart/Chart.yaml once held flux2 9.9.9, of which too little is known",
        ),
        (
            {"install.sh": script("0.41.2")},
            "install.sh once held Flux 0.41.2, of which too little is known",
        ),
    ],
)
def test_a_version_of_which_nothing_is_known(
    history: Repo, files: dict[str, str], problem: str
) -> None:
    history.commit(files)
    history.commit(pins("2.4.0"))
    assert read(history) == Past(problem=problem)


def test_a_release_newer_than_all_that_are_known_is_no_earlier_one(history: Repo) -> None:
    history.commit({"install.sh": script("2.99.0")})
    history.commit(pins("2.4.0"))
    assert read(history).releases == {"2.2.3", "2.3.0", "2.4.0", "2.99.0"}


@pytest.mark.parametrize("name", ["LOG_LIMIT", "BLOB_LIMIT"])
def test_a_history_that_is_too_large(
    history: Repo, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(file_history, name, 100)
    assert read(history) == Past(problem="the history is too large to be read in time")


def test_a_history_that_takes_too_long(
    history: Repo, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A `git log` that never ends is ended."""
    slow = tmp_path / "bin" / "git"
    slow.parent.mkdir()
    real = shutil.which("git")
    slow.write_text(
        f'#!/bin/sh\ncase " $* " in *" log "*) exec sleep 600;; esac\nexec {real} "$@"\n'
    )
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", f"{slow.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(file_history, "SECONDS", 0.2)
    assert read(history) == Past(problem="the history is too large to be read in time")


def test_a_file_that_was_renamed_too_often(history: Repo) -> None:
    name = "install.sh"
    for number in range(file_history.ROUNDS):
        new = f"install-{number}.sh"
        history.git("mv", name, new)
        history.git("commit", "--quiet", "-m", "move")
        name = new
    assert read(history) == Past(problem="install.sh was renamed too often")


def test_a_missing_object(history: Repo) -> None:
    blob = history.tip("HEAD~1:chart/Chart.yaml")
    history.git("repack", "-adq")
    for pack in sorted(history.git_dir.glob("objects/pack/*.pack")):
        data = pack.read_bytes()
        pack.unlink()
        history.git("unpack-objects", "-q", stdin=data)
    (history.git_dir / "objects" / blob[:2] / blob[2:]).unlink()
    assert read(history) == Past(problem="git has no object for an earlier chart/Chart.yaml")


# --- who is told -------------------------------------------------------------------------------


def test_check_narrows_its_warning(history: Repo) -> None:
    history.git("switch", "--quiet", "--create", "bump")
    for path, text in pins("2.7.5").items():
        history.write(path, text)
    run = history.fluxbump("check", "--base", "main", "--select", "FB202")
    assert run.code == 0, run.err
    assert "the pins have held Flux 2.2.3, 2.3.0 and 2.4.0, since 2026-" in run.out
    assert "a cluster older than the pins may also store HelmRelease v2beta1" in run.out


def test_to_narrows_its_warning(history: Repo) -> None:
    run = history.fluxbump("to", "2.7.5", "--dry-run", "--output", "json")
    related = [one["related"] for one in run.json["findings"] if one["code"] == "FB202"]
    assert len(related) == 1
    assert "the pins have held Flux 2.2.3, 2.3.0 and 2.4.0" in related[0][0]["message"]


def test_path_leaves_out_what_history_rules_out(history: Repo) -> None:
    run = history.fluxbump("path", "2.8.5")
    assert "HelmRelease v2beta1 (possible)" not in run.out
    assert "HelmRelease v2beta2 (possible)" in run.out
    assert "\nThe pins have held Flux 2.2.3, 2.3.0 and 2.4.0, since " in run.out
    assert ". A cluster older than the pins may also store " in run.out
    told = history.fluxbump("path", "2.8.5", "--output", "json").json
    assert told["history"] == {
        "releases": ["2.2.3", "2.3.0", "2.4.0"],
        "since": "2026-04-29T12:00:00+00:00",
        "problem": None,
    }


def test_path_from_elsewhere_does_not_ask(history: Repo) -> None:
    told = history.fluxbump("path", "2.8.5", "--from", "2.3.0", "--output", "json").json
    assert told["history"] is None
    assert told["newest_safe"] is None, "that is told of the release that is installed here"
    kinds = {one["kind"] for hop in told["hops"] for one in hop["migrate"]}
    assert "HelmRelease" in kinds


def test_a_shallow_clone_says_why_nothing_is_narrowed(history: Repo, tmp_path: Path) -> None:
    clone = tmp_path / "shallow"
    history.git("clone", "--quiet", "--depth=1", f"file://{history.path}", str(clone))
    shallow = Repo(clone, history.home, history.index)
    run = shallow.fluxbump("path", "2.8.5")
    assert "\nGit history gives no extra information: the clone is shallow.\n" in run.out
    run = shallow.fluxbump("to", "2.7.5", "--dry-run", "--output", "json")
    assert "git history gives no extra information: the clone is shallow" in json.dumps(run.json)


def test_nothing_is_asked_that_is_not_needed(history: Repo, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    history.fluxbump("to", "2.6.4", "--dry-run", GIT_TRACE=str(trace))
    assert " log --all" not in trace.read_text()
    history.fluxbump("to", "2.7.5", "--dry-run", GIT_TRACE=str(trace))
    assert trace.read_text().count(" log --all") == 1


def test_a_route_starts_at_what_the_chart_ships(tmp_path: Path, index: Path, cli: Cli) -> None:
    """Where no other place says which release is installed; `status` advises this command."""
    source = "\n      sourceRef:\n        kind: HelmRepository\n        name: community\n"
    files = {
        "flux.yaml": release("2.14.1", chart="flux2").rstrip("\n") + source,
        "source.yaml": (
            "apiVersion: source.toolkit.fluxcd.io/v1\nkind: HelmRepository\n"
            "metadata: {name: community}\n"
            "spec: {url: https://fluxcd-community.github.io/helm-charts}\n"
        ),
    }
    repo = repository(tmp_path / "chart", files, index)
    advice = cli("status", cwd=repo).out.splitlines()[-2:]
    assert advice[0].split("  ")[0] == "next: fluxbump path 2.8.5"
    route = cli("path", "2.8.5", cwd=repo)
    assert (route.code, route.out.splitlines()[0]) == (0, "Flux 2.4.0 -> 2.6.4 -> 2.8.5 (2 hops)")
