"""Rules that places which install Flux hold one release, and the chart ships it (FB101-FB103)."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from msgspec.structs import replace

from fluxbump.check import lost_install_files, lost_installs
from fluxbump.check.lost_install_files import Is, is_install_url
from fluxbump.check.rules.pin_findings import error_at, holds
from fluxbump.check.rules.rule import (
    Danger,
    Evidence,
    NotApplicable,
    NotRun,
    Outcome,
    Rule,
    Trait,
    optional,
)
from fluxbump.discover import chart_installs, environments, opaque_pins, release_installs, unparsed
from fluxbump.discover.pins import traits
from fluxbump.discover.tracks import installs
from fluxbump.model import FLUX2, Finding, Form, Location, Pin, Related, Severity
from fluxbump.text import version_ranges

_SITES = frozenset({"FB102", "FB103", "FB113"})
"""The rules whose findings say that two places install different releases of Flux."""


def blames(finding: Finding, places: Collection[Location]) -> bool:
    """Whether a finding says that one of `places` installs another release than a second one."""
    named = (finding.location, *(related.location for related in finding.related))
    return finding.code in _SITES and any(place in places for place in named)


def _lost(
    code: str, losses: lost_installs.Losses, is_one: Is, evidence: Evidence
) -> Iterator[Finding | NotRun]:
    """Yield the files that started Flux at the base, and do so no more."""
    before = optional(evidence.baseline)
    if before is None:
        return
    starts = {
        pin.location.path for pin in lost_install_files.starts(before.inventory) if is_one(pin)
    }
    for path, unreadable in before.remains.unsearched.items():
        if path in starts:
            yield NotRun(code, unparsed.not_searched(unreadable))
    for loss in losses(before.inventory, evidence.inventory, before.remains.texts):
        severity = Severity.ERROR if loss.sure else Severity.WARNING
        place = Related(loss.pin.location, "at the base")
        yield Finding(code, severity, loss.message, loss.location, (place,))


# --- FB101, FB102: every side holds a version -------------------------------------------------


def chart_dependency(evidence: Evidence) -> Iterator[Outcome]:
    """Check that every wrapper depends on one exact version of the community chart (FB101)."""
    dependencies = chart_installs.dependencies(evidence.inventory)
    for pin in dependencies:
        if pin.form is not Form.EXACT:
            tail = f"is not exact (holds {holds(pin)})"
            gist = f"a dependency on flux2 {tail}"
            yield error_at("FB101", pin, f"{pin.subject} {tail}", gist=gist)
    gone = [*_lost("FB101", lost_installs.dependencies, chart_installs.is_dependency, evidence)]
    yield from gone
    if not dependencies and not gone:
        yield NotApplicable("FB101", "no chart here depends on the community chart flux2")


def install_manifest(evidence: Evidence) -> Iterator[Outcome]:
    """Check that every place that installs Flux names one release, and the same one (FB102)."""
    sources = release_installs.sources(evidence.inventory)
    urls = [pin for pin in sources if pin.kind in traits.ONE_RELEASE]
    exact = release_installs.exact(evidence.inventory)
    beside_chart = bool(installs(evidence.inventory.pins, FLUX2))
    for pin in urls:
        if pin.form is Form.VARIABLE and exact:
            # Another place says which release is installed; whether this one agrees is not known.
            yield NotRun("FB102", f"{pin.location} takes its release from {pin.value}")
        elif pin.form is Form.VARIABLE:
            yield _not_followed(pin, beside_chart=beside_chart)
        elif pin.form is not Form.EXACT:
            yield _not_exact(pin)
    for number, pin in enumerate(exact):
        first = next((o for o in exact[:number] if release_installs.together(o, pin, exact)), None)
        if first is not None and pin.value != first.value:
            yield _installs_differ(pin, first)
    yield from _excluding(evidence, exact)
    gone = [*_lost("FB102", lost_installs.urls, is_install_url, evidence)]
    yield from gone
    if not (release_installs.sources(evidence.inventory) or gone):
        yield NotApplicable("FB102", "no installed Flux release found")


def _not_exact(pin: Pin) -> Finding:
    """Return the finding about a pin that installs Flux, and holds no exact release."""
    what = holds(pin)
    if pin.form is Form.OPAQUE and not opaque_pins.is_digest(pin):
        what = f"{pin.value}, which is not a tag of Flux"
    who = "install URL" if pin.kind in traits.INSTALL_URL else pin.subject
    tail = f"is not pinned (holds {what})"
    return error_at("FB102", pin, f"the {who} {tail}", gist=f"a place ({pin.kind}) {tail}")


def _not_followed(pin: Pin, *, beside_chart: bool) -> Finding:
    """Return the finding about a variable whose value no file of the repository sets.

    It is an error beside a chart, because the two cannot be compared.
    """
    who = "install URL" if pin.kind in traits.INSTALL_URL else pin.subject
    tail = f"takes its release from {pin.value}, which no file here sets to one release"
    gist = f"a place ({pin.kind}) {tail}"
    severity = Severity.ERROR if beside_chart else Severity.NOTE
    return Finding("FB102", severity, f"the {who} {tail}", pin.location, gist=gist)


def _excluding(evidence: Evidence, exact: list[Pin]) -> Iterator[Finding]:
    """Yield the ranges that do not admit the release that another place installs."""
    for pin in release_installs.sources(evidence.inventory):
        near = (other for other in exact if not environments.apart(other, pin))
        first = next(near, None) if pin.form is Form.RANGE else None
        if first is not None and not version_ranges.admits(pin.value, first.value):
            message = (
                f"{pin.subject} holds the range {pin.value}, which excludes {first.value} "
                f"({first.location})"
            )
            related = Related(first.location, f"holds {first.value}")
            yield error_at("FB102", pin, message, related)


def _installs_differ(pin: Pin, first: Pin) -> Finding:
    who = "the install URL" if pin.kind in traits.INSTALL_URL else pin.subject
    other = "the one in " if {pin.kind, first.kind} <= traits.INSTALL_URL else ""
    return error_at(
        "FB102",
        pin,
        f"{who} holds {pin.value}, but {other}{first.location} holds {first.value}",
        Related(first.location, f"holds {first.value}"),
        gist=f"a place ({pin.kind}) holds {pin.value}, but another holds {first.value}",
    )


# --- FB103: both sides are the same release ---------------------------------------------------


def version_agreement(evidence: Evidence) -> Iterator[Outcome]:
    """Check that the release that is installed first is the one that the chart ships (FB103)."""
    inventory = evidence.inventory
    installs, charts = release_installs.exact(inventory), chart_installs.exact(inventory)
    if not charts or not installs:
        missing = "release is installed" if charts else "chart flux2 is asked for"
        yield NotApplicable("FB103", f"no {missing} here that could be compared with another")
        return
    known: list[tuple[Pin, str | None, str]] = []
    for chart in charts:
        shipped, source = evidence.shipped(chart)
        unknown = evidence.unknown_chart(chart) if shipped is None else None
        if unknown is not None:
            yield NotRun("FB103", unknown)
        else:
            known.append((chart, shipped, source))
    for chart, shipped, source in known:
        for install in installs:
            said = replace(chart, value=shipped or "")
            if install.value != shipped and release_installs.together(install, said, installs):
                yield _disagreement(install, chart, shipped, source, evidence)


def _disagreement(
    install: Pin, chart: Pin, shipped: str | None, source: str, evidence: Evidence
) -> Finding:
    ships = f"ships Flux {shipped} (says {source})" if shipped else "is not in the chart index"
    who = release_installs.name(install, evidence.inventory.files)
    return error_at(
        "FB103",
        install,
        f"{who} installs Flux {install.value}, but {chart.location} asks for "
        f"flux2 {chart.value}, which {ships}",
        Related(chart.location, f"flux2 {chart.value} {ships}"),
        gist=f"{who} installs Flux {install.value}, but flux2 {chart.value} is asked for, "
        f"which {ships}",
    )


_AGREEMENT = frozenset({Trait.AGREEMENT})
_STOPS_RUN = _AGREEMENT | {Trait.STOPS_RUN}

RULES = (
    Rule(
        "FB101",
        "chart-dependency-pinned",
        Severity.ERROR,
        "The wrapper depends on one exact version of the community chart flux2.",
        chart_dependency,
        traits=_AGREEMENT,
        broken="a dependency on flux2 is not one exact version",
    ),
    Rule(
        "FB102",
        "install-manifest-pinned",
        Severity.ERROR,
        "Every place that installs Flux names one release, and in one environment the same one.",
        install_manifest,
        traits=_STOPS_RUN | {Trait.REALIGNED, Trait.ONE_RELEASE},
        broken="places that install Flux disagree, or hold no release",
    ),
    Rule(
        "FB103",
        "version-agreement",
        Severity.ERROR,
        "The release that is installed first is the one that the chart ships.",
        version_agreement,
        traits=_STOPS_RUN | {Trait.REALIGNED, Trait.ONE_RELEASE, Trait.ESSENTIAL},
        danger=Danger.MIXES,
        broken="the chart ships another release than is installed first",
    ),
)
