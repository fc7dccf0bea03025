"""A verdict for people, at a terminal or in a log. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby

from fluxbump.check.rules.rule import Rule
from fluxbump.check.verdict import Verdict
from fluxbump.model import Finding, Severity
from fluxbump.reports.formats.format import new_suppression, of_severity, place, summary, title
from fluxbump.reports.table import Paint, printable

NAME = "text"

_COLORS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}


def render(verdict: Verdict, rules: Mapping[str, Rule], paint: Paint) -> str:
    """Group the findings by rule, each line beginning with a place to click on."""
    blocks = [
        "\n".join([_heading(code, rules, paint), *(_finding(finding, paint) for finding in found)])
        for code, found in groupby(sorted(verdict.findings, key=_code), key=_code)
    ]
    if verdict.new_suppressions:
        blocks.insert(0, "\n".join(_new(verdict, paint)))
    if verdict.not_run:
        blocks.append("\n".join(_not_run(verdict, rules, paint)))
    return "\n\n".join([*blocks, paint(summary(verdict), "bold", _color(verdict))])


def _new(verdict: Verdict, paint: Paint) -> list[str]:
    head = f"New suppressions to review first ({len(verdict.new_suppressions)})"
    found = verdict.new_suppressions
    return [paint(head, "bold"), *(f"{place(o.location)}  {new_suppression(o)}" for o in found)]


def _code(finding: Finding) -> str:
    return finding.code


def _heading(code: str, rules: Mapping[str, Rule], paint: Paint) -> str:
    rule = rules.get(code)
    what = f": {rule.summary}" if rule else ""
    return paint(title(code, rules), "bold") + paint(what, "dim")


def _finding(one: Finding, paint: Paint) -> str:
    severity = paint(one.severity.value, _COLORS[one.severity])
    return "\n".join(
        [
            f"{place(one.location)}  {one.code} {severity}  {printable(one.message)}",
            *(f"  also {place(r.location)}  {printable(r.message)}" for r in one.related),
        ]
    )


def _not_run(verdict: Verdict, rules: Mapping[str, Rule], paint: Paint) -> list[str]:
    return [
        paint("Not run, so neither passed nor failed", "bold"),
        *(
            f"  {title(skipped_rule.code, rules)}  {printable(skipped_rule.reason)}"
            for skipped_rule in verdict.not_run
        ),
    ]


def _color(verdict: Verdict) -> str:
    if verdict.errors:
        return "red"
    return "yellow" if verdict.not_run or of_severity(verdict, Severity.WARNING) else "green"
