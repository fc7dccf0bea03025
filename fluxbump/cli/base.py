"""What a check compares with: what the user names, what the CI says, or the remote's main branch.

The variables are those of the CI's own documentation: `GITHUB_BASE_REF` (GitHub, Gitea and Forgejo
Actions), `CI_MERGE_REQUEST_DIFF_BASE_SHA` (GitLab), `BITBUCKET_PR_DESTINATION_COMMIT`,
`SYSTEM_PULLREQUEST_TARGETBRANCH` (Azure Pipelines).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from fluxbump.errors import RepositoryError

if TYPE_CHECKING:
    from fluxbump.cli.console import Console
    from fluxbump.git.objects import CommitSnapshot
    from fluxbump.model import Snapshot
    from fluxbump.workspace import Session

_COMMITS = ("CI_MERGE_REQUEST_DIFF_BASE_SHA", "BITBUCKET_PR_DESTINATION_COMMIT")
_BRANCHES = ("GITHUB_BASE_REF", "SYSTEM_PULLREQUEST_TARGETBRANCH")
_MAIN = "origin/HEAD"


def candidates(environ: Mapping[str, str]) -> Iterator[str]:
    """Yield the revisions that a change may be compared with, the best one first."""
    yield from (environ[name] for name in _COMMITS if environ.get(name))
    for name in _BRANCHES:
        branch = environ.get(name, "").removeprefix("refs/heads/")
        if branch:
            yield f"origin/{branch}"
    yield _MAIN


def base_of(
    session: Session[Snapshot],
    named: str | None,
    environ: Mapping[str, str],
    console: Console,
) -> CommitSnapshot | None:
    """Return the merge base to compare with; None when there is nothing to compare with.

    Args:
        session: what is checked.
        named: by the user; it has to exist, what nobody named does not.
        environ: of the process.
        console: is told what was found, or what the CI names and the clone lacks.

    Raises:
        RepositoryError: the user named a revision that does not exist or has no common history.
    """
    if named is not None:
        return _merge_base(session, named)
    for revision in candidates(environ):
        try:
            found = _merge_base(session, revision)
        except RepositoryError as error:
            if revision != _MAIN:
                console.line(f"fluxbump: not compared with {revision}: {error.message}")
            continue
        console.note(f"compared with the merge base with {revision}")
        return found
    return None


def _merge_base(session: Session[Snapshot], revision: str) -> CommitSnapshot:
    from fluxbump.git.objects import CommitSnapshot

    snapshot = session.snapshot
    judged = snapshot.commit.sha if isinstance(snapshot, CommitSnapshot) else "HEAD"
    commit = session.repository.merge_base(revision, judged)
    return session.repository.snapshot(commit, f"merge base with {revision}")
