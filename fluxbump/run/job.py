"""Runs the scheduled job for a repository: decide, compare with the forge, act.

A run keeps its state on the remote and the forge alone. If a run is interrupted, the next run
recognizes what it left there, and finishes it.
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
    """The result of a run.

    Attributes:
        outcome: the result in a word.
        decision: the decision of the policy and the rules.
        prepared: the bump of the pull request, or a bump that its checks refuse. None if there is
            no bump.
        done: the actions that were done or left out, in order.
        sent: the changes that a dry run would push and send. Empty for any other run.
        request: the pull request of the bump. None if there is none.
        error: the error that ended the run. None if the run completed.
        skipped: the reason why the repository takes no change. Empty if it takes changes.
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
        """The time when the goal of an update was published. None if unknown, or if no update."""
        return self.decision.published if isinstance(self.decision, Update) else None

    @property
    def summary(self) -> str:
        """The decision in a sentence, with the reason if the repository was skipped."""
        if self.skipped:
            return f"{describe(self.decision)} (skipped: {self.skipped})"
        return describe(self.decision)


def empty(why: str) -> Report:
    """Return the report of a repository without a commit. `why` is one sentence."""
    decision = Empty(why)
    return Report(outcome(decision), decision)


def run(place: Place, now: datetime, log: Log, *, dry_run: bool = False) -> Report:
    """Bring the pull requests of a repository in line with its policy.

    Args:
        place: the repository, its remote and its forge.
        now: the time of the run, with a time zone.
        log: takes the events of the run.
        dry_run: records what would be pushed and sent, and changes nothing.

    Returns:
        The result, with the error if the remote or the forge ended the run. The actions before the
        error stay, and the next run goes on from there.

    Raises:
        FluxbumpError: no decision was possible, or the configuration is wrong. Nothing was changed.
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
    # Every decision gets here: merged branches and reached releases are tidied up in any case.
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
    """Compute the bump of an update, and return the final decision with the bump, if any."""
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
    """Return the decision for a refused bump: all rules see more than the safety rules did."""
    first = prepared.refusals[0]
    return Blocked(
        decision.current,
        str(prepared.plan.release),
        tuple(dict.fromkeys(finding.code for finding in prepared.refusals)),
        f"the result fails its checks: {first.location}: {first.code} {first.message}",
        prepared.refusals,
        decision.skipped,
    )
