"""The URL of the chart's archive moves in both places, and the digest beside it with it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from fluxbump.discover.digests import spellings as digests
from fluxbump.discover.urls import chart_archives
from tests.helpers import ARCHIVE, Cli, Repo, assert_refused, find, repository, small

CURL = f"curl -LO {ARCHIVE.format('2.14.1')}\n"
NIX = 'fetchurl {\n  url = "@";\n  sha256 = "#";\n}\n'


def digest_of(version: str, index: Path) -> str:
    """The digest that the index has, read as text: name and digest stand in one entry."""
    for entry in (index / "index.yaml").read_text("utf-8").split("\n  - ")[1:]:
        if f"    version: {version}\n" in f"{entry}\n" and "name: flux2\n" in entry:
            return entry.partition("digest: ")[2].partition("\n")[0]
    raise AssertionError(version)


def moved(tmp_path: Path, index: Path, cli: Cli, **files: str) -> Repo:
    repo = repository(tmp_path / "repo", small(**files), index)
    result = cli("to", "2.5.1", cwd=repo)
    assert result.code == 0, result.err
    return repo


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.sh", CURL),
        ("a.go", f'package p\n\nconst chart = "{ARCHIVE.format("2.14.1")}"\n'),
        ("a.tf", f'locals {{\n  chart = "{ARCHIVE.format("2.14.1")}"\n}}\n'),
        ("v.yml", f"url: https://mirror.example.org/{ARCHIVE.format('2.14.1')[8:]}\n"),
    ],
)
def test_both_versions_move(tmp_path: Path, index: Path, cli: Cli, path: str, text: str) -> None:
    repo = moved(tmp_path, index, cli, **{path: text})
    assert repo.show("fluxbump/flux-2.5.1", path) == text.replace("2.14.1", "2.15.0")


def test_a_variable_is_followed(tmp_path: Path, index: Path, cli: Cli) -> None:
    text = f"V=2.14.1\ncurl {ARCHIVE.format('$V').replace('$V', '${V}')}\n"
    repo = moved(tmp_path, index, cli, **{"a.sh": text})
    assert repo.show("fluxbump/flux-2.5.1", "a.sh") == text.replace("2.14.1", "2.15.0")


def test_a_variable_that_cannot_be_followed_is_listed_once() -> None:
    found = find(small(**{"a.sh": f"curl {ARCHIVE.format('$V')}\n"}))
    pins = [pin for pin in found.pins if pin.location.path == "a.sh"]
    assert [(pin.kind, pin.value) for pin in pins] == [("chart-archive", "$V")]


def test_a_url_that_disagrees_is_one_finding(tmp_path: Path, index: Path, cli: Cli) -> None:
    text = f"curl -LO {ARCHIVE.format('2.13.0')}\n"
    repo = repository(tmp_path / "repo", small(**{"a.sh": text}), index)
    found = cli("check", "--format", "json", cwd=repo).json["findings"]
    assert [one["code"] for one in found if "a.sh:1" in one["message"]] == ["FB103"]


@pytest.mark.parametrize("encoding", ["hex", "sri", "nix"])
def test_a_digest_moves_with_it(tmp_path: Path, index: Path, cli: Cli, encoding: str) -> None:
    old, new = (
        digests.spelled(bytes.fromhex(digest_of(one, index)))[encoding]
        for one in ("2.14.1", "2.15.0")
    )
    text = NIX.replace("@", ARCHIVE.format("2.14.1")).replace("#", old)
    repo = moved(tmp_path, index, cli, **{"a.nix": text})
    after = NIX.replace("@", ARCHIVE.format("2.15.0")).replace("#", new)
    assert repo.show("fluxbump/flux-2.5.1", "a.nix") == after


def test_a_digest_of_something_else_stops_the_bump(tmp_path: Path, index: Path, cli: Cli) -> None:
    text = NIX.replace("@", ARCHIVE.format("2.14.1")).replace("#", "0" * 64)
    repo = repository(tmp_path / "repo", small(**{"a.nix": text}), index)
    assert_refused(cli("to", "2.5.1", cwd=repo), 5, "a.nix:3", "sha256 of flux2.tgz")
    assert repo.branches() == ["main"]


@pytest.mark.parametrize(
    "text",
    [
        f"{CURL}curl -LO {ARCHIVE.format('2.13.0')}\n",
        f"grep {ARCHIVE.format('2.14.1')} x\n",
        f"curl {ARCHIVE.format('X.Y.Z')}\n",
    ],
)
def test_what_is_not_certain_is_a_note(text: str) -> None:
    found = find(small(**{"a.sh": text}))
    assert [pin for pin in found.pins if pin.location.path == "a.sh"] == []
    assert [note for note in found.notes if note.location.path == "a.sh"]


def test_a_long_line_is_read_once() -> None:
    begin = time.perf_counter()
    assert not chart_archives.URL.search(f"{chart_archives.RELEASES}1/flux2-" + "${" * 50_000)
    assert not chart_archives.URL.search(f"{chart_archives.RELEASES}1/flux2-" + "${a}" * 50_000)
    assert time.perf_counter() - begin < 2
