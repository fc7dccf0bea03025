"""Which of several runs at once does what the forge would let each of them do: the claim's holder.

No forge adds a comment, or opens an issue, only if there is none yet, and some open a second pull
request of a branch if two come in one moment. The mail for a second one cannot be taken back. A git
server creates a ref only if there is none. So a run that has such a thing to do creates a ref
beside the branches, looks again, acts, and deletes the ref. A run that finds the ref leaves these
things to the other one.

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
"""A run answers within seconds, and waits for one request to a forge 90 of them at most."""

_TRAILER = "Fluxbump-Claim"
_MADE = lazy_pattern(rf"^{_TRAILER}: (?P<time>\S{{1,40}}) ", re.MULTILINE)


@contextmanager
def held(remote: RemoteBranches, repository: Repository, base: CommitSnapshot) -> Iterator[bool]:
    """Hold the claim for a block; yield False if another run holds it.

    Args:
        remote: that has the ref.
        repository: that has the base.
        base: on which the commit of the claim stands, without a change.

    Raises:
        UnreachableError: the remote cannot be reached.
        RepositoryError: git cannot make a commit.
    """
    refs = remote.within(SPACE)
    # Each is another commit: a push of what a ref holds already does not fail.
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
    """Create the ref, or take it from a run that was killed; tell whether that was done."""
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
    """Tell whether the claim is from a run that cannot be at work any more, or from no run."""
    message = repository.described(refs.fetch(NAME, f"{SPACE}{NAME}")).message
    found = _MADE.search(message)
    try:
        made = datetime.fromisoformat(found["time"]) if found else None
    except ValueError:
        made = None
    return made is None or made.tzinfo is None or abs(now - made) > _LONGEST
