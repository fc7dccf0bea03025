"""Checks whether a repository takes pull requests, before anything is pushed or advised.

The rights that the forge reports only explain a refusal afterwards. They refuse nothing before,
because some forges report the rights of the account, and not those of its token.
"""

from __future__ import annotations

from collections.abc import Callable

from fluxbump.errors import FluxbumpError, ForgeError
from fluxbump.forges.forge import Forge, Standing
from fluxbump.git.remote_errors import AccessError, MovedError, RemoteError, UnreachableError


class ArchivedError(ForgeError):
    """The repository is archived, so it takes no changes."""


class NoRequestsError(ForgeError):
    """The repository has pull requests disabled."""


def require_open(forge: Forge) -> None:
    """Refuse a repository that takes no pull requests, before a branch is pushed for nothing.

    If the forge does not tell, this refuses nothing.

    Raises:
        ArchivedError: the repository is archived.
        NoRequestsError: the repository has pull requests disabled.
    """
    try:
        found = forge.standing()
    except FluxbumpError:  # the change itself will fail with the reason
        return
    problem = _problem(forge, found)
    if problem is not None:
        raise problem


def explained(
    error: ForgeError | RemoteError, connect: Callable[[], Forge]
) -> tuple[str, ForgeError | RemoteError | None]:
    """Explain the error that ended a run by the state of the repository on the forge.

    Args:
        error: the error that ended the run.
        connect: returns the forge.

    Returns:
        The reason to skip the repository and None, if it is archived. Otherwise an empty text and
        an error of the same kind, with the explanation if the forge gives one.
    """
    if isinstance(error, ArchivedError):
        return error.message, None
    if isinstance(error, (MovedError, UnreachableError, NoRequestsError)):
        return "", error
    try:
        problem = _of_the_state(connect(), refused=isinstance(error, AccessError))
    except FluxbumpError:  # no explanation, so the first error stays
        return "", error
    if isinstance(problem, ArchivedError):
        return problem.message, None
    kind = ForgeError if isinstance(error, ForgeError) else RemoteError
    return "", kind(problem.message, hint=problem.hint) if problem is not None else error


def _of_the_state(forge: Forge, *, refused: bool) -> ForgeError | None:
    """Return the error that explains why a change failed; None if the forge shows no reason.

    Args:
        forge: the forge to ask about the repository and the rights of the token.
        refused: whether git's server refused the token.
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
