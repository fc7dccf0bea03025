"""Decides the commit status of a pull request: ready, waiting, blocked, or on hold. Pure."""

from __future__ import annotations

from fluxbump.forges.forge import CommitStatus, StatusState
from fluxbump.run.actions import KnownRequest
from fluxbump.run.decision import Blocked, Decision, Update, Waiting
from fluxbump.run.pull_request.boxes import Box
from fluxbump.text import markdown

MAX_TEXT = 140
"""The most characters of a status: GitHub refuses more (docs.github.com/rest/commits/statuses)."""


def status_of(decision: Decision, known: KnownRequest) -> CommitStatus | None:
    """Return the status of a pull request's head. None if the decision is about another release.

    Args:
        decision: the decision of the run.
        known: an open pull request of ours.
    """
    release = known.state.release if known.state is not None else None
    if not isinstance(decision, (Update, Waiting, Blocked)) or decision.release != release:
        return None
    if Box.HOLD in known.asked:
        return _status(StatusState.PENDING, "on hold: a box in the description is ticked")
    if isinstance(decision, Waiting):
        return _status(StatusState.PENDING, f"waiting: {decision.reason}")
    if isinstance(decision, Blocked):
        rules = ", ".join(decision.codes)
        return _status(
            StatusState.FAILURE, f"blocked{f' by {rules}' if rules else ''}: {decision.reason}"
        )
    return _status(StatusState.SUCCESS, f"ready: Flux {release} passes the checks of fluxbump")


def _status(state: StatusState, text: str) -> CommitStatus:
    return CommitStatus(state, markdown.clean(text, MAX_TEXT))
