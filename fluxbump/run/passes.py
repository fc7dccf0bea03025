"""Repeats attempts to bring remote and forge in line, until no other run interferes."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial

from msgspec import Struct

from fluxbump.bump.prepared_bump import Prepared
from fluxbump.config.settings import branch_prefix
from fluxbump.errors import ForgeError
from fluxbump.forges.forge import Forge, PullRequest
from fluxbump.git.remote_errors import MovedError
from fluxbump.model import Pin
from fluxbump.run import concurrent_runs, one_pass
from fluxbump.run.context import Effect, Log, World
from fluxbump.run.dashboard import body as dashboard
from fluxbump.run.dashboard import issue as dashboard_issue
from fluxbump.run.dashboard.body import DashboardInputs
from fluxbump.run.dashboard.issue import Board
from fluxbump.run.decision import Decision, Update
from fluxbump.run.dry_run import DryRun
from fluxbump.run.execute import Acting
from fluxbump.run.one_pass import Attempt, Branches, Wishes, commit
from fluxbump.run.proposal import Offer
from fluxbump.run.pull_request.body_parts import BodyInputs
from fluxbump.run.pull_request.boxes import Box
from fluxbump.run.remote_and_forge import LivePublisher
from fluxbump.run.setup import Place
from fluxbump.system.background_thread import beside

_ATTEMPTS = 3
"""The number of attempts of a run if branches move meanwhile."""


class Task(Struct, frozen=True):
    """The task of a run: the decision to carry out, and the place.

    Attributes:
        place: the repository, its remote and its forge.
        decision: the decision of the policy and the rules.
        prepared: the bump that should have an open pull request. None if there is none.
        pins: the pins of the base, for the dashboard.
        log: takes the events of the run.
        recorder: records the changes of a dry run. None makes the changes.
        done: takes the effects, in order, also if the run fails.
    """

    place: Place
    decision: Decision
    prepared: Prepared | None
    pins: tuple[Pin, ...]
    log: Log
    recorder: DryRun | None
    done: list[Effect]


class _Looked(Struct, frozen=True):
    """The state of remote and forge after a read.

    Attributes:
        attempt: the planned actions.
        board: the dashboard issue.
    """

    attempt: Attempt
    board: Board

    @property
    def is_for_one_run(self) -> bool:
        """Whether there is an action that two runs at once would both do, such as open an issue."""
        return self.attempt.is_for_one_run or self.board.is_missing


def until_still(task: Task) -> PullRequest | None:
    """Read the state and act, until no branch moves meanwhile, at most `_ATTEMPTS` times.

    Returns:
        The pull request of the bump. None if there is none.

    Raises:
        FluxbumpError: the remote or the forge refuses or does not answer. The actions before it
            stay, and are in `done`.
    """
    place, acts_alone = task.place, True
    prefix = branch_prefix(place.settings.branch)
    with ExitStack() as claims:
        claimed = task.recorder is not None
        for tried in range(1, _ATTEMPTS + 1):
            with beside(partial(place.remote.branches, prefix)) as listed:
                if task.prepared is not None:
                    place.forge()  # which imports all that talks to it, while the remote answers
                tips = listed()
            if task.prepared is None and not tips and not place.settings.run.dashboard:
                break  # the usual case: the forge is not even asked
            branches = Branches(prefix, tips, _main(place))
            try:
                looked = _look(task, branches)
                if looked.is_for_one_run and not claimed:
                    held = concurrent_runs.held(place.remote, place.repository, place.base)
                    acts_alone, claimed = claims.enter_context(held), True
                    # Another run may have pushed and answered meanwhile.
                    branches = Branches(prefix, place.remote.branches(prefix), branches.main)
                    looked = _look(task, branches)
                acting = one_pass.carry_out(looked.attempt, silent=not acts_alone)
            except MovedError as error:
                if tried == _ATTEMPTS:
                    raise
                task.log("again", f"{error.message}: trying again")
                # The next attempt notes these effects again.
                task.done[:] = [effect for effect in task.done if effect.event != "left"]
            else:
                _write_dashboard(task, looked.board, acting, silent=not acts_alone)
                return acting.request
    return None


def _look(task: Task, branches: Branches) -> _Looked:
    place = task.place
    forge = place.forge()
    offer = _offer(place, task.decision, task.prepared, forge)
    live = LivePublisher(place.remote, forge, partial(commit, place.repository, place.base, offer))
    world = World(
        place.repository,
        place.remote,
        forge,
        task.recorder or live,
        place.notes,
        task.log,
        place.base_branch,
    )
    board = dashboard_issue.read(forge) if place.settings.run.dashboard else Board()
    wishes = Wishes(place.settings.run, task.decision, board.ticked)
    return _Looked(one_pass.planned(world, offer, branches, wishes, done=task.done), board)


def _write_dashboard(task: Task, board: Board, acting: Acting, *, silent: bool) -> None:
    """Bring the dashboard up to date. A failure there is a problem, and does not fail the run."""
    if board.problem:
        acting.note_problems((board.problem,))
    if not board.wanted or (silent and board.is_missing):
        return
    inputs = DashboardInputs(
        task.decision,
        task.pins,
        acting.requests(),
        acting.seen.past,
        tuple(acting.problems),
        frozenset(box.release for box in board.ticked if box.box is Box.HOLD),
        board.ticked - acting.answered,
    )
    try:
        acting.note_dashboard(
            *dashboard_issue.write(board, acting.world.publisher, dashboard.body(inputs))
        )
    except ForgeError as error:
        acting.note_problems((f"no dashboard: {error.message}",))


def _release_page(repository: str, release: str) -> str:
    """Return the URL of a release's page in GitHub's form. Empty if the repository is not https."""
    if not repository.startswith("https://"):
        return ""
    return f"{repository.removesuffix('.git').rstrip('/')}/releases/tag/v{release}"


def _main(place: Place) -> dict[str, str]:
    """Map the branches that no run pushes to or deletes to their descriptions."""
    return {place.default_branch: "the default branch", place.base_branch: "the base branch"}


def _offer(
    place: Place, decision: Decision, prepared: Prepared | None, forge: Forge
) -> Offer | None:
    if prepared is None or not isinstance(decision, Update):
        return None
    inputs = BodyInputs(
        prepared,
        place.base_branch,
        way=decision.way,
        skipped=decision.skipped,
        remote=place.remote_name,
        release_page=partial(_release_page, place.settings.flux_repository),
    )
    return Offer(decision, inputs, place.settings.run, forge.capabilities)
