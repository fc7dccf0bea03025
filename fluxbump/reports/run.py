"""What a scheduled run came to: for people, for programs, and for a summary page. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct
from typing_extensions import TypedDict

from fluxbump.check.groups import FindingGroup, grouped
from fluxbump.model import Step
from fluxbump.reports.json_encoder import dump
from fluxbump.reports.next_steps import typed
from fluxbump.reports.next_steps_json import NextJson, next_json
from fluxbump.reports.result_json.parts import FindingJson, findings
from fluxbump.reports.table import Paint, printable
from fluxbump.run.decision import Blocked, Update, Waiting, skipped_by_reason
from fluxbump.text import markdown

if TYPE_CHECKING:
    from fluxbump.errors import FluxbumpError
    from fluxbump.model import Related
    from fluxbump.run.decision import Decision
    from fluxbump.run.dry_run import Sent
    from fluxbump.run.job import Report
    from fluxbump.run.world import Effect


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
    """What a run starts from.

    Attributes:
        base_branch: of the pull request; empty if the repository has no branch.
        base: its commit; empty if there is none.
        missing: what a dry run goes without, one sentence each.
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
    """Return the report for programs; `failed` is what the error says to type next."""
    decision, prepared, request = report.decision, report.prepared, report.request
    chart = decision.chart if isinstance(decision, Update) else None
    content: RunJson = {
        "schema": "fluxbump/run/v1",
        "outcome": report.outcome.value,
        "dry_run": dry_run,
        "summary": report.summary,
        "current": decision.current,
        "target": target(decision),
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
        "places": [_place(place) for place in _places(decision)],
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
    """Return the parts of an error for programs, as people read them."""
    return {
        "message": error.message,
        "hint": error.hint,
        "facts": [*error.facts, *error.listed],
        "exit_code": error.exit_code,
        "next": next_json(steps),
    }


def target(decision: Decision) -> str | None:
    """Return the release that a decision is about; None when there is no newer one."""
    return decision.release if isinstance(decision, (Update, Waiting, Blocked)) else None


def _places(decision: Decision) -> tuple[Related, ...]:
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


# --- for people -------------------------------------------------------------------------------


def text(report: Report, paint: Paint) -> str:
    """Return the report for people; of a dry run, without what it only wrote down."""
    lines = [paint(f"{printable(report.summary)}.", "bold")]
    decision = report.decision
    if isinstance(decision, Blocked):
        lines += [f"  {_group(group)}" for group in grouped(decision.findings)]
    lines += [f"  {place.location}  {place.message}" for place in _places(decision)]
    lines += [f"  left out: {line}" for line in _skipped(report)]
    shown = [effect for effect in report.done if not report.sent or effect.event == "left"]
    lines += [f"  {_done(effect)}" for effect in shown]
    return "\n".join(printable(line) for line in lines)


def _group(group: FindingGroup) -> str:
    first, *others = group.findings
    more = f" and {len(others)} more" if others else ""
    return f"{first.location}{more}  {group.code} {group.message}"


def following(decision: Decision, where: Sequence[str]) -> list[Step]:
    """Return what to type when a person has to do something; nothing else needs anybody.

    Args:
        decision: of the run.
        where: the options that name the repository and where facts come from.
    """
    if not isinstance(decision, Blocked):
        return []
    if decision.release is None:
        return [Step(typed(["fluxbump", "status", *where]), "every pin and its place")]
    dry_run = typed(["fluxbump", "to", decision.release, "--dry-run", *where])
    path = typed(["fluxbump", "path", decision.release, *where])
    return [Step(dry_run, "what blocks it"), Step(path, "the route, hop by hop")]


def _skipped(report: Report) -> Iterable[str]:
    for reason, releases in skipped_by_reason(report.decision.skipped):
        yield f"{', '.join(releases)} ({reason})"


def _done(effect: Effect) -> str:
    return f"{effect.message}  {effect.url}" if effect.url else effect.message


def dry_run(sent: Iterable[Sent], patch: str, paint: Paint) -> str:
    """Return what would be pushed and sent, word by word."""
    parts = []
    for sent_item in sent:
        heading = _WORDS[sent_item.what].format(subject=sent_item.subject)
        head = [paint(f"Would {heading}", "bold"), *(f"  {line}" for line in sent_item.details)]
        if sent_item.title:
            head.append(f"  title: {sent_item.title}")
        parts.append("\n".join(map(printable, head)))
        if sent_item.text:
            parts.append(
                "\n".join(f"  | {printable(line)}".rstrip() for line in sent_item.text.split("\n"))
            )
        if sent_item.what == "push":
            parts.append(patch)
    return "\n\n".join(parts)


_WORDS = {
    "push": "push {subject}",
    "delete": "delete the branch {subject}",
    "open": "open a pull request from {subject}",
    "update": "change {subject}",
    "comment": "comment on {subject}",
    "close": "close {subject}",
    "open-issue": "open an issue",
    "edit-issue": "change the issue {subject}",
    "status": "set the commit status of {subject}",
}


# --- for a summary page -----------------------------------------------------------------------


def summary(report: Report) -> str:
    """Return Markdown for the summary page of a workflow."""
    lines = [f"### {markdown.plain(report.summary)}", ""]
    request = report.request
    if request is not None and request.url:
        lines += [markdown.link(f"#{request.number} {request.title}", request.url), ""]
    lines += [f"- left out: {markdown.plain(line)}" for line in _skipped(report)]
    lines += [f"- {markdown.plain(effect.message)}" for effect in report.done]
    if isinstance(report.decision, Blocked):
        lines += [
            f"- {markdown.plain(_group(group))}" for group in grouped(report.decision.findings)
        ]
    lines += [
        f"- {markdown.plain(f'{place.location}: {place.message}')}"
        for place in _places(report.decision)
    ]
    if report.error is not None:
        lines += [f"- stopped: {markdown.plain(report.error.message)}"]
    return "\n".join(lines) + "\n"
