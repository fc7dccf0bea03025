"""A tree that is searched in parts holds what it holds as a whole."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fluxbump.errors import RepositoryError
from fluxbump.git import grep, objects
from fluxbump.git.grep import Listing, divide, holding, shortest, stemmed
from fluxbump.git.repository import Repository
from fluxbump.text.live_code import encode
from tests.helpers import repository


def listing(paths: Sequence[str]) -> Listing:
    folders = {""}
    for path in paths:
        parts = path.split("/")[:-1]
        folders |= {"/".join(parts[: n + 1]) for n in range(len(parts))}
    return Listing(
        sorted(paths),
        {path: (b"100644", encode(f"blob {path}")) for path in paths},
        {folder: encode(f"tree {folder}") for folder in folders},
    )


def covered(one: Listing, number: int) -> list[str]:
    """Every path, as often as `git grep` would look at it, by way of what it prints."""
    found: list[str] = []
    roots = {name: folder for folder, name in one.trees.items()}
    blobs = {name: path for path, (_, name) in one.blobs.items()}
    for part in divide(one, number):
        for name in part.names:
            if name in blobs:
                found += part.path(name)
                continue
            folder = roots[name]
            inside = [p for p in one.paths if not folder or p.startswith(f"{folder}/")]
            for path in inside:
                below = path.removeprefix(f"{folder}/") if folder else path
                found += part.path(name + b":" + encode(below))
    return sorted(found)


_names = st.sampled_from(["a", "b", "a0", "a-", "c.d", "Ä", "\udcff", "x y"])
_paths = st.lists(_names, min_size=1, max_size=4).map("/".join)


def test_git_is_asked_for_no_needle_that_contains_another() -> None:
    names = {"FLUX_VERSION", "FLUX2_VERSION", "_VERSION", "flux2", "fluxcd/flux2"}
    assert shortest(names) == ["_VERSION", "flux2"]


@given(
    st.sets(st.text("ab", min_size=1, max_size=3), max_size=6),
    st.lists(st.text("ab", max_size=6).map(str.encode), max_size=6),
)
def test_fewer_needles_find_the_same_files(needles: set[str], texts: list[bytes]) -> None:
    files = [(str(place), text) for place, text in enumerate(texts)]
    assert holding(shortest(needles), files) == holding(needles, files)


@given(
    st.sets(st.text("lux2 ", min_size=1, max_size=5), max_size=6),
    st.lists(st.text("lux2 ", max_size=9).map(str.encode), max_size=6),
)
def test_stems_find_every_file_that_contains_a_needle(
    needles: set[str], texts: list[bytes]
) -> None:
    files = [(str(place), text) for place, text in enumerate(texts)]
    assert {*holding(needles, files)} <= {*holding(stemmed(needles), files)}


def test_a_stem_alone_is_no_needle(tmp_path: Path) -> None:
    files = {
        "a.yaml": "uses: fluxcd/flux2\n",
        "b.yaml": "unit: lux\n",
        "c.yaml": "FLUX_VERSION: 1\n",
    }
    made = repository(tmp_path / "tree", files, tmp_path)
    with closing(Repository(made.path)) as opened:
        snapshot = opened.snapshot(opened.commit("HEAD"), "HEAD")
        assert snapshot.grep(["fluxcd/flux2", "FLUX_VERSION"]) == ["a.yaml", "c.yaml"]
        assert snapshot.grep(["unit: lux"]) == ["b.yaml"]


@given(st.sets(_paths, min_size=1, max_size=40), st.integers(1, 4))
def test_every_file_is_in_one_part(paths: set[str], number: int) -> None:
    # A path is a file or a folder, not both.
    files = {p for p in paths if not any(q.startswith(f"{p}/") for q in paths)}
    one = listing(sorted(files))
    assert covered(one, number) == sorted(files)


def test_parts_are_about_equal() -> None:
    paths = [f"clusters/{n:03}/{m}.yaml" for n in range(300) for m in range(9)]
    parts = divide(listing([*paths, "README.md", "docs/a.md"]), 2)
    sizes = [sum(len(one) for one in part.names.values()) for part in parts]
    assert sum(sizes) > 100
    assert max(sizes) - min(sizes) < 5


def test_too_many_files_side_by_side_stay_together() -> None:
    parts = divide(
        listing([f"{n}.yaml" for n in range(grep._MOST_LOOSE + 1)]), 2
    )  # the limit itself
    assert [list(part.names.values()) for part in parts] == [[[""]]]


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """A repository with equal files and folders, names of every kind, and no file in sight."""
    files = {
        "top.txt": "needle",
        "again.txt": "needle",
        "a/one.txt": "needle",
        "a/deep/two.txt": "nothing",
        "b/one.txt": "needle",
        "b/deep/two.txt": "nothing",
        "a space/ü\n.txt": "other",
        "binary": "\0needle",
        "none/x": "",
    }
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    (tmp_path / "link").symlink_to("needle")
    for args in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "x"]):
        who = ["-c", "user.name=x", "-c", "user.email=x@example.com"]
        subprocess.run(["git", *who, *args], cwd=tmp_path, check=True)
    return tmp_path


@pytest.mark.parametrize("processors", [1, 2, 3])
def test_a_divided_search_finds_the_same(
    repo: Path, monkeypatch: pytest.MonkeyPatch, processors: int
) -> None:
    monkeypatch.setattr(objects, "_LARGE", 1)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(processors)))
    with closing(Repository(repo)) as opened:
        snapshot = opened.snapshot(opened.commit("HEAD"), "HEAD")
        assert snapshot.grep(["needle", "other"]) == [
            "a space/ü\n.txt", "a/one.txt", "again.txt", "b/one.txt", "binary", "top.txt",
        ]  # fmt: skip
        assert snapshot.grep(["nowhere"]) == []


def test_a_divided_search_that_fails_says_so(repo: Path) -> None:
    with closing(Repository(repo)) as opened:
        runner = opened.snapshot(opened.commit("HEAD"), "HEAD")._git  # what runs git
        with pytest.raises(RepositoryError, match="unable to resolve revision: nowhere"):
            runner.run_beside(
                [["grep", "x", "HEAD"], ["grep", "x", "nowhere", "--"]], accept=(0, 1)
            )


def test_many_files_are_read_whole_and_in_order(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(Repository(repo)) as opened:
        commit = opened.commit("HEAD")
        few = list(opened.snapshot(commit, "HEAD").read_many(opened.snapshot(commit, "").paths()))
        monkeypatch.setattr(objects, "_BATCH", 1)
        snapshot = opened.snapshot(commit, "HEAD")
        assert list(snapshot.read_many(snapshot.paths())) == few
        assert ("none/x", b"") in few
        snapshot.entries["lost"] = (b"100644", b"1" * 40)
        with pytest.raises(RepositoryError, match="git has no object for lost"):
            list(snapshot.read_many([*snapshot.paths(), "lost"]))
