"""Creates the branch of a bump that is ready: writes its commits and one ref."""

from __future__ import annotations

import shlex
from typing import Literal

from msgspec import Struct

from fluxbump.bump.prepared_bump import Prepared
from fluxbump.errors import Again, RepositoryError
from fluxbump.git import branch_names
from fluxbump.git.refs import Branch
from fluxbump.git.repository import Repository
from fluxbump.model import Step


class Delivered(Struct, frozen=True):
    """The branch that holds a bump.

    Attributes:
        commit: the id of the branch's tip.
        outcome: `created`, `replaced`, or `unchanged` if the branch already held the same result.
        kept: the ref that keeps the replaced tip reachable. None if nothing was replaced.
    """

    commit: str
    outcome: Literal["created", "unchanged", "replaced"]
    kept: str | None = None

    @property
    def written(self) -> bool:
        """Whether the bump wrote new commits to the branch."""
        return self.outcome != "unchanged"


def deliver(repository: Repository, prepared: Prepared, *, force: bool = False) -> Delivered:
    """Write the commits and create the branch, by one compare-and-swap of its ref.

    Args:
        repository: the repository to write to.
        prepared: the bump, which must have passed its checks.
        force: replaces a branch of that name that holds something else.

    Raises:
        RepositoryError: the branch holds something else, is checked out, or git refuses.
    """
    here = [repository.current_branch()] if repository.bare else []
    branch_names.require_other(prepared.branch, (prepared.base.name, *here))
    existing = repository.branch(prepared.branch)
    if existing is not None and existing.tree == prepared.built.tree:
        return Delivered(existing.tip, "unchanged")
    if existing is not None:
        _require_replaceable(existing, force=force)
    commit = prepared.base.commit.sha
    for step in prepared.steps:
        commit = repository.write(prepared.base, step.changes, step.message, parent=commit)
    if existing is None:
        other = repository.create(prepared.branch, commit, prepared.built.tree)
        return Delivered(other or commit, "unchanged" if other else "created")
    return Delivered(commit, "replaced", kept=repository.replace(existing, commit))


def _require_replaceable(branch: Branch, *, force: bool) -> None:
    if not force:
        raise RepositoryError(
            f"branch {branch.name} already exists with different content",
            facts=[f"its tip is the commit {branch.tip[:12]}"],
            next=[
                Step(shlex.join(["git", "log", "-p", branch.name]), "what the branch has"),
                Again(("--force",), "replaces it, and keeps its old tip"),
            ],
        )
    if branch.worktree:
        raise RepositoryError(
            f"branch {branch.name} is checked out in {branch.worktree}",
            hint="switch to another branch there first",
        )
