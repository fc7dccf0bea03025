"""Whether a repository takes pull requests: asked before anything is pushed or advised.

What the forge says of rights explains a refusal afterwards, and refuses nothing before: some forges
tell of the account, and not of its token.
"""

from __future__ import annotations

from collections.abc import Callable

from fluxbump.errors import FluxbumpError, ForgeError
from fluxbump.forges.forge import Forge, Standing
from fluxbump.git.remote_errors import MovedError, RemoteError, UnreachableError


class ArchivedError(ForgeError):
    """Nobody can change anything in the repository."""


class NoRequestsError(ForgeError):
    """The repository takes no pull requests."""


def require_open(forge: Forge) -> None:
    """Refuse to change anything where nothing can be, before a branch is pushed for nothing.

    Raises:
        ArchivedError: the repository is archived.
        NoRequestsError: it takes no pull requests.
    """
    try:
        found = forge.standing()
    except FluxbumpError:  # then the change itself tells what is wrong
        return
    problem = _problem(forge, found)
    if problem is not None:
        raise problem


def explained(
    error: ForgeError | RemoteError, connect: Callable[[], Forge]
) -> tuple[str, ForgeError | RemoteError | None]:
    """Return why the repository is skipped, or the error with what the forge says of the state.

    Args:
        error: that ended the run.
        connect: returns the forge.

    Returns:
        Why it is skipped, and None; or nothing, and an error of the same kind.
    """
    if isinstance(error, ArchivedError):
        return error.message, None
    if isinstance(error, (MovedError, UnreachableError, NoRequestsError)):
        return "", error
    try:
        problem = _of_the_state(connect())
    except FluxbumpError:  # then the first error has the last word
        return "", error
    if isinstance(problem, ArchivedError):
        return problem.message, None
    kind = ForgeError if isinstance(error, ForgeError) else RemoteError
    return "", kind(problem.message, hint=problem.hint) if problem is not None else error


def _of_the_state(forge: Forge) -> ForgeError | None:
    """Return what the state of a repository, or our rights in it, have against a change."""
    found = forge.standing()
    problem = _problem(forge, found)
    if problem is not None or found.writable is not False:
        return problem
    return ForgeError(
        f"the token can read the repository on {forge.capabilities.name}, but not write to it",
        hint="give its account write access (permissions: docs/forges.md)",
    )


def _problem(forge: Forge, found: Standing) -> ArchivedError | NoRequestsError | None:
    name, noun = forge.capabilities.name, forge.capabilities.noun
    if found.archived:
        return ArchivedError(f"the repository is archived on {name}")
    if found.requests is False:
        hint = f"allow {noun}s in the settings of the repository"
        return NoRequestsError(f"the repository has {noun}s disabled on {name}", hint=hint)
    return None
