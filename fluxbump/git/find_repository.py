"""Find a repository on this disk: its working tree, and its git directories."""

from __future__ import annotations

import os
from pathlib import Path

from msgspec import Struct

from fluxbump.errors import RepositoryError
from fluxbump.git import local_process

_LAYOUT = ("--is-bare-repository", "--git-dir", "--git-common-dir", "--show-toplevel")


class Layout(Struct, frozen=True):
    """The directories of a repository, as absolute paths.

    Attributes:
        root: the root of the working tree; the git directory if the repository is bare.
        private: the git directory of this working tree.
        shared: the git directory that all working trees of the repository share.
    """

    bare: bool
    root: Path
    private: Path
    shared: Path

    @property
    def objects(self) -> Path:
        """The object database, symbolic links resolved."""
        return self.shared.joinpath("objects").resolve()


def find(path: Path | None) -> Layout:
    """Find the repository that `path` is in; None stands for the current directory.

    Raises:
        RepositoryError: there is no repository, git does not trust it, or `path` is in its git
            directory.
        ToolError: git is not installed.
    """
    if path is not None and not path.is_dir():
        raise RepositoryError(f"no such directory: {path}", hint="see --repo")
    command = ["rev-parse", "--path-format=absolute", *_LAYOUT]
    place = path or _here()
    done = local_process.run(command, path)
    # In a bare repository git answers all questions but the last, and fails.
    answers = os.fsdecode(done.out).splitlines()
    match answers:
        case ["true", private, shared, *_]:
            return Layout(bare=True, root=Path(private), private=Path(private), shared=Path(shared))
        case ["false", private, shared, root]:
            return Layout(bare=False, root=Path(root), private=Path(private), shared=Path(shared))
        case ["false", private, shared]:
            return _around(place, Path(private), Path(shared))
    reason = local_process.one_line(done.err)
    if "dubious ownership" in reason:
        raise RepositoryError(
            f"git does not trust {place}: another user owns it",
            hint=f"git config --global --add safe.directory {place.absolute()}",
        )
    if not answers and "not a git repository" in reason:
        raise RepositoryError(
            f"not a git repository: {place}", hint="run inside a checkout, or use --repo PATH"
        )
    raise RepositoryError(f"git cannot use {place}: {reason or 'its path has a line break'}")


def _here() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError:
        raise RepositoryError(
            "the current directory no longer exists", hint="change to a directory that exists"
        ) from None


def _around(place: Path, private: Path, shared: Path) -> Layout:
    """Return the layout of the working tree whose `.git` the current directory is in.

    Raises:
        RepositoryError: the git directory is not in a working tree.
    """
    if private.name != ".git":
        raise RepositoryError(
            f"in a git directory: {place}", hint="name the working tree with --repo PATH"
        )
    return Layout(bare=False, root=private.parent, private=private, shared=shared)


def pinned(layout: Layout) -> dict[str, str]:
    """Return the variables that keep git at a repository from any directory.

    They replace those of a hook, which can be relative to the hook's directory (githooks(5)).
    """
    names = {
        "GIT_DIR": layout.private,
        "GIT_WORK_TREE": layout.root,
        "GIT_COMMON_DIR": layout.shared,
    }
    return {name: str(path) for name, path in names.items() if name in os.environ}
