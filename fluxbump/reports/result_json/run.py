"""Writes the result of a scheduled run as a JSON document. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct
from typing_extensions import TypedDict

from fluxbump.model import Step
from fluxbump.reports.json_encoder import dump
from fluxbump.reports.next_steps_json import NextJson, next_json
from fluxbump.reports.result_json.parts import FindingJson, findings
from fluxbump.run.decision import Blocked, Update, Waiting

if TYPE_CHECKING:
    from fluxbump.errors import FluxbumpError
    from fluxbump.model import Related
    from fluxbump.run.decision import Decision
    from fluxbump.run.dry_run import Sent
    from fluxbump.run.job import Report


class PullRequestJson(TypedDict):
    """The pull request of the proposal; number 0 in a dry run that would open it."""

    number: int
    url: str
    title: str


class SkippedJson(TypedDict):
    """A newer release that is not proposed."""

    release: str
    reason: str


class RunPlaceJson(TypedDict):
    """A place that would stay behind."""

    path: str
    line: int
    column: int
    message: str


class DoneJson(TypedDict):
    """One thing that was done, or left; `event` is a stable word."""

    event: str
    message: str
    url: str


class SentJson(TypedDict):
    """One thing that would be pushed or sent."""

    what: str
    subject: str
    title: str
    text: str
    details: list[str]


class RunErrorJson(TypedDict):
    """What ended a run; `exit_code` is that of the command."""

    message: str
    hint: str | None
    facts: list[str]
    exit_code: int
    next: list[NextJson]


class RunJson(TypedDict):
    """`fluxbump run --output json`."""

    schema: str
    outcome: str
    dry_run: bool
    summary: str
    current: str | None
    target: str | None
    chart_version: str | None
    later: list[str]
    goal_published: str | None
    base_branch: str
    base: str
    branch: str | None
    pull_request: PullRequestJson | None
    codes: list[str]
    findings: list[FindingJson]
    places: list[RunPlaceJson]
    skipped: list[SkippedJson]
    done: list[DoneJson]
    sent: list[SentJson]
    missing: list[str]
    patch: str | None
    error: RunErrorJson | None
    next: list[NextJson]


def _moment(when: datetime | None) -> str | None:
    return when.isoformat() if when else None


class RunStart(Struct, frozen=True):
    """The base of a run.

    Attributes:
        base_branch: the base branch of the pull request. Empty if the repository has no branch.
        base: the id of its commit. Empty if there is none.
        missing: the things that a dry run does without, one sentence each.
    """

    base_branch: str = ""
    base: str = ""
    missing: tuple[str, ...] = ()


def as_json(
    report: Report,
    start: RunStart,
    *,
    dry_run: bool,
    steps: Sequence[Step],
    failed: Sequence[Step] = (),
) -> str:
    """Return the JSON document of a scheduled run.

    Args:
        report: the outcome of the run.
        start: the base of the run.
        dry_run: whether the run pushed and sent nothing; its document then has the patch.
        steps: the commands to type next.
        failed: the commands to type next after the error, if there is one.
    """
    decision, prepared, request = report.decision, report.prepared, report.request
    chart = decision.chart if isinstance(decision, Update) else None
    content: RunJson = {
        "schema": "fluxbump/run/v1",
        "outcome": report.outcome.value,
        "dry_run": dry_run,
        "summary": report.summary,
        "current": decision.current,
        "target": _target(decision),
        "chart_version": str(chart.version) if chart and chart.version else None,
        "later": list(decision.later) if isinstance(decision, Update) else [],
        "goal_published": _moment(report.published),
        "base_branch": start.base_branch,
        "base": start.base,
        "branch": prepared.branch if prepared else None,
        "pull_request": {"number": request.number, "url": request.url, "title": request.title}
        if request
        else None,
        "codes": list(decision.codes) if isinstance(decision, Blocked) else [],
        "findings": findings(decision.findings if isinstance(decision, Blocked) else ()),
        "places": [_place(place) for place in places_of(decision)],
        "skipped": [
            {"release": skipped_release.release, "reason": skipped_release.reason}
            for skipped_release in decision.skipped
        ],
        "done": [
            {"event": effect.event, "message": effect.message, "url": effect.url}
            for effect in report.done
        ],
        "sent": [_sent(sent_item) for sent_item in report.sent],
        "missing": list(start.missing),
        "patch": prepared.built.patch.decode("utf-8", "replace") if prepared and dry_run else None,
        "error": run_error(report.error, failed) if report.error else None,
        "next": next_json(steps),
    }
    return dump(content)


def run_error(error: FluxbumpError, steps: Sequence[Step]) -> RunErrorJson:
    """Return an error for JSON, with the same texts that people read."""
    return {
        "message": error.message,
        "hint": error.hint,
        "facts": [*error.facts, *error.listed],
        "exit_code": error.exit_code,
        "next": next_json(steps),
    }


def _target(decision: Decision) -> str | None:
    """Return the release that a decision is about; None when there is no newer one."""
    return decision.release if isinstance(decision, (Update, Waiting, Blocked)) else None


def places_of(decision: Decision) -> tuple[Related, ...]:
    """Return the places for which a bump is blocked, because they would keep an old version."""
    return decision.places if isinstance(decision, Blocked) else ()


def _place(related: Related) -> RunPlaceJson:
    where = related.location
    return {
        "path": where.path,
        "line": where.line,
        "column": where.column,
        "message": related.message,
    }


def _sent(sent: Sent) -> SentJson:
    return {
        "what": sent.what,
        "subject": sent.subject,
        "title": sent.title,
        "text": sent.text,
        "details": list(sent.details),
    }
