"""Opens the repository that the command line names, which overrides git's environment."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TypeVar

from fluxbump import workspace as core
from fluxbump.cli.console import Console
from fluxbump.config.source_options import AS_CONFIGURED, SourceOptions
from fluxbump.git.repository import Repository
from fluxbump.model import Snapshot
from fluxbump.workspace import Session

WITH_A_WORKING_TREE = "give a clone with a working tree, with --repo PATH"
"""The advice for a bare repository, for commands that need a working tree."""

S = TypeVar("S", bound=Snapshot)

_GIT_LOCAL = (
    "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_PREFIX", "GIT_NAMESPACE",
)  # fmt: skip


def open_session(
    path: Path | None, take: Callable[[Repository], S], options: SourceOptions = AS_CONFIGURED
) -> AbstractContextManager[Session[S]]:
    """Open a repository as `fluxbump.workspace.open_session` does, and undo interrupted edits.

    Args:
        path: the path that the user names. None for the current folder.
        take: takes the snapshot to work on.
        options: the sources of facts.
    """
    _forget_outer_repository(path)
    return core.open_session(path, take, options, _recover)


def _recover(repository: Repository) -> None:
    """Undo the edits of an interrupted run in the working tree, and print a line about it."""
    # The folder is checked first, so that most runs do not wait for the module to load.
    if repository.bare or not (repository.private / "in-place").is_dir():
        return
    from fluxbump.system import replace_recovery

    count = replace_recovery.recover(replace_recovery.Worktree(repository.root, repository.private))
    if count is not None:
        files = "1 file is" if count == 1 else f"{count} files are"
        Console().line(f"fluxbump: a run of --in-place was interrupted: {files} as before it again")


def _forget_outer_repository(path: Path | None) -> None:
    """Remove git's variables if a path is named: a hook of another repository sets them."""
    if path is not None:
        for name in _GIT_LOCAL:
            os.environ.pop(name, None)
