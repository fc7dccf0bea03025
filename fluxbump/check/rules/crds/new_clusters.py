"""The rule that new clusters accept a chart's CRDs over those installed first (FB201)."""

from __future__ import annotations

from collections.abc import Iterator

from fluxbump.check.rules.crds import installed_crds
from fluxbump.check.rules.crds.pinned_releases import (
    Holds,
    answers,
    chart_pins,
    first_conflict,
    first_installs,
    unknown_crds,
)
from fluxbump.check.rules.rule import Danger, Evidence, Outcome, Rule, Trait, cited
from fluxbump.discover import environments, release_installs
from fluxbump.flux import components, stored_versions
from fluxbump.flux.stored_versions import Conflict
from fluxbump.model import Finding, Related, Severity


def bootstrap(evidence: Evidence) -> Iterator[Outcome]:
    """Check that a new cluster accepts the chart's CRDs over those installed first (FB201)."""
    first = first_installs(evidence.inventory)
    for chart in chart_pins(evidence.inventory, evidence):
        for url in first:
            if environments.apart(url.pin, chart.pin):
                continue
            unknown = unknown_crds("FB201", evidence, url, chart)
            if unknown is not None:
                yield unknown
                continue
            conflicts = stored_versions.fresh(evidence.crds, url.release or "", chart.release or "")
            if conflicts:
                held = installed_crds.controllers(url.pin, evidence)
                conflicts = components.touched(conflicts, held)
            if conflicts:
                yield _bootstrap(url, chart, conflicts, evidence)


def _bootstrap(
    url: Holds, chart: Holds, conflicts: tuple[Conflict, ...], evidence: Evidence
) -> Finding:
    who = release_installs.name(url.pin, evidence.inventory.files)
    refused = f"a new cluster refuses the CRDs of {chart.words} over those of Flux {url.release}"
    return Finding(
        "FB201",
        Severity.ERROR,
        f"{refused}, which {who} at {url.pin.location} installs first: {first_conflict(conflicts)}",
        chart.pin.location,
        (
            Related(url.pin.location, f"installs Flux {url.release}"),
            *(Related(chart.pin.location, said) for said in answers(conflicts, evidence)),
        ),
        gist=f"{refused}, which {who} installs first: {first_conflict(conflicts)}",
    )


RULES = (
    Rule(
        "FB201",
        "bootstrap-conflict",
        Severity.ERROR,
        "The chart's CRDs can be applied over those of the release that is installed first.",
        cited(bootstrap),
        needs=("releases",),
        traits=frozenset({Trait.SAFETY}),
        danger=Danger.MIXES,
        broken="new clusters refuse the CRDs over those installed first",
    ),
)
