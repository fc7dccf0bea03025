"""What the adapters share when they connect, open and close: patience, and what may fail."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

import httpx

from fluxbump.errors import ForgeError
from fluxbump.forges.client import Client
from fluxbump.forges.forge import Capabilities, Forge, Proposal, PullRequest, RequestState
from fluxbump.forges.responses import StatusError, UncertainError, one_line

_LOOKS = 4
"""How often something is looked at that must come: listings lag behind."""


def segments(
    forge: str, repository: str, form: str, *, deeper: bool = False, noun: str = "repository"
) -> list[str]:
    """Return the names in the path of a repository.

    Args:
        forge: its name, for people.
        repository: the path.
        form: that it has, such as `OWNER/NAME`.
        deeper: it may have more names than that.
        noun: what the forge calls a repository.

    Raises:
        ForgeError: it has another form.
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
    """Close what may be closed already, which each forge refuses in its own way.

    Args:
        close: does it.
        state: asks the forge what became of the pull request.

    Raises:
        StatusError: the forge refuses to close one that is open.
    """
    try:
        close()
    except StatusError as error:
        if state() is RequestState.OPEN:
            raise error from None


def soft(what: str, act: Callable[[], str | None]) -> list[str]:
    """Do what may fail; return a sentence when it does.

    Args:
        what: is to be set.
        act: sets it; returns what is wrong, or None.
    """
    try:
        problem = act()
    except ForgeError as error:
        problem = error.message
    return [f"{what} not set: {problem}"] if problem else []


def soft_each(what: str, names: Iterable[str], act: Callable[[str], str | None]) -> list[str]:
    """Do for each name what may fail; return a sentence for each that does.

    Args:
        what: a name is the name of.
        names: to be set.
        act: sets one; returns what is wrong, or None.
    """
    return [note for name in names for note in soft(f"{what} {name}", partial(act, name))]


def told(ask: Callable[[], bool]) -> bool | None:
    """Ask a forge what a token need not be allowed to ask; None if it may not, or of nothing.

    Raises:
        ForgeError: the forge failed otherwise.
    """
    try:
        return ask()
    except StatusError as error:
        if error.status in (httpx.codes.FORBIDDEN, httpx.codes.NOT_FOUND):
            return None
        raise


def lacking(can: Capabilities, proposal: Proposal) -> list[str]:
    """Return a sentence for each thing that is wanted and that a forge has not."""
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
    """Return the pull request among `pulls` that a proposal would be a second one of, or None.

    Of several it is the oldest, which is the one that stays.
    """
    wanted = (proposal.branch, proposal.base, RequestState.OPEN)
    there = (pull for pull in pulls if (pull.branch, pull.base, pull.state) == wanted)
    return min(there, key=lambda pull: pull.number, default=None)


def settled(forge: Forge, client: Client, proposal: Proposal, error: ForgeError) -> PullRequest:
    """Return the open pull request that must be there, though listings may not show it yet.

    Args:
        forge: to look at.
        client: whose patience it takes.
        proposal: what was to be opened.
        error: why we know that it is there, or may be.

    Raises:
        ForgeError: `error`, when it does not come to light.
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
    """Open a pull request, or find the one that is there.

    Args:
        forge: to look at, if it is not clear what has become of the request.
        client: whose patience it takes.
        proposal: what to open.
        create: opens it.
        there_already: tells whether the forge has refused because the branch has one already.

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
    """Whether a forge has refused because there is such a thing already."""
    return error.status == httpx.codes.CONFLICT


def when_ready(client: Client, act: Callable[[], None]) -> None:
    """Do what a forge answers with 405 as long as it still looks at a new pull request.

    Raises:
        ForgeError: it does so for too long, or refuses it otherwise.
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
