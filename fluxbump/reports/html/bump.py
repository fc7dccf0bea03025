"""Writes a bump as a page: its verdict, its refusals, the pins, the route and the patch. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fluxbump.check.rules import RULES
from fluxbump.flux.upgrade_path import Route
from fluxbump.model import FLUX, FLUX2, OPERATOR, Snapshot, Step
from fluxbump.reports.bump_patches import patches
from fluxbump.reports.counts import counted
from fluxbump.reports.html.diff import diff_section
from fluxbump.reports.html.elements import Node
from fluxbump.reports.html.findings import findings_section, unjudged_section
from fluxbump.reports.html.page import Headline, Tone, listing, page, section
from fluxbump.reports.html.path_diagram import route_section
from fluxbump.reports.html.pins import PinMap, pins_section
from fluxbump.reports.table import Paint
from fluxbump.reports.text import nothing_to_do

if TYPE_CHECKING:
    from fluxbump.bump.prepared_bump import Prepared


def bump_page(
    prepared: Prepared[Snapshot], route: Route | None, outcome: str, steps: Sequence[Step]
) -> str:
    """Write the page of a bump.

    Args:
        prepared: the bump.
        route: the route to its release. None if it is not known.
        outcome: the result of the bump, a sentence without a full stop.
        steps: the commands to type next.
    """
    verdict, stopping = prepared.verdict, set(prepared.refusals)
    new = [
        finding
        for finding in verdict.findings
        if finding not in prepared.inherited and finding not in stopping
    ]
    old = [finding for finding in verdict.findings if finding in prepared.inherited]
    sections = [
        findings_section("What stops the bump", prepared.refusals, RULES),
        route_section(route) if route else None,
        pins_section(_pins(prepared)),
        findings_section("Further findings of the result", new, RULES),
        _mentions(prepared),
        diff_section(patches(prepared, Paint(enabled=False))),
        findings_section("Existing findings, not caused by this change", old, RULES),
        unjudged_section(verdict, RULES),
    ]
    return page(_headline(prepared, outcome), sections, steps)


def _headline(prepared: Prepared[Snapshot], outcome: str) -> Headline:
    plan = prepared.plan
    track, name = (OPERATOR, OPERATOR.name) if plan.operator_alone else (FLUX, "Flux")
    target = f"{name} {plan.targets[track]}"
    title = f"{name} {_step(plan.current.get(track), plan.targets[track])}"
    facts = [f"{counted(prepared)}.", f"{outcome}."]
    if FLUX2 in plan.targets and not plan.operator_alone:
        facts.insert(0, f"Chart flux2: {_step(plan.current.get(FLUX2), plan.targets[FLUX2])}.")
    if not prepared.passed:
        return Headline(title, f"The bump to {target} is refused", Tone.BAD, facts)
    if prepared.empty:
        said, *why = nothing_to_do(prepared).splitlines()
        return Headline(title, said, Tone.GOOD, [line.strip() for line in why])
    return Headline(title, f"The bump to {target} passes its checks", Tone.GOOD, facts)


def _step(old: str | None, new: str) -> str:
    return new if old in (None, new) else f"{old} → {new}"


def _pins(prepared: Prepared[Snapshot]) -> PinMap:
    plan = prepared.plan
    return PinMap(
        prepared.inventory.pins,
        plan.current,
        plan.targets,
        {},
        frozenset(refusal.location for refusal in prepared.refusals),
    )


def _mentions(prepared: Prepared[Snapshot]) -> Node | None:
    if not prepared.mentions:
        return None
    rows = [
        (str(mention.location), mention.value, mention.text.strip())
        for mention in prepared.mentions
    ]
    title = "Mentions to review (fluxbump does not change them)"
    return section(title, listing(("Place", "Version", "Text"), rows))
