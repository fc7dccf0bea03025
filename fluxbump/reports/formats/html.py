"""A verdict as a page for a browser. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fluxbump.check.rules.rule import Rule
from fluxbump.check.verdict import Verdict
from fluxbump.model import Severity, Step
from fluxbump.reports.formats.format import new_suppression, place, summary
from fluxbump.reports.html.elements import Node, element
from fluxbump.reports.html.findings import (
    findings_section,
    suppressed_section,
    unjudged_section,
)
from fluxbump.reports.html.page import Headline, Tone, page, section
from fluxbump.reports.html.pins import PinMap, pins_section
from fluxbump.reports.table import Paint

NAME = "html"


def render(
    verdict: Verdict,
    rules: Mapping[str, Rule],
    paint: Paint,
    steps: Sequence[Step] = (),
    *,
    pins: PinMap | None = None,
) -> str:
    """Return the page: errors, a graph of the pins, then the milder findings.

    Args:
        verdict: the result of the check.
        rules: the rules by code, for their names.
        paint: not used, because a page has its own style.
        steps: the commands to type next.
        pins: the pins to draw as a graph; None leaves the graph out.
    """
    milder = [finding for finding in verdict.listed if finding.severity is not Severity.ERROR]
    head = Headline("Flux pins: check", f"{summary(verdict)}.", _tone(verdict), _facts(verdict))
    sections = [
        _new(verdict),
        findings_section("Errors", verdict.errors, rules),
        pins_section(pins) if pins else None,
        findings_section("Warnings and notes", milder, rules),
        unjudged_section(verdict, rules),
        suppressed_section(verdict, rules),
    ]
    return page(head, sections, steps).removesuffix("\n")


def _tone(verdict: Verdict) -> Tone:
    if verdict.errors:
        return Tone.BAD
    doubtful = verdict.not_run or any(
        finding.severity is Severity.WARNING for finding in verdict.findings
    )
    return Tone.DOUBTFUL if doubtful else Tone.GOOD


def _facts(verdict: Verdict) -> list[str]:
    facts = [f"Checked: {verdict.subject}."]
    if verdict.counted:
        facts.append(f"{len(verdict.counted)} existing findings are not listed.")
    return facts


def _new(verdict: Verdict) -> Node | None:
    """Return the section about new suppressions, which a reviewer reads first, or None."""
    if not verdict.new_suppressions:
        return None
    items = (
        element(
            "li",
            element("span", place(suppression.location), class_="place"),
            f" {new_suppression(suppression)}",
        )
        for suppression in verdict.new_suppressions
    )
    return section("New suppressions to review first", element("ul", *items))
