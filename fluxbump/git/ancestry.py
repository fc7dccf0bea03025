"""How commits descend from one another."""

from __future__ import annotations

from fluxbump.errors import RepositoryError
from fluxbump.git import objects, refs
from fluxbump.git.local_process import Runner
from fluxbump.git.objects import Commit


def merge_base(git: Runner, revision: str, other: str, *, explained: bool = True) -> Commit:
    """Return the best common ancestor of two revisions.

    Args:
        git: runs in the repository.
        revision: one of them.
        other: the other one.
        explained: the error is for a person, so it may take more of git's processes.

    Raises:
        RepositoryError: there is no such revision, or nothing is common.
    """
    commits = (f"{revision}^{{commit}}", f"{other}^{{commit}}")
    try:
        base = git.run("merge-base", "--end-of-options", *commits).decode().strip()
    except RepositoryError:
        if not explained:
            raise
        for name in (revision, other):
            objects.commit(git, name)
        raise refs.unrelated(git, revision, other) from None
    return objects.commit(git, base)


def beyond(git: Runner, base: str, tip: str) -> dict[str, tuple[str, ...]]:
    """Map the commits that `tip` has and `base` has not to their parents.

    Raises:
        RepositoryError: a commit is not here.
    """
    lines = git.run("rev-list", "--parents", tip, f"^{base}", "--").decode().splitlines()
    return {sha: tuple(parents) for sha, *parents in map(str.split, lines)}
