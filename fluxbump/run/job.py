"""The journey of a scheduled run: decide, compare with the forge, act.

Nothing is kept between runs but what the remote and the forge hold. A run that ends anywhere leaves
something that the next one recognises and finishes.
"""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from fluxbump.bump import bump
from fluxbump.bump.planning.plan import Options
from fluxbump.bump.prepared_bump import Prepared, Request
from fluxbump.check.repository_state import RepositoryState, read_state
from fluxbump.errors import FluxbumpError, ForgeError, HalfBumpError
from fluxbump.forges.forge import PullRequest
from fluxbump.git.remote_errors import RemoteError
from fluxbump.run import accepts_pull_requests, passes
from fluxbump.run.context import Effect, Log
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
from fluxbump.run.next_release.decide import decide
from fluxbump.run.passes import Task
from fluxbump.run.setup import Place


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
            return f"{describe(self.decision)} (skipped: {self.skipped})"
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
    state = read_state(place.session)
    decision = decide(
        state.before,
        state.index,
        place.settings.run,
        now,
        state.suppressed,
        tagged=state.tagged(strict=True),  # one that is missing would close its pull request
    )
    log("decided", describe(decision))
    tried, prepared = _tried(place, state, decision)
    offered = prepared if isinstance(tried, Update) else None
    if isinstance(tried, Blocked) and tried is not decision:
        log("blocked", tried.reason)
    decision = tried
    recorder = DryRun() if dry_run else None
    # Whatever is decided, what was merged or reached by other ways is tidied up.
    done: list[Effect] = []
    request, error, skipped = None, None, ""
    try:
        pins = state.inventory.pins
        task = Task(place, decision, offered, pins, log, recorder, done)
        request = passes.until_still(task)
    except (ForgeError, RemoteError) as failure:
        skipped, error = accepts_pull_requests.explained(failure, place.forge)
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


def _tried(
    place: Place, state: RepositoryState, decision: Decision
) -> tuple[Decision, Prepared | None]:
    """Make the bump that was decided, and tell what is decided when that is known."""
    if not isinstance(decision, Update):
        return decision, None
    try:
        prepared = _prepared(place, state, decision)
    except HalfBumpError as error:
        return blocked_by(error, decision), None
    return decision if prepared.passed else _refused(decision, prepared), prepared


def _prepared(place: Place, state: RepositoryState, decision: Update) -> Prepared:
    chart = decision.chart
    request = Request(
        target=decision.release,
        chart_version=str(chart.version) if chart.version else None,
        options=Options(level=place.settings.bump, leave=place.leave),
        mentions=place.settings.mentions,
    )
    return bump.prepare(place.session, state, request)


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
