"""Tells whether a branch that a forge "updated" from the base still holds only our change."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from fluxbump.errors import RepositoryError
from fluxbump.git.repository import Repository
from fluxbump.run.pull_request.state import SavedState
from fluxbump.run.remote_and_forge import RemoteBranches

_DEPTH = 100
"""The number of commits that a shallow clone fetches to compare a branch with its base."""


def is_only_updated(
    repository: Repository,
    remote: RemoteBranches,
    branches: tuple[str, str],
    states: Iterable[SavedState],
) -> bool:
    """Tell whether a branch holds the change that its pull request records, and nothing else.

    That is so after a merge from the base, and after a rebase onto it. The record in the pull
    request is the proof. The messages of the commits do not count.

    Args:
        repository: the local repository, into which the branches are fetched.
        remote: the remote that has the branches.
        branches: the names of the base and of the branch.
        states: the states in the pull requests of the branch.

    Raises:
        RemoteError: a branch cannot be fetched.
    """
    known = tuple(states)
    if not known:
        return False
    base, tip = (remote.fetch(branch, depth=_DEPTH) for branch in branches)
    try:
        commits = repository.beyond(base, tip)
        single = [sha for sha, parents in commits.items() if len(parents) == 1]
        if len(single) != 1:
            return False
        start = repository.merge_base(base, tip).sha
        patch = hashlib.sha256(repository.trees.difference(start, tip)).hexdigest()
    except RepositoryError:  # a shallow clone has too little of its history
        return False
    return any(
        state.patch == patch
        or (state.records(single[0]) and _merges_are_clean(repository, commits))
        for state in known
    )


def merges_cleanly(
    repository: Repository, remote: RemoteBranches, branches: tuple[str, str]
) -> bool:
    """Tell whether git merges two branches without a conflict. False if history is missing.

    Args:
        repository: the local repository, into which the branches are fetched.
        remote: the remote that has the branches.
        branches: the names of the base and of the branch.

    Raises:
        RemoteError: a branch cannot be fetched.
    """
    base, tip = (remote.fetch(branch, depth=_DEPTH) for branch in branches)
    return repository.trees.merged(base, tip) is not None


def _merges_are_clean(repository: Repository, commits: Mapping[str, tuple[str, ...]]) -> bool:
    """Tell whether each merge commit is exactly the merge that git makes, without other edits."""
    merges = {sha: parents for sha, parents in commits.items() if len(parents) != 1}
    return all(
        len(parents) == len(("ours", "theirs"))
        and repository.trees.merged(*parents) == repository.described(sha).tree
        for sha, parents in merges.items()
    )
