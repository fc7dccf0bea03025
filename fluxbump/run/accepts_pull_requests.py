"""Whether a repository takes pull requests: asked before anything is pushed or advised.

What the forge says of rights explains a refusal afterwards, and refuses nothing before: some forges
tell of the account, and not of its token.
"""

from __future__ import annotations

from collections.abc import Callable

from fluxbump.errors import FluxbumpError, ForgeError
from fluxbump.forges.forge import Forge, Standing
from fluxbump.git.remote_errors import AccessError, MovedError, RemoteError, UnreachableError


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
        problem = _of_the_state(connect(), refused=isinstance(error, AccessError))
    except FluxbumpError:  # then the first error has the last word
        return "", error
    if isinstance(problem, ArchivedError):
        return problem.message, None
    kind = ForgeError if isinstance(error, ForgeError) else RemoteError
    return "", kind(problem.message, hint=problem.hint) if problem is not None else error


def _of_the_state(forge: Forge, *, refused: bool) -> ForgeError | None:
    """Return what the state of a repository, or our rights in it, have against a change.

    Args:
        forge: to ask.
        refused: git's server did not accept what the token was used for.
    """
    found, name = forge.standing(), forge.capabilities.name
    problem = _problem(forge, found)
    if problem is not None:
        return problem
    if found.empty:  # git has read its base branch by then
        return ForgeError(
            f"{name} says that the repository is empty, though its branches have commits",
            hint="if its first push was a moment ago, run again in a minute",
        )
    if found.writable is False:
        return ForgeError(
            f"the token can read the repository on {name}, but not write to it",
            hint="give its account write access (permissions: docs/forges.md)",
        )
    if found.writable and refused:
        return ForgeError(
            f"{name} refused the token, but its account may write to the repository",
            hint="give the token itself the right to write (permissions: docs/forges.md)",
        )
    return None


def _problem(forge: Forge, found: Standing) -> ArchivedError | NoRequestsError | None:
    name, noun = forge.capabilities.name, forge.capabilities.noun
    if found.archived:
        return ArchivedError(f"the repository is archived on {name}")
    if found.requests is False:
        hint = f"allow {noun}s in the settings of the repository"
        return NoRequestsError(f"the repository has {noun}s disabled on {name}", hint=hint)
    return None
