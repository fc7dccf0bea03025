"""Writes the results of a fleet as a page. Pure."""

from __future__ import annotations

from fluxbump.fleet.repositories import FleetOutcome, FleetResult, count
from fluxbump.reports.fleet import Summary
from fluxbump.reports.html.elements import Node, element
from fluxbump.reports.html.page import Headline, Tone, listing, page, section

_WIDTH, _ROW, _LABEL = 360, 26, 130
_BROKEN = (FleetOutcome.FAILED, FleetOutcome.BLOCKED, FleetOutcome.NOT_RUN)


def fleet_page(summary: Summary) -> str:
    """Write the page of a fleet: how many of each outcome, and every repository, worst first."""
    tone = Tone.GOOD
    if any(summary.having(outcome) for outcome in (FleetOutcome.BLOCKED, FleetOutcome.NOT_RUN)):
        tone = Tone.DOUBTFUL
    if summary.having(FleetOutcome.FAILED):
        tone = Tone.BAD
    head = Headline("Flux in a fleet", f"{summary.sentence}.", tone)
    return page(head, [_chart(summary), _repositories(summary)])


def _chart(summary: Summary) -> Node | None:
    """Return a chart with a bar for each outcome, and its number beside it. None if empty."""
    counts = [(outcome, number) for outcome, number in count(summary.results).items() if number]
    if not counts:
        return None
    most = max(number for _, number in counts)
    parts: list[Node] = []
    for row, (outcome, number) in enumerate(counts):
        y = row * _ROW + 4
        width = max(round((_WIDTH - _LABEL - 50) * number / most), 3)
        broken = "box wrong" if outcome in _BROKEN else "box goal"
        parts += [
            element("text", outcome.value, x=0, y=y + 13),
            element("rect", x=_LABEL, y=y, width=width, height=18, rx=4, class_=broken),
            element("text", str(number), x=_LABEL + width + 8, y=y + 13),
        ]
    said = ", ".join(f"{outcome}: {number}" for outcome, number in counts)
    height = len(counts) * _ROW + 4
    drawing = element(
        "svg", element("title", said), *parts,
        viewBox=f"0 0 {_WIDTH} {height}", role="img", width=_WIDTH, height=height,
    )  # fmt: skip
    return section("Outcomes", element("div", drawing, class_="graph"))


def _repositories(summary: Summary) -> Node | None:
    if not summary.results:
        return None
    order = [
        *_BROKEN,
        *(fleet_outcome for fleet_outcome in FleetOutcome if fleet_outcome not in _BROKEN),
    ]
    results = sorted(summary.results, key=lambda result: order.index(result.outcome))
    header = ("Repository", "Outcome", "Release", "Where to look")
    return section("Repositories", listing(header, [_row(result) for result in results]))


def _row(fleet_result: FleetResult) -> tuple[str, str, str, str]:
    before = " (done before)" if fleet_result.before else ""
    return (
        fleet_result.entry.name,
        fleet_result.outcome.value,
        fleet_result.release or "-",
        f"{fleet_result.detail}{before}",
    )
