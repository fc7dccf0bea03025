"""Keeps runs at the same time from doing an action twice: a git ref is the claim of one run.

A forge adds a comment, or opens an issue, also if another run has just done so, and some forges
open a second pull request of a branch. The mail for a second one cannot be taken back. A git
server creates a ref only if there is none. So a run with such an action creates a ref beside the
branches, reads the state again, acts, and deletes the ref. A run that finds the ref leaves these
actions to the other run.

A killed run leaves its ref, so an old one does not count. If a server takes no refs but branches
and tags, runs act without a claim.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta

from fluxbump.git.objects import CommitSnapshot
from fluxbump.git.overlay_snapshot import ChangeSet
from fluxbump.git.remote_errors import MovedError, RemoteError, UnreachableError
from fluxbump.git.repository import Repository
from fluxbump.run.remote_and_forge import RemoteBranches
from fluxbump.text.patterns import lazy_pattern

SPACE = "refs/fluxbump/"
NAME = "claim"

_LONGEST = timedelta(minutes=15)
"""The age after which a claim does not count. A run acts within seconds.

A request to a forge takes 90 seconds at most.
"""

_TRAILER = "Fluxbump-Claim"
_MADE = lazy_pattern(rf"^{_TRAILER}: (?P<time>\S{{1,40}}) ", re.MULTILINE)


@contextmanager
def held(remote: RemoteBranches, repository: Repository, base: CommitSnapshot) -> Iterator[bool]:
    """Hold the claim for a block, and yield whether this run may act: False if another holds it.

    Args:
        remote: the remote that has the ref.
        repository: the local repository, to write the commit of the claim.
        base: the parent of that commit, which changes no file.

    Raises:
        UnreachableError: the remote cannot be reached.
        RepositoryError: git cannot make a commit.
    """
    refs = remote.within(SPACE)
    # Each claim needs a commit of its own, because a push of the same commit does not fail.
    made = datetime.now(UTC)
    message = f"Answer in one run\n\n{_TRAILER}: {made.isoformat()} {secrets.token_hex(16)}\n"
    commit = repository.write(base, ChangeSet(), message, stand_in=True)
    try:
        won = _taken(refs, repository, commit, made)
    except UnreachableError:
        raise
    except RemoteError:  # the server takes no such ref
        yield True
        return
    try:
        yield won
    finally:
        if won:
            with suppress(RemoteError):
                refs.delete(NAME, commit)


def _taken(refs: RemoteBranches, repository: Repository, commit: str, now: datetime) -> bool:
    """Create the ref, or take it over from a run that was killed. Return whether that worked."""
    expected = None
    for _ in range(2):
        try:
            refs.push(commit, NAME, expected)
        except MovedError:
            expected = refs.tip(NAME)
            if expected is not None and not _is_old(refs, repository, now):
                return False
        else:
            return True
    return False


def _is_old(refs: RemoteBranches, repository: Repository, now: datetime) -> bool:
    """Tell whether the claim is too old to count, or is not from a run."""
    message = repository.described(refs.fetch(NAME, f"{SPACE}{NAME}")).message
    found = _MADE.search(message)
    try:
        made = datetime.fromisoformat(found["time"]) if found else None
    except ValueError:
        made = None
    return made is None or made.tzinfo is None or abs(now - made) > _LONGEST
