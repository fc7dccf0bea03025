"""Helpers of the adapters to open and close pull requests, with retries and tolerated errors."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

import httpx

from fluxbump.errors import ForgeError
from fluxbump.forges.client import Client
from fluxbump.forges.forge import Capabilities, Forge, Proposal, PullRequest, RequestState
from fluxbump.forges.responses import StatusError, UncertainError, one_line

_LOOKS = 4
"""How often a result is checked that must appear, because listings lag behind."""


def segments(
    forge: str, repository: str, form: str, *, deeper: bool = False, noun: str = "repository"
) -> list[str]:
    """Return the names in the path of a repository.

    Args:
        forge: the forge's name for messages.
        repository: the repository's path.
        form: the form of a path, such as `OWNER/NAME`.
        deeper: whether a path may have more names than the form.
        noun: the forge's word for a repository.
    """
    found, least = repository.split("/"), len(form.split("/"))
    if "" in found or len(found) < least or (len(found) > least and not deeper):
        raise ForgeError(
            f"{forge}: {one_line(repository)!r} is not the path of a {noun}",
            facts=[f"a path has the form {form}"],
            hint="check that this is the forge of the remote",
        )
    return found


def ended(close: Callable[[], object], state: Callable[[], RequestState]) -> None:
    """Close a pull request that may be closed already, which forges refuse in different ways.

    Args:
        close: closes it.
        state: asks the forge for its state.

    Raises:
        StatusError: the forge refuses to close one that is open.
    """
    try:
        close()
    except StatusError as error:
        if state() is RequestState.OPEN:
            raise error from None


def soft(what: str, act: Callable[[], str | None]) -> list[str]:
    """Set something that may fail, and return a sentence if it does.

    Args:
        what: the name of the thing to set.
        act: sets it, and returns the problem or None.
    """
    try:
        problem = act()
    except ForgeError as error:
        problem = error.message
    return [f"{what} not set: {problem}"] if problem else []


def soft_each(what: str, names: Iterable[str], act: Callable[[str], str | None]) -> list[str]:
    """Set several names that may fail, and return a sentence for each failure.

    Args:
        what: the kind of the names, such as `label`.
        names: the names to set.
        act: sets one name, and returns the problem or None.
    """
    return [note for name in names for note in soft(f"{what} {name}", partial(act, name))]


def told(ask: Callable[[], bool]) -> bool | None:
    """Ask a forge a question; None if the token may not ask, or the subject does not exist.

    Raises:
        ForgeError: the forge failed for another reason.
    """
    try:
        return ask()
    except StatusError as error:
        if error.status in (httpx.codes.FORBIDDEN, httpx.codes.NOT_FOUND):
            return None
        raise


def lacking(can: Capabilities, proposal: Proposal) -> list[str]:
    """Return a sentence for each wanted feature that a forge lacks."""
    asked = {
        "labels": (can.labels, proposal.labels),
        "assignees": (can.assignees, proposal.assignees),
        "auto-merge": (can.auto_merge, proposal.auto_merge),
    }
    return [
        f"{what} not set: a {can.noun} of {can.name} has no such thing"
        for what, (able, wanted) in asked.items()
        if wanted and not able
    ]


def already_open(pulls: tuple[PullRequest, ...], proposal: Proposal) -> PullRequest | None:
    """Return the open pull request with the branches of a proposal; None if there is none.

    Of several it is the oldest, which is the one that stays.
    """
    wanted = (proposal.branch, proposal.base, RequestState.OPEN)
    there = (pull for pull in pulls if (pull.branch, pull.base, pull.state) == wanted)
    return min(there, key=lambda pull: pull.number, default=None)


def settled(forge: Forge, client: Client, proposal: Proposal, error: ForgeError) -> PullRequest:
    """Return the open pull request that must be there, though listings may not show it yet.

    Args:
        forge: the forge to ask.
        client: the client, whose patience is used.
        proposal: the pull request to find.
        error: the error by which it exists, or may exist.
    """
    for attempt in range(1, _LOOKS + 1):
        # The listing without a branch is kept apart from the one with it, so it comes last.
        listing = forge.find if attempt < _LOOKS else forge.list
        pull = already_open(listing(proposal.branch), proposal)
        if pull:
            return pull
        if attempt < _LOOKS:
            client.sleep(client.patience.before(attempt))
    raise error


def opened(
    forge: Forge,
    client: Client,
    proposal: Proposal,
    create: Callable[[], PullRequest],
    *,
    there_already: Callable[[StatusError], bool],
) -> tuple[PullRequest, bool]:
    """Open a pull request, or find the one that exists.

    Args:
        forge: the forge to ask if the result of the request is not clear.
        client: the client, whose patience is used.
        proposal: the pull request to open.
        create: opens it.
        there_already: whether the forge has refused because the branch has one already.

    Returns:
        The pull request, and whether it is new, as far as we know.

    Raises:
        ForgeError: the forge refuses it otherwise, or it does not come to light.
    """
    try:
        return create(), True
    except StatusError as error:
        if not there_already(error):
            raise
        return settled(forge, client, proposal, error), False
    except UncertainError as error:
        return settled(forge, client, proposal, error), True


def is_conflict(error: StatusError) -> bool:
    """Whether a forge has refused because the thing to create exists already."""
    return error.status == httpx.codes.CONFLICT


def when_ready(client: Client, act: Callable[[], None]) -> None:
    """Retry an action that a forge refuses with 405 while it still checks a new pull request.

    Raises:
        ForgeError: the forge does so for too long, or refuses for another reason.
    """
    for attempt in range(1, _LOOKS):
        try:
            act()
        except StatusError as error:
            if error.status != httpx.codes.METHOD_NOT_ALLOWED:
                raise
        else:
            return
        client.sleep(client.patience.before(attempt))
    act()
