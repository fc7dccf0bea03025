"""The rule that the pinned Kubernetes is new enough for the Flux release (FB207)."""

from __future__ import annotations

from collections.abc import Iterator

from fluxbump.check.rules.rule import (
    Danger,
    Evidence,
    NotRun,
    Outcome,
    Rule,
    Trait,
    needed,
    optional,
)
from fluxbump.discover import unparsed
from fluxbump.discover.kubernetes_pins import KubernetesPin
from fluxbump.discover.pins.kind import SETTINGS_FILE
from fluxbump.flux.tables.kubernetes import kubernetes_minimum
from fluxbump.model import FLUX, FLUX2, Finding, Related, Role, Severity
from fluxbump.text.versions import minor


def too_old(evidence: Evidence) -> Iterator[Outcome]:
    """Check that the Flux release runs on each Kubernetes that the repository pins (FB207)."""
    release = evidence.installed
    minimum = kubernetes_minimum(release) if release else None
    for unreadable in needed(evidence.cluster).unsearched:
        yield NotRun("FB207", unparsed.not_searched(unreadable))
    reason = _unknown(evidence, release, minimum)
    if reason or minimum is None:
        yield NotRun("FB207", reason)
        return
    for pin in needed(evidence.cluster).kubernetes:
        if pin.minor is None:
            yield NotRun("FB207", f"{pin.source} does not hold a version: {pin.version}")
        elif pin.minor < (minor(minimum) or (0, 0)):
            yield _finding(evidence, pin, release or "", minimum)


def _doubt(evidence: Evidence, pin: KubernetesPin) -> str:
    """Return why a pin may not be the version of the clusters; empty if there is no doubt.

    Flux refuses to run below its minimum. So a pin that is too old for the release that runs today
    is not about the clusters that run it.
    """
    if pin.location is None or pin.location.path == SETTINGS_FILE:
        return ""  # somebody stated it for these clusters
    if pin.tried:
        return "a test or an example"
    base = optional(evidence.baseline)
    release = evidence.release_of(base.inventory if base else evidence.inventory)
    minimum = kubernetes_minimum(release) if release else None
    too_old = minimum is not None and (pin.minor or (0, 0)) < (minor(minimum) or (0, 0))
    return f"too old for Flux {release} too, which runs already" if too_old else ""


def _unknown(evidence: Evidence, release: str | None, minimum: str | None) -> str:
    """Return why nothing can be checked; empty if it can."""
    if not needed(evidence.cluster).kubernetes:
        return "no pinned Kubernetes found (state it with --kubernetes)"
    if release is None:
        return evidence.why_not_installed
    return "" if minimum else f"the Kubernetes that Flux {release} asks for is not known"


def _finding(evidence: Evidence, pin: KubernetesPin, release: str, minimum: str) -> Finding:
    """Return the finding at the pin, or at a pin that installs Flux if the pin is in no file."""
    flux = [flux_pin for flux_pin in evidence.inventory.pins if flux_pin.track in (FLUX, FLUX2)]
    flux.sort(
        key=lambda flux_pin: (
            flux_pin.role is not Role.INSTALLS,
            flux_pin.track != FLUX,
            flux_pin.location,
        )
    )
    where = pin.location or flux[0].location
    related = tuple(
        Related(flux_pin.location, f"{flux_pin.subject} {flux_pin.value}") for flux_pin in flux[:1]
    )
    doubt = _doubt(evidence, pin)
    more = f" ({doubt}, so it may not be that of your clusters)" if doubt else ""
    held, gist = (
        f"Kubernetes {minimum} or newer, but {source} is {pin.version}"
        for source in (pin.source, "the pinned Kubernetes")
    )
    message, shared = (f"Flux {release} asks for {what}{more}" for what in (held, gist))
    severity = Severity.WARNING if doubt else Severity.ERROR
    return Finding("FB207", severity, message, where, related, held, shared)


TOO_OLD = Rule(
    "FB207",
    "kubernetes-too-old",
    Severity.ERROR,
    "The pinned Kubernetes is one that the Flux release runs on.",
    too_old,
    needs=("cluster",),
    traits=frozenset({Trait.SAFETY}),
    danger=Danger.STOPS,
    broken="a pinned Kubernetes is too old for the release",
)

RULES = (TOO_OLD,)
