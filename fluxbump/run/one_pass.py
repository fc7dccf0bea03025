"""One attempt of a run to bring remote and forge in line: look, plan, act."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from fluxbump.config.settings import Policy
from fluxbump.errors import ForgeError
from fluxbump.forges.forge import PullRequest, RequestState
from fluxbump.git.objects import CommitSnapshot, CommitText
from fluxbump.git.remote_errors import MovedError
from fluxbump.git.repository import Repository
from fluxbump.run import accepts_pull_requests, commit_status, reconcile
from fluxbump.run.actions import (
    Action,
    ForgeState,
    KnownRequest,
    Leave,
    Tip,
    left_to_another_run,
)
from fluxbump.run.context import Effect, World
from fluxbump.run.dashboard import body as dashboard
from fluxbump.run.decision import Decision
from fluxbump.run.dry_run import NO_COMMIT
from fluxbump.run.execute import Acting
from fluxbump.run.proposal import Offer
from fluxbump.run.pull_request import boxes
from fluxbump.run.pull_request.boxes import Ticked
from fluxbump.run.pull_request.state import SavedState
from fluxbump.run.updated_branch import is_only_updated, merges_cleanly
from fluxbump.text.patterns import lazy_pattern

TRAILER = "Fluxbump-Tree"
"""Names the tree of a commit that a run made; see `Tip.marked` for what it is worth."""

_TRAILER = lazy_pattern(rf"^{TRAILER}: (?P<tree>[0-9a-f]{{40,64}})$", re.MULTILINE)


class Branches(Struct, frozen=True):
    """The branches of the remote that may be ours by their name, and those that never are.

    Attributes:
        prefix: that their names have.
        tips: each with the commit that it is at.
        main: branches that are not ours whatever they hold, with what they are: the base, and the
            default branch.
    """

    prefix: str
    tips: Mapping[str, str]
    main: Mapping[str, str]

    def is_main(self, name: str) -> str | None:
        """Say what a branch is that is not ours; some forges do not tell case apart."""
        same = (what for main, what in self.main.items() if main.casefold() == name.casefold())
        return next(same, None)


class Wishes(Struct, frozen=True):
    """What a run is to bring about.

    Attributes:
        policy: what may be done.
        decision: of policy and rules.
        ticked: what people ask for in the dashboard.
    """

    policy: Policy
    decision: Decision
    ticked: frozenset[Ticked] = frozenset()


class Attempt(Struct, frozen=True):
    """What an attempt found, and is to do.

    Attributes:
        acting: carries it out.
        actions: in order.
        wishes: that they serve.
    """

    acting: Acting
    actions: tuple[Action, ...]
    wishes: Wishes

    @property
    def is_for_one_run(self) -> bool:
        """Whether it does something that two runs at once would both do."""
        return any(self.left_to_another_run(action) for action in self.actions)

    def left_to_another_run(self, action: Action) -> Leave | None:
        """Return what takes the place of an action that another run does, if it takes one."""
        opens = not self.acting.world.forge.capabilities.refuses_second
        return left_to_another_run(action, opens=opens)


def planned(
    world: World,
    offer: Offer | None,
    branches: Branches,
    wishes: Wishes,
    *,
    done: list[Effect],
) -> Attempt:
    """Look at remote and forge, and plan what brings them in line.

    Args:
        world: to look at and to act on.
        offer: what should be open; None for nothing.
        branches: of ours, at the remote.
        wishes: what is to be brought about.
        done: takes what is done and left, in order.

    Raises:
        ArchivedError: nobody can change anything in the repository.
        NoRequestsError: it takes no pull requests.
        MovedError: somebody was faster; look again.
        FluxbumpError: something else went wrong.
    """
    policy, decision = wishes.policy, wishes.decision
    seen = _asked_in(_see(world, offer, branches, decision.current, policy), wishes.ticked)
    actions = reconcile.plan_actions(offer.wanted if offer else None, seen, policy)
    if any(not isinstance(action, Leave) for action in actions):
        accepts_pull_requests.require_open(world.forge)
    return Attempt(Acting(world, offer, seen, done), actions, wishes)


def carry_out(attempt: Attempt, *, silent: bool) -> Acting:
    """Bring remote and forge in line; return what was found and done.

    Args:
        attempt: says how.
        silent: another run does what two at once would both do.

    Raises:
        MovedError: somebody was faster; look again.
        FluxbumpError: something else went wrong; what was done stays.
    """
    acting, wishes = attempt.acting, attempt.wishes
    for action in attempt.actions:
        other = attempt.left_to_another_run(action) if silent else None
        acting.act(other or action)
    if wishes.policy.commit_status:
        statuses = _set_statuses(acting.world, wishes.decision, acting.requests())
        acting.note_problems(statuses)
    return acting


def _set_statuses(
    world: World, decision: Decision, requests: Iterable[KnownRequest]
) -> Iterator[str]:
    """Set the statuses that are not set yet; yield a sentence for each that cannot be."""
    for known in requests:
        wanted = commit_status.status_of(decision, known)
        head = known.state.head if known.state is not None else NO_COMMIT
        if wanted is None or head == NO_COMMIT or known.request.state is not RequestState.OPEN:
            continue
        try:
            if world.forge.statuses.get(head) != wanted:
                world.publisher.set_status(head, wanted, known.request.url)
        except ForgeError as error:
            yield f"#{known.request.number}: commit status not set: {error.message}"


def commit(repository: Repository, base: CommitSnapshot, offer: Offer | None) -> str:
    """Write the commit of an offer, which no ref holds yet, and return its name."""
    if offer is None:
        raise RuntimeError("nothing is pushed when nothing is offered")
    prepared = offer.inputs.prepared
    message = f"{prepared.message.rstrip()}\n\n{TRAILER}: {offer.tree}\n"
    return repository.write(base, prepared.changes, message, stand_in=True)


# --- looking ----------------------------------------------------------------------------------


def _see(
    world: World, offer: Offer | None, branches: Branches, current: str | None, policy: Policy
) -> ForgeState:
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
    places = {
        branch: _tip(world, branch, sha, _of(branch, (*opened, *past)), offer)
        for branch, sha in tips.items()
    }
    if offer is not None and offer.branch in places and policy.rebase_when == "conflicted":
        places[offer.branch] = _compared(world, offer, places[offer.branch])
    return ForgeState(
        opened,
        past,
        places,
        current,
        _locked(world, offer, branches, places),
        world.forge.capabilities.closed_can_change,
    )


def _asked_in(seen: ForgeState, ticked: frozenset[Ticked]) -> ForgeState:
    """Add what people ask for in the dashboard."""

    def heard(requests: tuple[KnownRequest, ...]) -> tuple[KnownRequest, ...]:
        return tuple(replace(known, asked=dashboard.applied(known, ticked)) for known in requests)

    return replace(seen, open=heard(seen.open), past=heard(seen.past))


def _of(branch: str, requests: Iterable[KnownRequest]) -> tuple[SavedState, ...]:
    """Return what the pull requests of a branch say of themselves."""
    return tuple(
        known.state for known in requests if known.state and known.request.branch == branch
    )


def _locked(
    world: World, offer: Offer | None, branches: Branches, places: Mapping[str, Tip]
) -> Mapping[str, str]:
    """Say which branches are left alone whatever they hold, and why.

    The forge is asked about those alone that would be pushed to or deleted otherwise.
    """
    found = {}
    for branch in {*places, *([offer.branch] if offer is not None else [])}:
        main = branches.is_main(branch)
        if main is not None:
            found[branch] = main
        elif branch in places and places[branch].ours and world.forge.protects(branch):
            found[branch] = f"protected on {world.forge.capabilities.name}"
    return found


def _known(request: PullRequest) -> KnownRequest:
    state = SavedState.parse(request.body)
    # A box with a release belongs to another text of ours.
    ticked = {box.box for box in boxes.asked(request.body) if not box.release}
    return KnownRequest(request, state, frozenset(ticked) if state is not None else frozenset())


def _tip(
    world: World, branch: str, sha: str, states: tuple[SavedState, ...], offer: Offer | None
) -> Tip:
    told = next((state for state in states if state.head == sha), None)
    if told is not None:
        return Tip(sha, ours=True, tree=told.tree, base=told.base)
    if world.remote.fetch(branch) != sha:
        raise MovedError(f"the branch {branch} moved meanwhile", hint="run again")
    commit = world.repository.described(sha)
    named = _TRAILER.search(commit.message)
    marked = named is not None and named["tree"] == commit.tree
    recorded = any(state.records(sha) for state in states) or is_only_updated(
        world.repository, world.remote, (world.base_branch, branch), states
    )
    wanted = marked and offer is not None and branch == offer.branch
    ours = recorded or (wanted and offer is not None and _holds(world, sha, commit, offer))
    return Tip(sha, ours, commit.tree, commit.parents[0] if commit.parents else "", marked)


def _compared(world: World, offer: Offer, tip: Tip) -> Tip:
    """Look whether a branch still merges into a base that moved."""
    if not tip.ours or tip.base == offer.base:
        return tip
    merges = merges_cleanly(world.repository, world.remote, (world.base_branch, offer.branch))
    return replace(tip, conflicted=not merges)


def _holds(world: World, sha: str, commit: CommitText, offer: Offer) -> bool:
    """Whether a commit changes what an offer does, perhaps from an older base.

    A run that ended between its push and the pull request has left such a commit, and no record.
    """
    if (commit.tree, commit.parents) == (offer.tree, (offer.base,)):
        return True
    files = world.repository.snapshot(world.repository.commit(sha), sha)
    paths = frozenset(files.paths())
    return len(commit.parents) == 1 and all(
        (files.read(path) if path in paths else None) == content
        for path, content in offer.inputs.prepared.changes.files.items()
    )
