"""Why remote or forge refused a run: asked of the forge once, before anything is advised."""

from __future__ import annotations

from collections.abc import Callable

from fluxbump.errors import FluxbumpError, ForgeError
from fluxbump.forges.forge import Forge
from fluxbump.git.remote_errors import MovedError, RemoteError, UnreachableError


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
    if isinstance(error, (MovedError, UnreachableError)):
        return "", error
    try:
        forge = connect()
        found = forge.standing()
    except FluxbumpError:  # then the first error has the last word
        return "", error
    kind = ForgeError if isinstance(error, ForgeError) else RemoteError
    name, noun = forge.capabilities.name, forge.capabilities.noun
    if found.archived:
        return f"the repository is archived on {name}", None
    if found.requests is False:
        hint = f"allow {noun}s in the settings of the repository"
        return "", kind(f"the repository has {noun}s disabled on {name}", hint=hint)
    if found.writable is False:
        hint = "give its account the right to write; docs/forges.md has the rights"
        return "", kind(f"the token may read the repository on {name}, not write", hint=hint)
    return "", error
