"""Shows findings on a page in groups, the worst first, and the rules that did not run. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from fluxbump.check.finding_groups import FindingGroup, grouped
from fluxbump.check.rules.rule import NotRun, Rule
from fluxbump.check.verdict import Suppression, Verdict
from fluxbump.model import Finding, Severity
from fluxbump.reports.formats.format import place, title
from fluxbump.reports.html.elements import Node, element, worded
from fluxbump.reports.html.page import listing, section

_TONES = {Severity.ERROR: "bad", Severity.WARNING: "doubtful", Severity.NOTE: "good"}
_FEW = 3
_MOST = 500
"""The most places of one group. The JSON report has all of them."""


def findings_section(
    heading: str, found: Iterable[Finding], rules: Mapping[str, Rule]
) -> Node | None:
    """Return the section of findings in groups that say the same. None if there are none."""
    groups = grouped(found)
    if not groups:
        return None
    return section(heading, *(_group(group, rules) for group in groups))


def _group(group: FindingGroup, rules: Mapping[str, Rule]) -> Node:
    number = len(group.findings)
    count = f" · {number} findings" if number > 1 else ""
    return element(
        "article",
        element(
            "h3",
            element("span", group.severity.value, class_=f"mark {_TONES[group.severity]}"),
            f"{title(group.code, rules)}{count}",
        ),
        element("p", *worded(group.message)),
        *_where(group),
        class_="card",
    )


def _where(group: FindingGroup) -> Sequence[Node]:
    shown = group.findings[:_MOST]
    items = [_place(finding, told=finding.message != group.message) for finding in shown]
    left = len(group.findings) - len(shown)
    if left:
        items.append(element("li", f"and {left} more: `fluxbump check --output json` has all"))
    places = element("ul", *items)
    if len(group.findings) <= _FEW:
        return [places]
    folders = ", ".join(f"{folder} ({number})" for folder, number in group.folders[:_FEW])
    more = len(group.folders) - _FEW
    rest = f" and {more} more folders" if more > 0 else ""
    return [
        element("p", f"In {folders}{rest}.", class_="soft"),
        element("details", element("summary", f"All {len(group.findings)} places"), places),
    ]


def _place(finding: Finding, *, told: bool) -> Node:
    message = f" {finding.message}" if told else None
    related = [
        element("li", element("span", place(site.location), class_="place"), f" {site.message}")
        for site in finding.related[:_MOST]
    ]
    return element(
        "li",
        element("span", place(finding.location), class_="place"),
        message,
        element("ul", *related) if related else None,
    )


def unjudged_section(verdict: Verdict, rules: Mapping[str, Rule]) -> Node | None:
    """Return the section of the rules that did not run, so have not passed. None if all ran."""
    if not verdict.not_run:
        return None
    return section(
        "Rules that were not run", listing(("Rule", "Reason"), _reasons(verdict.not_run, rules))
    )


def _reasons(skipped: Iterable[NotRun], rules: Mapping[str, Rule]) -> list[tuple[str, str]]:
    return [(title(not_run.code, rules), not_run.reason) for not_run in skipped]


def suppressed_section(verdict: Verdict, rules: Mapping[str, Rule]) -> Node | None:
    """Return the section of suppressed findings, with what suppresses them. None if none is."""
    if not verdict.suppressed:
        return None
    rows = [_accepted(finding, by, rules) for finding, by in verdict.suppressed[:_MOST]]
    summary = element("summary", f"{len(verdict.suppressed)} suppressed findings")
    table = listing(("Rule", "Place", "Reason", "Accepted at"), rows)
    return section("Suppressed", element("details", summary, table))


def _accepted(
    finding: Finding, by: Suppression, rules: Mapping[str, Rule]
) -> tuple[str, str, str, str]:
    reason = by.reason or "no reason given"
    return title(finding.code, rules), place(finding.location), reason, place(by.location)
