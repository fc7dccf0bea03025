"""Find the common ancestor of two commits, and the commits that one has and another lacks."""

from __future__ import annotations

from fluxbump.errors import RepositoryError
from fluxbump.git import objects, refs
from fluxbump.git.local_process import Runner
from fluxbump.git.objects import Commit


def merge_base(git: Runner, revision: str, other: str, *, explained: bool = True) -> Commit:
    """Return the best common ancestor of two revisions.

    Args:
        git: runs git in the repository.
        revision: the first revision.
        other: the second revision.
        explained: whether an error says what is wrong, which takes more processes of git.

    Raises:
        RepositoryError: a revision does not exist, or the two have no common history.
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
    """Map each commit that `tip` has and `base` lacks to its parents.

    Raises:
        RepositoryError: the repository lacks one of the commits.
    """
    lines = git.run("rev-list", "--parents", tip, f"^{base}", "--").decode().splitlines()
    return {sha: tuple(parents) for sha, *parents in map(str.split, lines)}
