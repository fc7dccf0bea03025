"""What lies in the working tree and in the index, read from real repositories."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from fluxbump.errors import RepositoryError
from fluxbump.git.repository import Repository
from fluxbump.model import Snapshot
from tests.helpers import Repo, environment, repository

NAMES = (
    "with space.yaml",
    "tab\tname.yaml",
    "new\nline.yaml",
    'quote".yaml',
    "back\\slash.yaml",
    "käse.yaml",
    "-dash.yaml",
    ":(top)colon.yaml",
    "star*.yaml",
    "deep/er/[1].yaml",
    "#hash.yaml",
)
ARCHIVE = "chart/charts/flux2-2.14.1.tgz"
IGNORED = "*.tgz\nbuild/\n"


@pytest.fixture
def small(tmp_path: Path, index: Path) -> Repo:
    files = {"a.yaml": "needle one\n", "b/c.yaml": "two\n", ".gitignore": IGNORED}
    return repository(tmp_path / "small", files, index)


@pytest.fixture(autouse=True)
def nobodys_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in environment(tmp_path).items():
        monkeypatch.setenv(name, value)


@contextmanager
def worktree(repo: Repo, below: str = "") -> Iterator[Snapshot]:
    with closing(Repository(repo.path / below)) as opened:
        yield opened.worktree()


@contextmanager
def staged(repo: Repo, below: str = "") -> Iterator[Snapshot]:
    with closing(Repository(repo.path / below)) as opened:
        yield opened.staged()


def held(snapshot: Snapshot) -> dict[str, bytes]:
    return dict(snapshot.read_many(snapshot.paths()))


@pytest.mark.parametrize("opened", [worktree, staged])
def test_a_clean_checkout_is_the_commit(opened: object, small: Repo) -> None:
    assert callable(opened)
    with opened(small) as snapshot, closing(Repository(small.path)) as repo:
        commit = repo.snapshot(repo.commit("HEAD"), "HEAD")
        assert held(snapshot) == held(commit)
        assert list(snapshot.paths()) == sorted(snapshot.paths())
        assert snapshot.grep(["needle", "two"]) == ["a.yaml", "b/c.yaml"]
        assert list(snapshot.below("b/")) == ["b/c.yaml"]
        assert snapshot.read("a.yaml") == b"needle one\n"
        with pytest.raises(KeyError):
            snapshot.read("none.yaml")


def test_a_modified_file(small: Repo) -> None:
    small.write("a.yaml", "haystack\n")
    with worktree(small) as tree, staged(small) as index:
        assert tree.read("a.yaml") == b"haystack\n"
        assert tree.grep(["needle"]) == []
        assert tree.grep(["haystack"]) == ["a.yaml"]
        assert index.read("a.yaml") == b"needle one\n"
        assert index.grep(["needle"]) == ["a.yaml"]


def test_a_staged_file_that_was_modified_again(small: Repo) -> None:
    small.write("a.yaml", "staged\n")
    small.git("add", "a.yaml")
    small.write("a.yaml", "again\n")
    with worktree(small) as tree, staged(small) as index:
        assert tree.read("a.yaml") == b"again\n"
        assert index.read("a.yaml") == b"staged\n"
        assert index.grep(["staged"]) == ["a.yaml"]
        assert index.grep(["again"]) == []


def test_an_untracked_file_is_in_the_work_tree_alone(small: Repo) -> None:
    small.write("new/n.yaml", "needle\n")
    with worktree(small) as tree, staged(small) as index:
        assert "new/n.yaml" in tree.paths()
        assert "new/n.yaml" in tree.grep(["needle"])
        assert "new/n.yaml" not in index.paths()
        assert index.grep(["needle"]) == ["a.yaml"]
        with pytest.raises(KeyError):
            index.read("new/n.yaml")


def test_an_ignored_file_is_seen_only_by_who_looks_below(small: Repo) -> None:
    small.write(ARCHIVE, b"archive")
    small.write("build/out.yaml", "needle\n")
    with worktree(small) as tree, staged(small) as index:
        assert tree.below("chart/charts/") == [ARCHIVE]
        assert tree.read(ARCHIVE) == b"archive"
        assert ARCHIVE not in tree.paths()
        assert tree.grep(["needle", "archive"]) == ["a.yaml"]
        assert list(index.below("chart/charts/")) == []


def test_an_ignored_file_that_is_tracked_is_seen(small: Repo) -> None:
    small.write(ARCHIVE, b"archive")
    small.git("add", "--force", ARCHIVE)
    with worktree(small) as tree, staged(small) as index:
        assert ARCHIVE in tree.paths()
        assert index.read(ARCHIVE) == b"archive"
        assert list(index.below("chart/")) == [ARCHIVE]


def test_a_tracked_file_that_was_deleted_is_gone(small: Repo) -> None:
    (small.path / "a.yaml").unlink()
    with worktree(small) as tree, staged(small) as index:
        assert "a.yaml" not in tree.paths()
        assert tree.grep(["needle"]) == []
        with pytest.raises(KeyError):
            tree.read("a.yaml")
        assert index.read("a.yaml") == b"needle one\n"


def test_a_file_that_was_removed_from_the_index_only(small: Repo) -> None:
    small.git("rm", "--cached", "--quiet", "a.yaml")
    with worktree(small) as tree, staged(small) as index:
        assert tree.read("a.yaml") == b"needle one\n"
        assert "a.yaml" not in index.paths()


@pytest.mark.parametrize("add", [False, True])
def test_symbolic_links_are_not_files(add: bool, small: Repo, tmp_path: Path) -> None:
    (tmp_path / "outside.yaml").write_text("needle outside\n")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/f.yaml").write_text("needle outside\n")
    (small.path / "link.yaml").symlink_to("a.yaml")
    (small.path / "out.yaml").symlink_to(tmp_path / "outside.yaml")
    (small.path / "b/dir").symlink_to(tmp_path / "folder")
    (small.path / "dangling.yaml").symlink_to("none")
    if add:
        small.git("add", "--all")
    for opened in (worktree, staged):
        with opened(small) as snapshot:
            assert list(snapshot.paths()) == [".gitignore", "a.yaml", "b/c.yaml"]
            assert snapshot.grep(["needle"]) == ["a.yaml"]
            assert list(snapshot.below("b/")) == ["b/c.yaml"]
            assert list(snapshot.below("b/dir/")) == []
            for path in ("link.yaml", "out.yaml", "b/dir/f.yaml"):
                with pytest.raises(KeyError):
                    snapshot.read(path)


def test_a_file_in_place_of_a_tracked_folder_and_the_reverse(small: Repo) -> None:
    (small.path / "b/c.yaml").unlink()
    (small.path / "b").rmdir()
    small.write("b", "needle b\n")
    (small.path / "a.yaml").unlink()
    small.write("a.yaml/inside.yaml", "needle inside\n")
    with worktree(small) as tree:
        assert list(tree.paths()) == [".gitignore", "a.yaml/inside.yaml", "b"]
        assert tree.grep(["needle"]) == ["a.yaml/inside.yaml", "b"]


@pytest.mark.parametrize("add", [False, True])
def test_unusual_names(add: bool, small: Repo) -> None:
    for name in NAMES:
        small.write(f"odd/{name}", f"needle {name}\n")
        small.write(name, "needle\n")
    expected = sorted(["a.yaml", *NAMES, *(f"odd/{name}" for name in NAMES)])
    if add:
        small.git("add", "--all")
    with worktree(small) as tree:
        assert tree.grep(["needle"]) == expected
        assert tree.below("odd/") == sorted(f"odd/{name}" for name in NAMES)
        assert held(tree)[f"odd/{NAMES[2]}"] == f"needle {NAMES[2]}\n".encode()
    if add:
        with staged(small) as index:
            assert sorted(index.grep(["needle"])) == expected
            assert held(index)["with space.yaml"] == b"needle\n"


def test_a_name_that_is_not_utf_8(small: Repo) -> None:
    name = os.fsdecode(b"caf\xe9.yaml")
    try:
        (small.path / name).write_text("needle\n")
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    small.git("add", "--all")
    for opened in (worktree, staged):
        with opened(small) as snapshot:
            assert sorted(snapshot.grep(["needle"])) == ["a.yaml", name]
            assert snapshot.read(name) == b"needle\n"


def test_executable_files(small: Repo) -> None:
    small.write("run.sh", "needle\n")
    (small.path / "run.sh").chmod(0o755)
    small.git("add", "run.sh")
    for opened in (worktree, staged):
        with opened(small) as snapshot:
            assert snapshot.grep(["needle"]) == ["a.yaml", "run.sh"]
            assert snapshot.read("run.sh") == b"needle\n"


def test_binary_files_are_not_searched(small: Repo) -> None:
    small.write("binary.yaml", b"needle\0needle\n")
    small.git("add", "--all")
    with staged(small) as index:
        expected = index.grep(["needle"])
    with worktree(small) as tree:
        assert tree.grep(["needle"]) == expected


@pytest.mark.parametrize("opened", [worktree, staged])
def test_seen_from_a_folder_of_the_repository(opened: object, small: Repo) -> None:
    """Paths start at the root wherever the command was started, and all files are there."""
    assert callable(opened)
    with opened(small, "b") as snapshot:
        assert list(snapshot.paths()) == [".gitignore", "a.yaml", "b/c.yaml"]
        assert snapshot.grep(["needle"]) == ["a.yaml"]
        assert snapshot.read("a.yaml") == b"needle one\n"


def test_below_the_root_is_everything_but_git(small: Repo) -> None:
    with worktree(small) as tree:
        below = [path for path in tree.below("") if not path.startswith(".git/")]
        assert below == [".gitignore", "a.yaml", "b/c.yaml"]
        assert not any(path.startswith(".git/") for path in tree.below(""))


def test_a_repository_inside_is_not_part_of_it(small: Repo, index: Path) -> None:
    inner = repository(small.path / "inner", {"i.yaml": "needle\n"}, index)
    assert inner.tip("HEAD")
    with worktree(small) as tree:
        assert tree.grep(["needle"]) == ["a.yaml"]
        assert "inner/i.yaml" not in tree.paths()


def test_a_new_repository_without_commits(tmp_path: Path, index: Path, small: Repo) -> None:
    fresh = Repo(tmp_path / "fresh", tmp_path, index)
    fresh.path.mkdir()
    fresh.git("init", "--quiet")
    fresh.write("a.yaml", "needle\n")
    with worktree(fresh) as tree:
        assert held(tree) == {"a.yaml": b"needle\n"}
    fresh.git("add", "--all")
    with staged(fresh) as snapshot:
        assert held(snapshot) == {"a.yaml": b"needle\n"}
        assert snapshot.grep(["needle"]) == ["a.yaml"]


def conflict(repo: Repo) -> None:
    repo.git("switch", "--quiet", "--create", "other")
    repo.commit({"a.yaml": "theirs\n"})
    repo.git("switch", "--quiet", "main")
    repo.commit({"a.yaml": "ours\n"})
    with pytest.raises(AssertionError):
        repo.git("merge", "other")


def test_unresolved_conflicts(small: Repo) -> None:
    conflict(small)
    with staged(small) as index, pytest.raises(RepositoryError) as caught:
        index.paths()
    assert "unresolved conflicts" in str(caught.value)
    assert caught.value.where == "a.yaml"
    with worktree(small) as tree:
        assert list(tree.paths()).count("a.yaml") == 1
        assert b"<<<<<<<" in tree.read("a.yaml")


def test_an_intent_to_add_is_in_the_index_and_empty(small: Repo) -> None:
    small.write("soon.yaml", "needle\n")
    small.git("add", "--intent-to-add", "soon.yaml")
    with worktree(small) as tree, staged(small) as index:
        assert tree.grep(["needle"]) == ["a.yaml", "soon.yaml"]
        assert index.grep(["needle"]) == ["a.yaml"]


def test_a_sparse_checkout_lacks_what_is_not_there(small: Repo) -> None:
    small.git("sparse-checkout", "set", "--no-cone", "/a.yaml")
    with worktree(small) as tree, staged(small) as index:
        assert list(tree.paths()) == ["a.yaml"]
        assert "b/c.yaml" in index.paths()


def test_reading_changes_nothing(small: Repo) -> None:
    small.write("a.yaml", "needle changed\n")
    before = small.state()
    for opened in (worktree, staged):
        with opened(small) as snapshot:
            held(snapshot)
            snapshot.grep(["needle"])
            snapshot.below("b/")
    assert small.state() == before
