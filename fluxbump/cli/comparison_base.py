"""Finds the base that a check compares with: from the user, the CI, or the main branch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from fluxbump.errors import RepositoryError
from fluxbump.forges import ci_variables

if TYPE_CHECKING:
    from fluxbump.cli.console import Console
    from fluxbump.git.objects import CommitSnapshot
    from fluxbump.model import Snapshot
    from fluxbump.workspace import Session

_MAIN = "origin/HEAD"


def candidates(environ: Mapping[str, str]) -> Iterator[str]:
    """Yield the revisions that a change can be compared with, the best one first."""
    yield from ci_variables.revisions_to_compare_with(environ)
    yield _MAIN


def base_of(
    session: Session[Snapshot],
    named: str | None,
    environ: Mapping[str, str],
    console: Console,
) -> CommitSnapshot | None:
    """Return the merge base to compare with. None if there is nothing to compare with.

    Args:
        session: the checked repository and snapshot.
        named: the revision that the user names, which must exist. None takes the candidates.
        environ: the environment variables.
        console: takes a note about the base, or about a base of the CI that the clone lacks.

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
                why = "; ".join([error.message, *error.facts])
                advice = f" ({error.hint})" if error.facts and error.hint else ""
                console.line(f"fluxbump: not compared with {revision}: {why}{advice}")
            continue
        console.note(f"compared with the merge base with {revision}")
        return found
    return None


def _merge_base(session: Session[Snapshot], revision: str) -> CommitSnapshot:
    from fluxbump.git.objects import CommitSnapshot

    snapshot = session.snapshot
    judged = snapshot.commit.sha if isinstance(snapshot, CommitSnapshot) else "HEAD"
    asked_for = revision != _MAIN  # a clone without the main branch is no problem
    commit = session.repository.merge_base(revision, judged, explained=asked_for)
    return session.repository.snapshot(commit, _name(revision))


def _name(revision: str) -> str:
    return f"merge base with {revision}"


def is_missing(named: str | None, found: CommitSnapshot | None, environ: Mapping[str, str]) -> bool:
    """Whether a CI names a base that this clone does not have, even if another one is used.

    Args:
        named: the revision that the user names, which overrides the CI. None if there is none.
        found: the base to compare with.
        environ: the environment variables.
    """
    told = [_name(revision) for revision in ci_variables.revisions_to_compare_with(environ)]
    return named is None and bool(told) and (found is None or found.name not in told)
