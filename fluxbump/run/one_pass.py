"""Makes one attempt to bring remote and forge in line: read their state, plan, and act."""

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
"""The trailer that names the tree of a run's commit. `Tip.marked` says how far it counts."""

_TRAILER = lazy_pattern(rf"^{TRAILER}: (?P<tree>[0-9a-f]{{40,64}})$", re.MULTILINE)


class Branches(Struct, frozen=True):
    """The branches of the remote that may be ours by their name, and those that never are.

    Attributes:
        prefix: the prefix of the names of our branches.
        tips: the ids of the tips of the branches with that prefix, by name.
        main: the branches that are never ours, each with its description: the base, and the default
            branch.
    """

    prefix: str
    tips: Mapping[str, str]
    main: Mapping[str, str]

    def is_main(self, name: str) -> str | None:
        """Describe a branch in `main`; None for any other. Case is ignored, as on some forges."""
        same = (what for main, what in self.main.items() if main.casefold() == name.casefold())
        return next(same, None)


class Wishes(Struct, frozen=True):
    """The aims of a run.

    Attributes:
        policy: the team's settings for pull requests.
        decision: the decision of the policy and the rules.
        ticked: the boxes that people ticked in the dashboard.
    """

    policy: Policy
    decision: Decision
    ticked: frozenset[Ticked] = frozenset()


class Attempt(Struct, frozen=True):
    """The planned actions of an attempt.

    Attributes:
        acting: carries out the actions.
        actions: the actions, in order.
        wishes: the aims of the run.
    """

    acting: Acting
    actions: tuple[Action, ...]
    wishes: Wishes

    @property
    def is_for_one_run(self) -> bool:
        """Whether an action is one that two runs at once would both do."""
        return any(self.left_to_another_run(action) for action in self.actions)

    def left_to_another_run(self, action: Action) -> Leave | None:
        """Return the `Leave` that replaces an action of another run; None for any other action."""
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
    """Read the state of remote and forge, and plan the actions that bring them in line.

    Args:
        world: the remote and the forge to read and to act on.
        offer: the bump that should have an open pull request. None if no release is wanted.
        branches: the branches of the remote that may be ours.
        wishes: the aims of the run.
        done: takes the effects of the actions later, in order.

    Raises:
        ArchivedError: the repository is archived, and there is an action to do.
        NoRequestsError: the repository takes no pull requests, and there is an action to do.
        MovedError: a branch moved while it was read, so the state has to be read again.
        FluxbumpError: the remote or the forge refuses or does not answer.
    """
    policy, decision = wishes.policy, wishes.decision
    seen = _asked_in(_see(world, offer, branches, decision.current, policy), wishes.ticked)
    actions = reconcile.plan_actions(offer.wanted if offer else None, seen, policy)
    if any(not isinstance(action, Leave) for action in actions):
        accepts_pull_requests.require_open(world.forge)
    return Attempt(Acting(world, offer, seen, done), actions, wishes)


def carry_out(attempt: Attempt, *, silent: bool) -> Acting:
    """Carry out the actions of an attempt, and return what was found and done.

    Args:
        attempt: the planned actions.
        silent: whether another run holds the claim, so that this run leaves out the actions that
            both would do.

    Raises:
        MovedError: a branch moved since it was read, so the state has to be read again.
        FluxbumpError: another failure. The actions before it stay.
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
    """Set the commit statuses that differ, and yield a sentence for each that cannot be set."""
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
    """Write the commit of an offer, which no ref holds yet, and return its id."""
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
    """Add the boxes that people ticked in the dashboard to the pull requests."""

    def heard(requests: tuple[KnownRequest, ...]) -> tuple[KnownRequest, ...]:
        return tuple(replace(known, asked=dashboard.applied(known, ticked)) for known in requests)

    return replace(seen, open=heard(seen.open), past=heard(seen.past))


def _of(branch: str, requests: Iterable[KnownRequest]) -> tuple[SavedState, ...]:
    """Return the states that the pull requests of a branch have in their bodies."""
    return tuple(
        known.state for known in requests if known.state and known.request.branch == branch
    )


def _locked(
    world: World, offer: Offer | None, branches: Branches, places: Mapping[str, Tip]
) -> Mapping[str, str]:
    """Map the branches that no run pushes to or deletes to the reason.

    The forge is asked only about branches that could be pushed to or deleted otherwise.
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
    """Note in a tip whether the branch still merges into a base that has moved."""
    if not tip.ours or tip.base == offer.base:
        return tip
    merges = merges_cleanly(world.repository, world.remote, (world.base_branch, offer.branch))
    return replace(tip, conflicted=not merges)


def _holds(world: World, sha: str, commit: CommitText, offer: Offer) -> bool:
    """Whether a commit makes the same changes as an offer, perhaps on an older base.

    A run that ended between its push and its pull request leaves such a commit without a record.
    """
    if (commit.tree, commit.parents) == (offer.tree, (offer.base,)):
        return True
    files = world.repository.snapshot(world.repository.commit(sha), sha)
    paths = frozenset(files.paths())
    return len(commit.parents) == 1 and all(
        (files.read(path) if path in paths else None) == content
        for path, content in offer.inputs.prepared.changes.files.items()
    )
