"""Where a repository is, from every place that one can stand in."""

from __future__ import annotations

import os
import re
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from fluxbump.errors import RepositoryError, ToolError
from fluxbump.git import find_repository
from fluxbump.git.find_repository import Layout
from fluxbump.git.local_process import Runner


def git(where: Path, *args: str) -> None:
    who = [
        "-c",
        "user.name=x",
        "-c",
        "user.email=x@example.com",
        "-c",
        "protocol.file.allow=always",
    ]
    subprocess.run(["git", *who, *args], cwd=where, check=True, capture_output=True)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A working tree with one commit and a folder `a/b`."""
    path = tmp_path / "tree"
    path.joinpath("a", "b").mkdir(parents=True)
    git(path, "init", "--quiet")
    git(path, "commit", "--quiet", "--allow-empty", "-m", "x")
    return path


@pytest.mark.parametrize("below", ["", "a", "a/b", ".git", ".git/refs"])
def test_a_work_tree(tree: Path, below: str) -> None:
    private = tree / ".git"
    expected = Layout(bare=False, root=tree, private=private, shared=private)
    assert find_repository.find(tree / below) == expected


def test_where_we_are(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree / "a")
    assert find_repository.find(None) == find_repository.find(tree)
    assert find_repository.find(Path()) == find_repository.find(tree)


def test_a_bare_repository(tree: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", "--bare", "tree", "bare")
    bare = tmp_path / "bare"
    assert find_repository.find(bare) == Layout(bare=True, root=bare, private=bare, shared=bare)
    assert find_repository.find(bare / "refs").private == bare


def test_a_second_work_tree(tree: Path, tmp_path: Path) -> None:
    git(tree, "worktree", "add", "--quiet", "-b", "y", str(tmp_path / "second"))
    found = find_repository.find(tmp_path / "second")
    assert (found.bare, found.root, found.shared) == (False, tmp_path / "second", tree / ".git")
    assert found.private == tree / ".git" / "worktrees" / "second"
    with pytest.raises(RepositoryError, match=r"in a git directory: .*/worktrees/second"):
        find_repository.find(found.private)


def test_a_submodule(tree: Path, tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "outer")
    git(tmp_path / "outer", "submodule", "--quiet", "add", str(tree), "inner")
    found = find_repository.find(tmp_path / "outer" / "inner")
    assert found.root == tmp_path / "outer" / "inner"
    assert found.private == tmp_path / "outer" / ".git" / "modules" / "inner"
    assert find_repository.find(found.private) == found


def test_a_hook_may_name_the_repository_from_where_it_runs(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_DIR", "tree/.git")
    monkeypatch.setenv("GIT_WORK_TREE", "tree")
    found = find_repository.find(None)
    assert (found.root, found.private) == (tree, tree / ".git")
    runner = Runner(found.root, find_repository.pinned(found))
    assert runner.run("rev-parse", "--show-toplevel").decode().strip() == str(tree)


def test_no_repository(tmp_path: Path) -> None:
    with pytest.raises(RepositoryError, match=re.escape(f"not a git repository: {tmp_path}")):
        find_repository.find(tmp_path)
    with pytest.raises(RepositoryError, match="no such directory: "):
        find_repository.find(tmp_path / "nowhere")
    (tmp_path / "file").touch()
    with pytest.raises(RepositoryError, match="no such directory: "):
        find_repository.find(tmp_path / "file")


def test_a_format_that_git_does_not_know(tree: Path) -> None:
    git(tree, "config", "core.repositoryformatversion", "99")
    with pytest.raises(RepositoryError, match=r"git cannot use .*: .*version"):
        find_repository.find(tree)


def test_a_name_with_a_line_break(tmp_path: Path) -> None:
    path = tmp_path / "a\nb"
    path.mkdir()
    git(path, "init", "--quiet")
    with pytest.raises(RepositoryError, match="its path has a line break"):
        find_repository.find(path)


def test_what_reads_more_than_a_pipe_holds_and_says_more(tree: Path) -> None:
    runner = Runner(tree, {})
    large = b"x" * (1 << 20)
    name = runner.run("hash-object", "-w", "--stdin", stdin=large).strip()
    assert runner.run("cat-file", "blob", name.decode()) == large
    assert runner.run_bounded("cat-file", "--batch", stdin=name, limit=9, seconds=60) is None
    batch = runner.batch()
    batch.ask([name, b"0" * 40, name])
    assert [batch.answer() for _ in range(3)] == [large, None, large]
    batch.close()


def test_many_objects_are_shared_by_two_processes(tree: Path) -> None:
    runner = Runner(tree, {})
    texts = [f"{number}\n".encode() * 5_000 for number in range(9)]
    names = [runner.run("hash-object", "-w", "--stdin", stdin=text).strip() for text in texts]
    nothing = b"0" * 40
    asked = [nothing, *names, nothing]
    assert list(runner.contents(asked)) == [None, *texts, None]
    assert list(runner.contents(names[:1])) == texts[:1]
    with closing(runner.contents(names)) as answers:  # whoever asked has heard enough
        assert next(answers) == texts[0]
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_a_repository_of_somebody_else(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")  # git's own switch for its tests
    with pytest.raises(RepositoryError, match="git does not trust") as caught:
        find_repository.find(tree)
    assert caught.value.hint == f"git config --global --add safe.directory {tree}"


def test_no_git(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolError, match="git is not installed"):
        find_repository.find(tree)
