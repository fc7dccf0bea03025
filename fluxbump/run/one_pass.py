"""One attempt of a run to bring remote and forge in line: look, plan, act."""

from __future__ import annotations

import re
from collections.abc import Mapping

from msgspec import Struct

from fluxbump.config.settings import Policy
from fluxbump.forges.forge import PullRequest, RequestState
from fluxbump.git.objects import CommitSnapshot
from fluxbump.git.remote_errors import MovedError
from fluxbump.git.repository import Repository
from fluxbump.run import reconcile
from fluxbump.run.actions import ForgeState, KnownRequest, Tip
from fluxbump.run.execute import Acting, Effect, World
from fluxbump.run.proposal import Offer
from fluxbump.run.pull_request.state import SavedState

TRAILER = "Fluxbump-Tree"
"""Names the tree of a commit that a run made, so that a later run knows the commit as its own."""

_TRAILER = re.compile(rf"^{TRAILER}: (?P<tree>[0-9a-f]{{40,64}})$", re.MULTILINE)


class PassResult(Struct, frozen=True):
    """What an attempt came to.

    Attributes:
        done: what was done and left, in order.
        request: the pull request of the offer; None when there is none.
    """

    done: tuple[Effect, ...]
    request: PullRequest | None


class Branches(Struct, frozen=True):
    """The branches of the remote that are ours by their name.

    Attributes:
        prefix: that their names have.
        tips: each with the commit that it is at.
    """

    prefix: str
    tips: Mapping[str, str]


def attempt(
    world: World,
    offer: Offer | None,
    branches: Branches,
    policy: Policy,
    current: str | None,
) -> PassResult:
    """Bring remote and forge in line, as far as that takes anything.

    Args:
        world: to look at and to act on.
        offer: what should be open; None for nothing.
        branches: of ours, at the remote.
        policy: what may be done.
        current: the release that the base holds; None when it does not say.

    Raises:
        MovedError: somebody was faster; look again.
        FluxbumpError: something else went wrong; what was done stays.
    """
    seen = _see(world, offer, branches, current)
    wanted = offer.wanted if offer else None
    acting = Acting(world, offer, seen)
    for action in reconcile.plan_actions(wanted, seen, policy):
        acting.act(action)
    return PassResult(tuple(acting.done), acting.request)


def commit(repository: Repository, base: CommitSnapshot, offer: Offer | None) -> str:
    """Write the commit of an offer, which no ref holds yet, and return its name."""
    if offer is None:
        raise RuntimeError("nothing is pushed when nothing is offered")
    prepared = offer.inputs.prepared
    message = f"{prepared.message.rstrip()}\n\n{TRAILER}: {offer.tree}\n"
    return repository.write(base, prepared.changes, message, stand_in=True)


# --- looking ----------------------------------------------------------------------------------


def _see(world: World, offer: Offer | None, branches: Branches, current: str | None) -> ForgeState:
    tips = branches.tips
    listed = tuple(_known(request) for request in world.forge.list(branches.prefix))
    asked = set(tips) - {known.request.branch for known in listed}
    if offer is not None:
        asked.add(offer.branch)
    found = [_known(request) for branch in sorted(asked) for request in world.forge.find(branch)]
    # A forge may show in one answer what it does not list yet in another.
    numbers = {known.request.number for known in listed}
    open_ = [known for known in found if known.request.state is RequestState.OPEN]
    opened = (*listed, *(known for known in open_ if known.request.number not in numbers))
    past = tuple(known for known in found if known.request.state is not RequestState.OPEN)
    states = {
        known.request.branch: known.state for known in (*reversed(past), *opened) if known.state
    }
    places = {branch: _tip(world, branch, sha, states) for branch, sha in tips.items()}
    return ForgeState(opened, past, places, current)


def _known(request: PullRequest) -> KnownRequest:
    return KnownRequest(request, SavedState.parse(request.body))


def _tip(world: World, branch: str, sha: str, states: Mapping[str, SavedState]) -> Tip:
    known = states.get(branch)
    if known is not None and known.head == sha:
        return Tip(sha, ours=True, tree=known.tree, base=known.base)
    if world.remote.fetch(branch) != sha:
        raise MovedError(f"the branch {branch} moved meanwhile", hint="run again")
    commit = world.repository.described(sha)
    named = _TRAILER.search(commit.message)
    ours = named is not None and named["tree"] == commit.tree
    return Tip(sha, ours, commit.tree, commit.parents[0] if commit.parents else "")
