"""Draws the route between two releases, with the steps before each hop. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from fluxbump.flux.upgrade_path import Hop, Route
from fluxbump.reports.html.elements import Node, element
from fluxbump.reports.html.page import section
from fluxbump.reports.upgrade_path import Used, steps_before

_WIDTH, _BOX, _GAP, _HEIGHT = 360, 76, 66, 62
_MIDDLE = 40


def route_section(found: Route, used: Used | None = None) -> Node | None:
    """Return the section with a route and its hops. None if it has no hop.

    Args:
        found: the route.
        used: the removed API versions that manifests use. None lists all removed versions.
    """
    if found.problem:
        return section("Route", _diagram(found, used), element("p", found.problem))
    if not found.hops:
        return None
    hops = (_hop(number, hop, used) for number, hop in enumerate(found.hops, 1))
    return section("Route", _diagram(found, used), *hops)


def _diagram(found: Route, used: Used | None) -> Node:
    """Releases from left to right; as wide as they need, so that text keeps its size."""
    releases = (found.start, found.goal) if found.problem else found.releases
    width = max(_WIDTH, len(releases) * (_BOX + _GAP) - _GAP + 16)
    said = " to ".join(releases)
    label = f"No safe route from {said}" if found.problem else f"Route from Flux {said}"
    parts: list[Node] = []
    for number, release in enumerate(releases):
        if number:
            parts += _arrow(number, None if found.problem else found.hops[number - 1], used)
        parts += _release(number, release, last=number == len(releases) - 1)
    drawing = element(
        "svg", element("title", label), *parts,
        viewBox=f"0 0 {width} {_HEIGHT}", role="img", width=width, height=_HEIGHT,
    )  # fmt: skip
    return element(
        "div",
        element("div", drawing, class_="graph") if width <= 1.5 * _WIDTH else drawing,
        class_="scroll",
        role="region",
        aria_label="Diagram of the route",
        tabindex="0",
    )


def _release(number: int, release: str, *, last: bool) -> Iterator[Node]:
    left = 8 + number * (_BOX + _GAP)
    box, text = ("box goal", "on-goal") if last else ("box", "")
    yield element("rect", x=left, y=_MIDDLE - 16, width=_BOX, height=32, rx=8, class_=box)
    yield element(
        "text", release, x=left + _BOX // 2, y=_MIDDLE + 4, text_anchor="middle", class_=text
    )


def _arrow(number: int, hop: Hop | None, used: Used | None) -> Iterator[Node]:
    end = 8 + number * (_BOX + _GAP)
    start = end - _GAP
    broken = "" if hop else " broken"
    yield element("path", d=f"M{start + 3} {_MIDDLE}H{end - 4}", class_=f"edge{broken}")
    tip = f"M{end - 11} {_MIDDLE - 5}L{end - 4} {_MIDDLE}L{end - 11} {_MIDDLE + 5}"
    yield element("path", d=tip, class_="edge")
    number_of = len(steps_before(hop, used)) if hop else 0
    said = "no safe hop" if hop is None else f"{number_of or 'no'} step{'s' * (number_of != 1)}"
    yield element("text", said, x=(start + end) // 2, y=16, text_anchor="middle", class_="small")


def _hop(number: int, hop: Hop, used: Used | None) -> Node:
    steps = steps_before(hop, used)
    if steps:
        todo = element("ul", *(element("li", f"{what}: {detail}") for what, detail in steps))
    else:
        todo = element("p", "Nothing to do before this hop.", class_="soft")
    return element(
        "div", element("h3", f"Hop {number}: {hop.old} → {hop.new}"), todo, class_="card"
    )
