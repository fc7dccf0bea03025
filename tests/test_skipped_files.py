"""A file that exceeds its budget is named by every command that would have read it.

The installed command, a real repository, the real limit of 16 MiB.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.helpers import Repo, repository, script, small, wrapper

_LONG = f"#{'x' * 119}\n" * 140_000
"""16.02 MiB."""

_SAYS = "takes more than 16 MiB"
_NOT_SEARCHED = "not searched for mentions and mapping rows"
_OBJECT = (
    "apiVersion: source.toolkit.fluxcd.io/v1beta2\nkind: GitRepository\nmetadata: {name: a}\n"
    "spec: {interval: 1m, url: https://git.example.org/a}\n"
)
_SELECTOR = "nameReference:\n- kind: GitRepository\n  version: v1beta2\n"


def made(folder: Path, index: Path, files: Mapping[str, str]) -> Repo:
    return repository(folder / "repo", files, index)


def named(repo: Repo, command: str, path: str, *, code: int) -> list[str]:
    """Run a command; return the lines that say that the file was too large."""
    result = repo.fluxbump(*command.split())
    assert result.code == code, result.err
    lines = (result.out + result.err).splitlines()
    return [line.strip() for line in lines if path in line and _SAYS in line]


@pytest.mark.parametrize(
    ("command", "code"), [("path 2.5.1", 0), ("releases", 0), ("path 2.5.1 -o json", 0)]
)
def test_a_candidate(tmp_path: Path, index: Path, command: str, code: int) -> None:
    pin = "helm upgrade flux fc/flux2 --version 2.14.1\n"
    repo = made(tmp_path, index, small(**{"x.sh": pin + _LONG}))
    assert named(repo, command, "x.sh", code=code) == [f"fluxbump: not searched: x.sh:1 {_SAYS}"]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("check --no-render", f"fluxbump does not search k.tf, because it {_SAYS}"),
        ("to 2.5.1 --dry-run", f"FB207  fluxbump does not search k.tf, because it {_SAYS}"),
        ("path 2.5.1", f"fluxbump: not searched: k.tf:1 {_SAYS}"),
    ],
)
def test_where_kubernetes_may_be_pinned(
    tmp_path: Path, index: Path, command: str, said: str
) -> None:
    repo = made(tmp_path, index, small(**{"k.tf": 'k3s_version = "v1.31.4"\n' + _LONG}))
    lines = named(repo, command, "k.tf", code=0)
    assert [line.removeprefix("FB207 kubernetes-too-old  ") for line in lines] == [said]


def test_a_selector(tmp_path: Path, index: Path) -> None:
    files = {"k.yaml": _SELECTOR + _LONG, "source.yaml": _OBJECT}
    repo = made(tmp_path, index, small(**files))
    assert named(repo, "to 2.5.1 --migrate-apis --dry-run", "k.yaml", code=0) == [
        f"k.yaml:1  not searched for what selects objects by the version that moves: {_SAYS}"
    ]


def test_a_mention(tmp_path: Path, index: Path) -> None:
    """Without a chart, no search before this one looks for the release."""
    repo = made(tmp_path, index, {"install.sh": script(), "docs/a.md": f"We run 2.4.0.\n{_LONG}"})
    said = f"{_NOT_SEARCHED}: {_SAYS}"
    assert named(repo, "to 2.5.1 --dry-run", "docs/a.md", code=0) == [f"docs/a.md:1  {said}"]
    result = repo.fluxbump("to", "2.5.1", "--dry-run", "-o", "json").json
    assert ("docs/a.md", said) in [(note["path"], note["message"]) for note in result["notes"]]


def test_a_script_that_installed_flux_at_the_base(tmp_path: Path, index: Path) -> None:
    repo = made(tmp_path, index, small())
    repo.commit({"install.sh": _LONG})
    assert named(repo, "check --no-render --base HEAD~", "install.sh", code=0) == [
        f"FB102 install-manifest-pinned  fluxbump does not search install.sh, because it {_SAYS}"
    ]


def test_a_template_of_a_wrapper_that_lost_flux(tmp_path: Path, index: Path) -> None:
    repo = made(tmp_path, index, small())
    chart = wrapper(own="1.1.3").partition("dependencies")[0]
    release = small()["clusters/a/flux.yaml"].replace("1.1.2", "1.1.3")
    template = "chart/templates/a.yaml"
    changed = {"chart/Chart.yaml": chart, "clusters/a/flux.yaml": release, template: _LONG}
    repo.commit(changed)
    assert named(repo, "check --no-render --base HEAD~", template, code=0) == [
        f"FB101 chart-dependency-pinned  fluxbump does not search {template}, because it {_SAYS}"
    ]


def test_a_link_to_a_large_file_stops_nothing(tmp_path: Path, index: Path) -> None:
    """Nobody reads what it leads to, so nothing is to be said of it."""
    repo = made(tmp_path, index, small(**{"docs/large.bin": _LONG}))
    (repo.path / "chart/large.bin").symlink_to("../docs/large.bin")
    repo.git("add", "--all")
    repo.git("commit", "--quiet", "--message", "link")
    assert named(repo, "check --no-render", "large.bin", code=0) == []
    assert named(repo, "to 2.5.1 --dry-run", "large.bin", code=0) == []


@pytest.mark.parametrize("where", ["--rev=HEAD", "--worktree"])
def test_a_pin_behind_the_beginning_that_is_read(tmp_path: Path, index: Path, where: str) -> None:
    """Two searches find the file, the second one by what stands behind 32 MiB."""
    text = f"k3s_version: v1.31.4\n{_LONG}{_LONG}helm upgrade flux fc/flux2 --version 2.14.1\n"
    repo = made(tmp_path, index, small(**{"x.sh": text}))
    (line, *_) = named(repo, f"check --no-render {where}", "x.sh", code=1) or [""]
    assert line.startswith("x.sh:1:1  FB002 error")
