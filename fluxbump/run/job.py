"""The journey of a scheduled run: decide, compare with the forge, act.

Nothing is kept between runs but what the remote and the forge hold. A run that ends anywhere leaves
something that the next one recognises and finishes.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial

from msgspec import Struct

from fluxbump.bump import bump
from fluxbump.bump.plan import Options
from fluxbump.bump.prepared import Prepared, Request
from fluxbump.check.starting_point import Looked, look
from fluxbump.config.settings import branch_prefix
from fluxbump.errors import FluxbumpError, ForgeError, HalfBumpError
from fluxbump.forges.forge import Forge, PullRequest
from fluxbump.git.remote_errors import MovedError, RemoteError
from fluxbump.model import Pin
from fluxbump.run import dashboard, dashboard_issue, next_release, standing
from fluxbump.run.dashboard import DashboardInputs
from fluxbump.run.dashboard_issue import Board
from fluxbump.run.decision import (
    Blocked,
    Decision,
    Empty,
    Outcome,
    Update,
    blocked_by,
    describe,
    outcome,
)
from fluxbump.run.dry_run import DryRun, Sent
from fluxbump.run.execute import Acting, Effect, Log, World
from fluxbump.run.one_pass import Branches, Wishes, attempt, commit
from fluxbump.run.proposal import Offer
from fluxbump.run.pull_request.boxes import Box
from fluxbump.run.pull_request.section import BodyInputs
from fluxbump.run.remote_and_forge import LivePublisher
from fluxbump.run.setup import Place
from fluxbump.system.background import beside

_ATTEMPTS = 3
"""How often a run looks when others are faster."""


class Report(Struct, frozen=True):
    """What a run came to.

    Attributes:
        outcome: in a word.
        decision: what policy and rules say.
        prepared: the bump that is proposed, or that its checks refuse; None when there is none.
        done: what was done and left, in order.
        sent: what would be pushed and sent; empty when it was not a dry run.
        request: the pull request of the offer, as far as there is one.
        error: what ended the run; None when it came to its end.
        skipped: why the forge takes no change; empty when it takes one.
    """

    outcome: Outcome
    decision: Decision
    prepared: Prepared | None = None
    done: tuple[Effect, ...] = ()
    sent: tuple[Sent, ...] = ()
    request: PullRequest | None = None
    error: FluxbumpError | None = None
    skipped: str = ""

    @property
    def published(self) -> datetime | None:
        """When the newest safe release was published that the repository does not have yet."""
        return self.decision.published if isinstance(self.decision, Update) else None

    @property
    def summary(self) -> str:
        """The outcome in a sentence."""
        if self.skipped:
            return f"{describe(self.decision)}; skipped: {self.skipped}"
        return describe(self.decision)


def empty(why: str) -> Report:
    """Return the report of a repository without a commit; `why` is one sentence."""
    decision = Empty(why)
    return Report(outcome(decision), decision)


def run(place: Place, now: datetime, log: Log, *, dry_run: bool = False) -> Report:
    """Bring the pull requests of a repository to what its policy says.

    Args:
        place: where.
        now: the moment, aware.
        log: takes what happens.
        dry_run: write down what would be pushed and sent, and do nothing.

    Returns:
        What was done, with the error if remote or forge ended the run. What was done before stays,
        and the next run goes on from there.

    Raises:
        FluxbumpError: nothing was done: nothing could be decided, or the configuration is wrong.
    """
    looked = look(place.session)
    decision = next_release.decide(
        looked.before,
        looked.index,
        place.settings.run,
        now,
        looked.suppressed,
        tagged=looked.tagged(strict=True),  # one that is missing would close its pull request
    )
    log("decided", describe(decision))
    tried, prepared = _tried(place, looked, decision)
    offered = prepared if isinstance(tried, Update) else None
    if isinstance(tried, Blocked) and tried is not decision:
        log("blocked", tried.reason)
    decision = tried
    recorder = DryRun() if dry_run else None
    # Whatever is decided, what was merged or reached by other ways is tidied up.
    done: list[Effect] = []
    request, error, skipped = None, None, ""
    try:
        pins = looked.inventory.pins
        request = _until_still(place, decision, offered, pins, log, recorder=recorder, done=done)
    except (ForgeError, RemoteError) as failure:
        skipped, error = standing.explained(failure, place.forge)
    return Report(
        Outcome.SKIPPED if skipped else outcome(decision),
        decision,
        prepared,
        tuple(done),
        tuple(recorder.sent) if recorder else (),
        request,
        error,
        skipped,
    )


def _tried(place: Place, looked: Looked, decision: Decision) -> tuple[Decision, Prepared | None]:
    """Make the bump that was decided, and tell what is decided when that is known."""
    if not isinstance(decision, Update):
        return decision, None
    try:
        prepared = _prepared(place, looked, decision)
    except HalfBumpError as error:
        return blocked_by(error, decision), None
    return decision if prepared.passed else _refused(decision, prepared), prepared


def _prepared(place: Place, looked: Looked, decision: Update) -> Prepared:
    chart = decision.chart
    request = Request(
        target=decision.release,
        chart_version=str(chart.version) if chart.version else None,
        options=Options(level=place.settings.bump, leave=place.leave),
        mentions=place.settings.mentions,
    )
    return bump.prepare(place.session, looked, request)


def _refused(decision: Decision, prepared: Prepared) -> Blocked:
    """The whole gate sees more than the safety rules by which policy decided."""
    first = prepared.refusals[0]
    return Blocked(
        decision.current,
        str(prepared.plan.release),
        tuple(dict.fromkeys(finding.code for finding in prepared.refusals)),
        f"the result fails its checks: {first.location}: {first.code} {first.message}",
        prepared.refusals,
        decision.skipped,
    )


def _until_still(
    place: Place,
    decision: Decision,
    prepared: Prepared | None,
    pins: tuple[Pin, ...],
    log: Log,
    *,
    recorder: DryRun | None,
    done: list[Effect],
) -> PullRequest | None:
    """Look and act until nobody was faster; note in `done` what was done, also before an error."""
    prefix = branch_prefix(place.settings.branch)
    for tried in range(1, _ATTEMPTS + 1):
        with beside(partial(place.remote.branches, prefix)) as listed:
            if prepared is not None:
                place.forge()  # which imports all that talks to it, while the remote answers
            tips = listed()
        if prepared is None and not tips and not place.settings.run.dashboard:
            break  # the usual case: the forge is not even asked
        forge = place.forge()
        offer = _offer(place, decision, prepared, forge)
        make = partial(commit, place.repository, place.base, offer)
        live = LivePublisher(place.remote, forge, make)
        world = World(
            place.repository,
            place.remote,
            forge,
            recorder or live,
            place.notes,
            log,
            place.base_branch,
        )
        try:
            ours = Branches(prefix, tips, _main(place))
            board = dashboard_issue.read(forge) if place.settings.run.dashboard else Board()
            asked = Wishes(place.settings.run, decision, board.ticked)
            acting = attempt(world, offer, ours, asked, done=done)
        except MovedError as error:
            if tried == _ATTEMPTS:
                raise
            log("again", f"{error.message}: trying again")
            done[:] = [effect for effect in done if effect.event != "left"]  # it is said again
        else:
            _write_dashboard(decision, pins, board, acting)
            return acting.request
    return None


def _write_dashboard(
    decision: Decision, pins: tuple[Pin, ...], board: Board, acting: Acting
) -> None:
    """Bring the dashboard up to date; what goes wrong there fails no run."""
    if board.problem:
        acting.note_problems((board.problem,))
    if not board.wanted:
        return
    inputs = DashboardInputs(
        decision,
        pins,
        acting.requests(),
        acting.seen.past,
        tuple(acting.problems),
        frozenset(box.release for box in board.ticked if box.box is Box.HOLD),
    )
    try:
        acting.note_dashboard(
            *dashboard_issue.write(board, acting.world.publisher, dashboard.body(inputs))
        )
    except ForgeError as error:
        acting.note_problems((f"no dashboard: {error.message}",))


def _release_page(repository: str, release: str) -> str:
    """Return the address of a release's page, as GitHub has it; empty if there is none."""
    if not repository.startswith("https://"):
        return ""
    return f"{repository.removesuffix('.git').rstrip('/')}/releases/tag/v{release}"


def _main(place: Place) -> dict[str, str]:
    """Return the branches that no run pushes to nor deletes, with what they are."""
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
