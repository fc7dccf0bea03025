"""A verdict as GitHub Flavored Markdown, for a comment on a pull request. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fluxbump.check.finding_groups import FindingGroup, grouped
from fluxbump.check.rules.rule import NotRun, Rule
from fluxbump.check.verdict import NewSuppression, Suppression, Verdict
from fluxbump.model import Finding, Location, Step
from fluxbump.reports.formats.format import count, new_suppression, summary, title
from fluxbump.reports.table import Paint, printable
from fluxbump.text import markdown

NAME = "markdown"

LIMIT = 60_000
"""The longest comment, in characters. GitHub's API refuses more than 65,536."""

MARKER = "<!-- fluxbump check -->"
"""The first line of the comment, by which a bot finds its earlier comment to replace."""

_SUBJECT = 200
_RELATED = 10  # places of one finding
_FOLDED = 200  # places of one group
_FRAME = 800  # headings, and the lines that say what was left out

_PLURALS = {"entry": "entries", "group of findings": "groups of findings"}


def render(
    verdict: Verdict,
    rules: Mapping[str, Rule],
    paint: Paint,
    steps: Sequence[Step] = (),
    *,
    limit: int = LIMIT,
) -> str:
    """Return a comment of at most `limit` characters, with a row for each group of findings.

    The worst groups come first. The comment counts what it leaves out. It always has its fixed
    parts, which can exceed a `limit` below about 4,000.
    """
    found = grouped(verdict.listed)
    head = [MARKER, f"### fluxbump check: {summary(verdict)}", "", _subject(verdict)]
    room = limit - _FRAME - sum(map(len, head))
    new, room = _fit([_new(suppression) for suppression in verdict.new_suppressions], room)
    head += _section("New suppressions to review first", new, len(verdict.new_suppressions))
    rows, room = _fit([_row(group, rules) for group in found], room)
    not_run, room = _fit([_not_run(skipped_rule, rules) for skipped_rule in verdict.not_run], room)
    suppressed, room = _fit([_suppressed(*pair, rules) for pair in verdict.suppressed], room)
    folded, room = _fit([_folded(group, rules) for group in found if group.findings[1:]], room)
    lines = [*head, *_table(rows, len(found)), *_before(verdict), *_next(steps), *folded]
    lines += _section("Not run, so neither passed nor failed", not_run, len(verdict.not_run))
    lines += _section("Suppressed", suppressed, len(verdict.suppressed))
    return "\n".join(lines)


def _fit(lines: Sequence[str], room: int) -> tuple[list[str], int]:
    """Return the lines that fit into `room` characters, and the number of characters left."""
    kept: list[str] = []
    for line in lines:
        if len(line) < room:
            kept.append(line)
            room -= len(line) + 1
    return kept, room


def _subject(verdict: Verdict) -> str:
    return f"Checked: {_code(verdict.subject[:_SUBJECT])}"


def _table(rows: Sequence[str], all_of_them: int) -> list[str]:
    lines = ["", "| Severity | Rule | Place | Message |", "| --- | --- | --- | --- |", *rows]
    return [*(lines if rows else ()), *_left_out(all_of_them - len(rows), "group of findings")]


def _section(heading: str, items: Sequence[str], all_of_them: int) -> list[str]:
    if not all_of_them:
        return []
    return ["", f"#### {heading}", "", *items, *_left_out(all_of_them - len(items), "entry")]


def _left_out(number: int, word: str) -> list[str]:
    if not number:
        return []
    what = _PLURALS[word] if number > 1 else word
    verb = "is" if number == 1 else "are"
    return ["", f"**{number} {what} {verb} left out**, for length. `fluxbump check` lists all."]


def _row(group: FindingGroup, rules: Mapping[str, Rule]) -> str:
    first, *others = group.findings
    where = _place(first.location) + (f" and {len(others)} more" if others else "")
    said = _plain(group.message) if others else _message(first)
    return f"| {group.severity.value} | {title(group.code, rules)} | {where} | {said} |"


def _folded(group: FindingGroup, rules: Mapping[str, Rule]) -> str:
    """Return the places of a group as a folded list, because they do not fit into a table row."""
    shown = group.findings[:_FOLDED]
    lines = [f"- {_place(finding.location)}" for finding in shown]
    if len(group.findings) > len(shown):
        lines.append(f"- and {len(group.findings) - len(shown)} more")
    head = f"{title(group.code, rules)}: {len(group.findings)} places"
    return "\n".join(["", f"<details><summary>{head}</summary>", "", *lines, "", "</details>"])


def _before(verdict: Verdict) -> list[str]:
    if not verdict.counted:
        return []
    return ["", f"Existing findings: {count(verdict.counted)}. `fluxbump check --all` lists them."]


def _next(steps: Sequence[Step]) -> list[str]:
    if not steps:
        return []
    items = [
        f"- {_code(step.command)}{f': {_plain(step.why)}' if step.why else ''}" for step in steps
    ]
    return ["", "Next:", "", *items]


def _message(finding: Finding) -> str:
    lines = [_plain(finding.message)]
    lines += [f"also {_place(r.location)} {_plain(r.message)}" for r in finding.related[:_RELATED]]
    if len(finding.related) > _RELATED:
        lines.append(f"and {len(finding.related) - _RELATED} more")
    return "<br>".join(lines)


def _not_run(not_run: NotRun, rules: Mapping[str, Rule]) -> str:
    return f"- {title(not_run.code, rules)}: {_plain(not_run.reason)}"


def _suppressed(finding: Finding, by: Suppression, rules: Mapping[str, Rule]) -> str:
    where = f"{title(finding.code, rules)} at {_place(finding.location)}"
    reason = _plain(by.reason) if by.reason else "no reason given"
    return f"- {where}: {_plain(finding.message)} ({reason}, at {_place(by.location)})"


def _new(suppression: NewSuppression) -> str:
    return f"- {_place(suppression.location)}: {_plain(new_suppression(suppression))}"


def _place(location: Location) -> str:
    return _code(f"{location.path}:{location.line}")


def _code(text: str) -> str:
    return markdown.code(printable(text), cell=True)


def _plain(text: str) -> str:
    return markdown.plain(printable(text), html=True)
