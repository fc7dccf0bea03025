"""A verdict for people, at a terminal or in a log. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import groupby

from fluxbump.check.finding_groups import FindingGroup, grouped, worst_first
from fluxbump.check.rules.rule import Rule
from fluxbump.check.verdict import Verdict
from fluxbump.model import Finding, Severity, Step
from fluxbump.reports import next_steps
from fluxbump.reports.formats.format import (
    count,
    new_suppression,
    of_severity,
    place,
    slug,
    summary,
    title,
)
from fluxbump.reports.table import SEVERITY_STYLES, Paint, printable
from fluxbump.reports.verbosity import Detail, View

NAME = "text"

_PLACES = 3  # of a group, and of a finding's other places
_GROUPS = 5  # of a rule; errors are never left out
_FOLDERS = 4
_REASONS = 3  # why one rule was not run


_DEFAULT = View()


def render(
    verdict: Verdict,
    rules: Mapping[str, Rule],
    paint: Paint,
    steps: Sequence[Step] = (),
    *,
    view: View = _DEFAULT,
) -> str:
    """Return the findings, the worst first, then the rules not run, counts and next steps."""
    found = verdict.findings if view.everything else verdict.listed
    blocks = _DETAILS[view.detail](found, verdict, rules, paint, view)
    if verdict.new_suppressions:
        blocks.insert(0, "\n".join(_new(verdict, paint)))
    if verdict.not_run:
        blocks.append("\n".join(_not_run(verdict, rules, paint, view)))
    if view.statistics and verdict.findings:
        blocks.append("\n".join(_statistics(verdict.findings, rules, paint)))
    last = [*_left_out(verdict, view), paint(summary(verdict), "bold", _color(verdict))]
    return "\n\n".join([*blocks, "\n".join([*last, *next_steps.lines(steps, paint.width)])])


def _new(verdict: Verdict, paint: Paint) -> list[str]:
    head = f"New suppressions to review first ({len(verdict.new_suppressions)})"
    found = verdict.new_suppressions
    return [paint(head, "bold"), *(f"{place(o.location)}  {new_suppression(o)}" for o in found)]


def _left_out(verdict: Verdict, view: View) -> Iterator[str]:
    if verdict.counted and not view.everything:
        yield f"Existing findings: {count(verdict.counted)} (--all lists them)"
    if verdict.accepted and verdict.accepted.stale:
        stale = verdict.accepted.stale
        entries = "1 entry matches" if len(stale) == 1 else f"{len(stale)} entries match"
        yield f"Baseline {printable(verdict.accepted.file)}: {entries} nothing any more"


# --- findings in each amount of detail --------------------------------------------------------


def _full(
    found: Sequence[Finding],
    verdict: Verdict,
    rules: Mapping[str, Rule],
    paint: Paint,
    view: View,
) -> list[str]:
    return [
        "\n".join(
            [_heading(code, rules, paint), *(_finding(finding, verdict, paint) for finding in some)]
        )
        for code, some in groupby(worst_first(found), key=lambda finding: finding.code)
    ]


def _concise(
    found: Sequence[Finding],
    verdict: Verdict,
    rules: Mapping[str, Rule],
    paint: Paint,
    view: View,
) -> list[str]:
    lines = [_line(finding, verdict, paint) for finding in worst_first(found)]
    return ["\n".join(lines)] if lines else []


def _grouped(
    found: Sequence[Finding],
    verdict: Verdict,
    rules: Mapping[str, Rule],
    paint: Paint,
    view: View,
) -> list[str]:
    blocks = []
    for (code, severity), some in groupby(
        grouped(found), key=lambda finding_group: (finding_group.code, finding_group.severity)
    ):
        groups = [*some]
        cut = severity is not Severity.ERROR and not view.everything
        shown = groups[:_GROUPS] if cut else groups
        lines = [_heading(code, rules, paint)]
        lines += [line for group in shown for line in _group(group, verdict, paint, view)]
        if len(groups) > len(shown):
            more = sum(len(group.findings) for group in groups[_GROUPS:])
            lines.append(f"… and {more} more of {code} (--all lists them)")
        blocks.append("\n".join(lines))
    return blocks


_DETAILS: Mapping[
    Detail,
    Callable[
        [Sequence[Finding], Verdict, Mapping[str, Rule], Paint, View],
        list[str],
    ],
] = {Detail.FULL: _full, Detail.GROUPED: _grouped, Detail.CONCISE: _concise}


def _heading(code: str, rules: Mapping[str, Rule], paint: Paint) -> str:
    rule = rules.get(code)
    what = f": {rule.summary}" if rule else ""
    return paint(title(code, rules), "bold") + paint(what, "dim")


def _line(finding: Finding, verdict: Verdict, paint: Paint) -> str:
    return f"{place(finding.location)}  {_said([finding], finding.message, verdict, paint)}"


def _said(some: Sequence[Finding], message: str, verdict: Verdict, paint: Paint) -> str:
    code, word = some[0].code, some[0].severity
    old = all(finding in (verdict.inherited or ()) for finding in some)
    before = " (existing)" if old else ""
    return f"{code} {paint(word.value, SEVERITY_STYLES[word])}{before}  {printable(message)}"


def _finding(finding: Finding, verdict: Verdict, paint: Paint, limit: int | None = None) -> str:
    others = finding.related[:limit]
    lines = [f"  also {place(r.location)}  {printable(r.message)}" for r in others]
    if len(finding.related) > len(others):
        lines.append(f"  … and {len(finding.related) - len(others)} more places (--all lists them)")
    return "\n".join([_line(finding, verdict, paint), *lines])


def _group(group: FindingGroup, verdict: Verdict, paint: Paint, view: View) -> list[str]:
    if len(group.findings) == 1:
        limit = None if view.everything else _PLACES
        return [_finding(group.findings[0], verdict, paint, limit)]
    shown = group.findings if view.everything else group.findings[:_PLACES]
    said = _said(group.findings, group.message, verdict, paint)
    lines = [f"{len(group.findings)} places  {said}", _folders(group)]
    lines += [f"  {place(finding.location)}" for finding in shown]
    if len(group.findings) > len(shown):
        lines.append(f"  … and {len(group.findings) - len(shown)} more (--all lists them)")
    return lines


def _folders(group: FindingGroup) -> str:
    some, more = group.folders[:_FOLDERS], len(group.folders) - _FOLDERS
    named = ", ".join(f"{printable(folder)} ({number})" for folder, number in some)
    return f"  in {named}" + (f" and {more} more folders" if more > 0 else "")


# --- below the findings -----------------------------------------------------------------------


def _not_run(
    verdict: Verdict, rules: Mapping[str, Rule], paint: Paint, view: View
) -> Iterator[str]:
    yield paint("Not run, so neither passed nor failed", "bold")
    for code, some in groupby(verdict.not_run, key=lambda skipped: skipped.code):
        reasons = [skipped.reason for skipped in some]
        shown = reasons if view.everything else reasons[:_REASONS]
        yield from (f"  {title(code, rules)}  {printable(reason)}" for reason in shown)
        if len(reasons) > len(shown):
            more = len(reasons) - len(shown)
            yield f"  … and {more} more reasons of {code} (--all lists them)"


def _statistics(
    found: Collection[Finding], rules: Mapping[str, Rule], paint: Paint
) -> Iterator[str]:
    counted = Counter((finding.code, finding.severity) for finding in worst_first(found))
    fixes = {finding.code: finding.fix for finding in found if finding.fix}
    yield paint("Statistics", "bold")
    for (code, severity), number in counted.items():
        fix = f"  ({fixes[code]})" if code in fixes else ""
        word = paint(f"{severity.value:7}", SEVERITY_STYLES[severity])
        yield f"{number:6}  {code} {word}  {slug(code, rules)}{fix}".rstrip()


def _color(verdict: Verdict) -> str:
    if verdict.errors:
        return "red"
    return "yellow" if verdict.not_run or of_severity(verdict, Severity.WARNING) else "green"
