"""Opens what the command line names; what the user named wins over the environment."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from pathlib import Path

from fluxbump import workspace as core
from fluxbump.model import Snapshot
from fluxbump.objects import CommitSnapshot
from fluxbump.workspace import STAGED, Workspace, index_source

_GIT_LOCAL = (
    "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_PREFIX", "GIT_NAMESPACE",
)  # fmt: skip


def workspace(
    path: Path | None, revision: str
) -> AbstractContextManager[Workspace[CommitSnapshot]]:
    """Open a repository at a revision; see `fluxbump.workspace.workspace`."""
    _forget_outer_repository(path)
    return core.workspace(path, revision)


def open_at(path: Path | None, what: str | None) -> AbstractContextManager[Workspace[Snapshot]]:
    """Open a repository at a revision, the index, or the work tree; see `fluxbump.workspace`."""
    _forget_outer_repository(path)
    return core.open_at(path, what)


def _forget_outer_repository(path: Path | None) -> None:
    """A hook of another repository sets these for its own; a path that was named is not it."""
    if path is not None:
        for name in _GIT_LOCAL:
            os.environ.pop(name, None)


__all__ = ["STAGED", "Workspace", "index_source", "open_at", "workspace"]
