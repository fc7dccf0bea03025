"""Find changes that are not committed, and refuse a switch that would overwrite them."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from fluxbump.errors import Again, RepositoryError
from fluxbump.git.local_process import Runner
from fluxbump.git.objects import CommitSnapshot
from fluxbump.git.overlay_snapshot import ChangeSet
from fluxbump.git.trees import Trees

_UNFINISHED = ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "rebase-merge", "rebase-apply")


def modified(git: Runner, paths: Iterable[str]) -> list[str]:
    """Return those of `paths` whose working tree or index differs from HEAD, sorted."""
    wanted = set(paths)
    return sorted(path for _, path in _states(git, "no") if path in wanted)


def is_clean(git: Runner) -> bool:
    """Whether the working tree equals HEAD and has no untracked files but ignored ones."""
    return not _states(git, "normal")


def unstaged(git: Runner, paths: Iterable[str]) -> set[str]:
    """Return those of `paths` whose working tree differs from the index."""
    wanted = set(paths)
    return {path for state, path in _states(git, "all") if state[1] != " " and path in wanted}


def _states(git: Runner, untracked: Literal["no", "normal", "all"]) -> list[tuple[str, str]]:
    """Return each changed file with its two status letters of git-status(1)."""
    out = git.run(
        "status", "--porcelain=v1", "-z", f"--untracked-files={untracked}", "--no-renames",
        "--ignore-submodules=all", env={"GIT_OPTIONAL_LOCKS": "0"},
    )  # fmt: skip
    entries = out.decode("utf-8", "surrogateescape").split("\0")
    return [(entry[:2], entry[3:]) for entry in entries if entry]


def require_switchable(
    git: Runner, trees: Trees, private: Path, base: CommitSnapshot, changes: ChangeSet
) -> None:
    """Refuse a switch to the result if it would overwrite changes that are not committed.

    Args:
        git: runs git in the working tree.
        trees: builds the result.
        private: the working tree's own git directory.
        base: the files before the changes.
        changes: the changes that the switch brings.

    Raises:
        RepositoryError: the switch would overwrite changes, or a merge or rebase is under way.
    """
    unfinished = next((name for name in _UNFINISHED if (private / name).exists()), None)
    if unfinished:
        raise RepositoryError(f"a merge or rebase is under way ({unfinished})", hint="finish it")
    with trees.quarantine() as env:
        tree = trees.build_tree(base, changes, env)
        index = private / "index"
        if index.exists():
            shutil.copyfile(index, env["GIT_INDEX_FILE"])
        git.run("update-index", "-q", "--refresh", env=env, accept=(0, 1))
        try:
            git.run("read-tree", "-n", "-m", "-u", "HEAD", tree, env=env)
        except RepositoryError as error:
            raise RepositoryError(
                f"switching would overwrite local changes: {error.message}",
                hint="commit or stash them",
                next=[Again(drop=("--checkout",), why="makes the branch without a switch")],
            ) from None
