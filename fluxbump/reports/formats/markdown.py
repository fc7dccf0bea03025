"""A verdict as GitHub Flavored Markdown, for a comment on a pull request. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fluxbump.check.rules.rule import NotRun, Rule
from fluxbump.check.verdict import NewSuppression, Suppression, Verdict
from fluxbump.model import Finding, Location, Severity
from fluxbump.reports.formats.format import new_suppression, summary, title
from fluxbump.reports.table import Paint, printable
from fluxbump.text import markdown

NAME = "markdown"

LIMIT = 60_000
"""How long a comment may get, in characters. GitHub's API refuses more than 65,536."""

MARKER = "<!-- fluxbump check -->"
"""The first line, by which a bot finds the comment that it wrote before."""

_SUBJECT = 200
_RELATED = 10  # places of one finding
_FRAME = 800  # headings, and the lines that say what was left out

_SEVERITIES = tuple(Severity)


def render(verdict: Verdict, rules: Mapping[str, Rule], paint: Paint, *, limit: int = LIMIT) -> str:
    """Say the verdict in at most `limit` characters, errors first.

    Whatever is left out is counted. Only the heading is longer than a `limit` under some 4,000.
    """
    found = sorted(verdict.findings, key=lambda finding: _SEVERITIES.index(finding.severity))
    head = [MARKER, f"### fluxbump check: {summary(verdict)}", "", _subject(verdict)]
    room = limit - _FRAME - sum(map(len, head))
    new, room = _fit([_new(suppression) for suppression in verdict.new_suppressions], room)
    head += _section("New suppressions to review first", new, len(verdict.new_suppressions))
    rows, room = _fit([_row(finding, rules) for finding in found], room)
    not_run, room = _fit([_not_run(skipped_rule, rules) for skipped_rule in verdict.not_run], room)
    suppressed, room = _fit([_suppressed(*pair, rules) for pair in verdict.suppressed], room)
    lines = [*head, *_table(rows, len(found))]
    lines += _section("Not run, so neither passed nor failed", not_run, len(verdict.not_run))
    lines += _section("Suppressed", suppressed, len(verdict.suppressed))
    return "\n".join(lines)


def _fit(lines: Sequence[str], room: int) -> tuple[list[str], int]:
    """Return the lines that there is room for, and the room that is left."""
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
    return [*(lines if rows else ()), *_left_out(all_of_them - len(rows), "finding")]


def _section(heading: str, items: Sequence[str], all_of_them: int) -> list[str]:
    if not all_of_them:
        return []
    return ["", f"#### {heading}", "", *items, *_left_out(all_of_them - len(items), "entry")]


def _left_out(number: int, word: str) -> list[str]:
    if not number:
        return []
    what = {"entry": "entries"}.get(word, f"{word}s") if number > 1 else word
    verb = "is" if number == 1 else "are"
    return ["", f"**{number} {what} {verb} left out**, for length; `fluxbump check` lists all."]


def _row(one: Finding, rules: Mapping[str, Rule]) -> str:
    cells = (one.severity.value, title(one.code, rules), _place(one.location), _message(one))
    return f"| {' | '.join(cells)} |"


def _message(one: Finding) -> str:
    lines = [_plain(one.message)]
    lines += [f"also {_place(r.location)} {_plain(r.message)}" for r in one.related[:_RELATED]]
    if len(one.related) > _RELATED:
        lines.append(f"and {len(one.related) - _RELATED} more")
    return "<br>".join(lines)


def _not_run(one: NotRun, rules: Mapping[str, Rule]) -> str:
    return f"- {title(one.code, rules)}: {_plain(one.reason)}"


def _suppressed(one: Finding, by: Suppression, rules: Mapping[str, Rule]) -> str:
    where = f"{title(one.code, rules)} at {_place(one.location)}"
    reason = _plain(by.reason) if by.reason else "no reason given"
    return f"- {where}: {_plain(one.message)} ({reason}, at {_place(by.location)})"


def _new(one: NewSuppression) -> str:
    return f"- {_place(one.location)}: {_plain(new_suppression(one))}"


def _place(location: Location) -> str:
    return _code(f"{location.path}:{location.line}")


def _code(text: str) -> str:
    return markdown.code(printable(text), cell=True)


def _plain(text: str) -> str:
    return markdown.plain(printable(text), html=True)
