"""Writes the result of a scheduled run for people, and for a summary page. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from fluxbump.check.finding_groups import FindingGroup, grouped
from fluxbump.model import Step
from fluxbump.reports.next_steps import typed
from fluxbump.reports.result_json.run import places_of
from fluxbump.reports.table import Paint, printable
from fluxbump.run.decision import Blocked, skipped_by_reason
from fluxbump.text import markdown

if TYPE_CHECKING:
    from fluxbump.run.context import Effect
    from fluxbump.run.decision import Decision
    from fluxbump.run.dry_run import Sent
    from fluxbump.run.job import Report


def text(report: Report, paint: Paint) -> str:
    """Return the report for people; of a dry run, without what it only wrote down."""
    lines = [paint(f"{printable(report.summary)}.", "bold")]
    decision = report.decision
    if isinstance(decision, Blocked):
        lines += [f"  {_group(group)}" for group in grouped(decision.findings)]
    lines += [f"  {place.location}  {place.message}" for place in places_of(decision)]
    lines += [f"  left out: {line}" for line in _skipped(report)]
    shown = [effect for effect in report.done if not report.sent or effect.event == "left"]
    lines += [f"  {_done(effect)}" for effect in shown]
    return "\n".join(printable(line) for line in lines)


def _group(group: FindingGroup) -> str:
    first, *others = group.findings
    more = f" and {len(others)} more" if others else ""
    return f"{first.location}{more}  {group.code} {group.message}"


def following(decision: Decision) -> list[Step]:
    """Return what to type when a person has to do something; nothing else needs anybody.

    Args:
        decision: of the run.
    """
    if not isinstance(decision, Blocked):
        return []
    if decision.release is None:
        return [Step(typed(["fluxbump", "status"]), "every pin and its place")]
    dry_run = typed(["fluxbump", "to", decision.release, "--dry-run"])
    path = typed(["fluxbump", "path", decision.release])
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
        for place in places_of(report.decision)
    ]
    if report.error is not None:
        lines += [f"- stopped: {markdown.plain(report.error.message)}"]
    return "\n".join(lines) + "\n"
