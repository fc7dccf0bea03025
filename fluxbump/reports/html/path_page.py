"""Writes the route to a release as a page. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from fluxbump.flux.upgrade_path import Route
from fluxbump.model import Step
from fluxbump.reports.html.elements import Node, element
from fluxbump.reports.html.page import Headline, Tone, page, section
from fluxbump.reports.html.path_diagram import route_section
from fluxbump.reports.upgrade_path import Used

_MOST = 20
"""The most manifests that are shown without folding."""


class RouteFacts(Struct, frozen=True):
    """The facts about a repository that the page of a route shows.

    Attributes:
        newest_safe: the newest release that passes in one hop. None if it is not known.
        history: the facts from the history of the pins, a sentence without a full stop.
        used: the removed API versions that manifests use. None if manifests were not searched.
        manifests: the manifests to move before each hop, as lines with a heading first.
    """

    newest_safe: str | None = None
    history: str | None = None
    used: Used | None = None
    manifests: Sequence[Sequence[str]] = ()


def path_page(found: Route, known: RouteFacts, steps: Sequence[Step] = ()) -> str:
    """Write the page of a route.

    Args:
        found: the route.
        known: the facts about the repository.
        steps: the commands to type next.
    """
    facts = [f"{known.history}."] if known.history and found.hops else []
    newest = known.newest_safe
    if newest and not found.problem and found.releases[-1:] != (newest,):
        facts.append(f"Newest release that passes now: {newest}.")
    manifests = (_manifests(lines) for lines in known.manifests)
    sections = [route_section(found, known.used), *manifests]
    return page(_headline(found, facts), sections, steps)


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


def _manifests(lines: Sequence[str]) -> Node:
    """Return the section of manifests from its lines: indented lines are manifests."""
    title, *rest = lines
    held = [line for line in rest if line.startswith(" ")]
    places: Node = element("ul", *(element("li", line.strip()) for line in held))
    if len(held) > _MOST:
        places = element("details", element("summary", f"All {len(held)} manifests"), places)
    said = (element("p", line) for line in rest if line not in held)
    return section(title.removesuffix(":"), *said, places)
