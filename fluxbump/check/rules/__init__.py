"""The list of all rules, and the function that runs them on evidence.

A new family of rules is one module here, and one line in `FAMILIES`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from fluxbump.check.evidence_parts import PartName, Renders
from fluxbump.check.rules import (
    blind_spots,
    chart_version_moved,
    community_chart,
    controller_images,
    download_digests,
    floating_chart,
    floating_release,
    flux_helm_release,
    gotk,
    kubernetes_minimum,
    lock_and_archives,
    release_identity,
    rendered_chart,
    stale_text,
    tools_and_references,
    values_mirror,
)
from fluxbump.check.rules.agreement import chart_versions, flux2_chart, flux_operator, installs
from fluxbump.check.rules.crds import existing_clusters, new_clusters
from fluxbump.check.rules.objects import api_versions, fields
from fluxbump.check.rules.rule import Evidence, NotApplicable, NotRun, Outcome, Rule, Trait
from fluxbump.model import Finding

FAMILIES = (
    blind_spots,
    installs,
    chart_versions,
    values_mirror,
    floating_chart,
    floating_release,
    rendered_chart,
    chart_version_moved,
    lock_and_archives,
    stale_text,
    new_clusters,
    existing_clusters,
    api_versions,
    fields,
    community_chart,
    kubernetes_minimum,
    flux_helm_release,
    release_identity,
    flux2_chart,
    controller_images,
    gotk,
    tools_and_references,
    flux_operator,
    download_digests,
)

RULES: dict[str, Rule] = {
    rule.code: rule
    for rule in sorted((rule for family in FAMILIES for rule in family.RULES), key=lambda r: r.code)
}
"""Every rule by its code."""


def having(trait: Trait) -> tuple[str, ...]:
    """Return the codes of the rules that have a trait."""
    return tuple(code for code, rule in RULES.items() if trait in rule.traits)


def need(codes: Iterable[str], *parts: PartName) -> bool:
    """Whether one of the rules called `codes` needs one of these parts of the evidence."""
    return any(part in RULES[code].needs for code in codes for part in parts)


def need_surroundings(codes: Iterable[str]) -> bool:
    """Whether one of the rules called `codes` needs to know Flux resources, CRDs or clusters."""
    return need(codes, "releases", "objects", "cluster")


class Judged(Struct, frozen=True):
    """The outcomes of several rules.

    Attributes:
        findings: the findings, in the order of code and place.
        not_run: what the rules could not check, in the order of code.
        not_applicable: the rules that had nothing to check, in the order of code.
    """

    findings: tuple[Finding, ...]
    not_run: tuple[NotRun, ...]
    not_applicable: tuple[NotApplicable, ...]


def judge(
    evidence: Evidence,
    codes: Collection[str] = tuple(RULES),
    renders: Renders | None = None,
) -> Judged:
    """Run the rules called `codes` on the evidence.

    Args:
        evidence: the evidence to check.
        codes: the codes of the rules to run.
        renders: the function that waits for the renders; None if they are in the evidence already.
            It is called last, so that helm works while the other rules run.
    """
    chosen = [rule for code, rule in RULES.items() if code in codes]
    last = [rule for rule in chosen if "renders" in rule.needs]
    first = [rule for rule in chosen if "renders" not in rule.needs]
    outcomes = [outcome for rule in first for outcome in rule.judge(evidence)]
    if last and renders is not None:
        evidence = replace(evidence, renders=renders())
    outcomes += [outcome for rule in last for outcome in rule.judge(evidence)]
    found = [outcome for outcome in outcomes if isinstance(outcome, Finding)]
    return Judged(
        tuple(sorted(found, key=lambda outcome: (outcome.code, outcome.location))),
        _once(outcomes, NotRun),
        _once(outcomes, NotApplicable),
    )


_Reason = TypeVar("_Reason", NotRun, NotApplicable)


def _once(outcomes: Iterable[Outcome], of: type[_Reason]) -> tuple[_Reason, ...]:
    different = dict.fromkeys(outcome for outcome in outcomes if isinstance(outcome, of))
    return tuple(sorted(different, key=lambda outcome: outcome.code))
