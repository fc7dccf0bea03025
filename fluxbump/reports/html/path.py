"""The route to a release as a page. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from fluxbump.flux.upgrade_path import Route
from fluxbump.reports.html.elements import Node, element
from fluxbump.reports.html.page import Headline, Tone, page, section
from fluxbump.reports.html.route import route_section


def path_page(
    found: Route, newest_safe: str | None, history: str | None, manifests: Sequence[str]
) -> str:
    """Write the page of a route.

    Args:
        found: the route.
        newest_safe: the newest release that passes in one hop; None if that is not known.
        history: what the history of the pins says, a sentence without a full stop.
        manifests: what has to move, as lines.
    """
    facts = [f"{history}."] if history and found.hops else []
    if newest_safe and not found.problem and found.releases[-1:] != (newest_safe,):
        facts.append(f"Newest release that passes as things stand: {newest_safe}.")
    return page(_headline(found, facts), [route_section(found), _manifests(manifests)])


def _headline(found: Route, facts: Sequence[str]) -> Headline:
    title = f"Route from Flux {found.start} to {found.goal}"
    if found.problem:
        said = f"No safe route from Flux {found.start} to {found.goal}"
        return Headline(title, said, Tone.BAD, facts)
    if not found.hops:
        return Headline(title, f"Already at Flux {found.goal}", Tone.GOOD, facts)
    number = len(found.hops)
    said = f"A safe route takes {number} hop{'s' * (number != 1)}"
    return Headline(title, said, Tone.GOOD if number == 1 else Tone.DOUBTFUL, facts)


def _manifests(lines: Sequence[str]) -> Node | None:
    items = [element("li", line.strip()) for line in lines if line.strip()]
    return section("Manifests to move", element("ul", *items)) if items else None
