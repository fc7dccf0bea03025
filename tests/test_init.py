"""`fluxbump init`: what it writes, what it leaves, and when it asks."""

from __future__ import annotations

import os
import pty
import subprocess
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from fixtures import states
from fluxbump.run.init_files import Beginning, first_files
from tests.helpers import SCRIPT, Repo

SOURCE = "git+https://git.example.org/platform/fluxbump@v0.1.0"


@pytest.fixture
def here(repo: Repo) -> Repo:
    repo.git("remote", "add", "origin", "https://github.com/acme/clusters")
    return repo


def loaded(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(StringIO(text))


def changed(repo: Repo) -> set[str]:
    return {line[3:] for line in repo.git("status", "--porcelain", "-uall").splitlines()}


def test_it_writes_what_it_shows(here: Repo) -> None:
    result = here.fluxbump("init", "--yes", "--source", SOURCE)
    assert result.code == 0, result.err
    files = {"fluxbump.yaml", ".pre-commit-config.yaml", ".github/workflows/flux-pins.yml"}
    assert changed(here) == files
    for path in files:
        assert f"{path} (new):" in result.out
    assert loaded((here.path / "fluxbump.yaml").read_text("utf-8")) == {"bump": "patch"}
    (hook,) = loaded((here.path / ".pre-commit-config.yaml").read_text("utf-8"))["repos"]
    assert hook["hooks"][0]["entry"] == "fluxbump check --staged --no-render"
    job = loaded((here.path / ".github/workflows/flux-pins.yml").read_text("utf-8"))
    steps = job["jobs"]["check"]["steps"]
    assert steps[2]["env"] == {"FLUXBUMP_SOURCE": SOURCE}
    assert steps[3]["run"] == "fluxbump check --output github"
    assert hook["hooks"][0]["additional_dependencies"] == [SOURCE]
    assert result.out.splitlines()[-3].startswith("next: fluxbump check ")
    # The configuration that was written is one that fluxbump takes.
    assert here.fluxbump("status").code == 0


@pytest.mark.parametrize("arguments", [(), ("--dry-run",), ("--dry-run", "--yes")])
def test_without_a_terminal_it_asks_nothing_and_writes_nothing(
    here: Repo, arguments: tuple[str, ...]
) -> None:
    result = here.fluxbump("init", *arguments)
    assert result.code == 0
    assert changed(here) == set()
    assert "next: fluxbump init --yes" in result.out


@pytest.mark.parametrize(("answer", "written"), [
    ("y\n", {"fluxbump.yaml", ".pre-commit-config.yaml"}),
    ("n\n", set()),
])  # fmt: skip
def test_on_a_terminal_it_asks(here: Repo, answer: str, written: set[str]) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [str(SCRIPT), "init"], cwd=here.path, stdin=theirs, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        os.write(ours, answer.encode())
        said = bytearray()
        try:
            while part := os.read(ours, 65_536):
                said += part
        except OSError:  # Linux says so when the other end is closed
            pass
        os.close(ours)
    assert process.returncode == 0
    assert b"Write these 2 files?" in said
    assert changed(here) == written


def test_what_is_there_stays(here: Repo) -> None:
    here.commit({**states.files("aligned"), "fluxbump.yaml": "mentions: false\n"})
    result = here.fluxbump("init", "--yes")
    assert "fluxbump.yaml: the file exists, and fluxbump did not change it" in result.out
    assert changed(here) == {".pre-commit-config.yaml"}
    here.git("add", "--all")
    again = here.fluxbump("init", "--yes")
    assert "nothing to write" in again.err
    assert (here.path / "fluxbump.yaml").read_text("utf-8") == "mentions: false\n"


def test_a_file_that_git_does_not_see_is_not_overwritten(here: Repo) -> None:
    here.write(".git/info/exclude", ".pre-commit-config.yaml\n")
    here.write(".pre-commit-config.yaml", "repos: []\n")
    result = here.fluxbump("init", "--yes")
    assert result.code != 0
    assert (here.path / ".pre-commit-config.yaml").read_text("utf-8") == "repos: []\n"
    assert changed(here) == set()


def test_a_symbolic_link_leads_nowhere(here: Repo, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (here.path / ".github").symlink_to(outside)
    result = here.fluxbump("init", "--yes", "--source", SOURCE)
    assert result.code not in (0, 70)
    assert list(outside.iterdir()) == []
    assert not (here.path / "fluxbump.yaml").exists()


@pytest.mark.parametrize(("paths", "forge", "expected"), [
    ((), "github", ".github/workflows/flux-pins.yml"),
    ((), "gitlab", ".gitlab-ci.yml"),
    ((), "forgejo", ".forgejo/workflows/flux-pins.yml"),
    ((".gitea/workflows/a.yml",), None, ".gitea/workflows/flux-pins.yml"),
    ((".gitlab-ci.yml",), None, ".gitlab-ci.yml"),
    ((), "azure", "azure-pipelines.yml"),
    (("bitbucket-pipelines.yml",), None, "bitbucket-pipelines.yml"),
    ((), None, "the workflow"),
])  # fmt: skip
def test_the_workflow_is_that_of_the_forge(
    paths: tuple[str, ...], forge: str | None, expected: str
) -> None:
    files = first_files(Beginning(frozenset(paths), forge, [], [], SOURCE))
    assert files[2].path == expected
    assert bool(files[2].left) == (expected in (*paths, "the workflow"))


def test_a_hostile_name_stays_in_its_comment() -> None:
    evil = 'a"\nexclude: ["*"]'
    known = Beginning(frozenset({".gitlab-ci.yml"}), None, [evil], [evil], f"{SOURCE}\nevil: 1")
    configuration, *_ = first_files(known)
    assert loaded(configuration.text) == {
        "bump": "patch",
        "exclude": [],
        "run": {"forge": "gitlab"},
    }
    github = first_files(Beginning(frozenset(), "github", [], [], f"{SOURCE}\nevil: 1"))[2]
    environment = loaded(github.text)["jobs"]["check"]["steps"][2]["env"]
    assert environment == {"FLUXBUMP_SOURCE": f"{SOURCE}\nevil: 1"}
