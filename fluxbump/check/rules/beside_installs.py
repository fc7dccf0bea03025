"""The rule that tools and references belong to the release that is installed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fluxbump.check.rules.rule import (
    Evidence,
    Finding,
    NotApplicable,
    NotRun,
    Outcome,
    Related,
    Rule,
    Severity,
)
from fluxbump.discover import chart_installs, installers
from fluxbump.discover.tracks import installs
from fluxbump.model import FLUX, FLUX2, Form, Pin, Role
from fluxbump.text import version_ranges, versions

_CODE = "FB117"
_SEVERITIES = {Role.TOOL: Severity.WARNING, Role.REFERENCE: Severity.NOTE}
_JUDGED_ELSEWHERE = ("controller-image",)  # FB113


def beside_installs(evidence: Evidence) -> Iterator[Outcome]:
    """Every tool and every reference names the release that is installed."""
    beside = [
        pin
        for pin in evidence.inventory.pins
        if pin.track == FLUX and pin.role in _SEVERITIES and pin.kind not in _JUDGED_ELSEWHERE
    ]
    if not beside:
        yield NotApplicable(_CODE, "no tool of Flux and no reference to a release is pinned here")
        return
    sites = [*_sites(evidence)]
    if not sites:
        if installs(evidence.inventory.pins, FLUX) or installs(evidence.inventory.pins, FLUX2):
            yield NotRun(_CODE, "nothing here says which release is installed")
        yield from _among_themselves(beside)
        return
    for pin in beside:
        meant = [(site, at) for site, at in sites if not chart_installs.apart(pin, site)]
        if meant and not any(_agrees(pin, release) for _, release in meant):
            yield _finding(pin, *meant[0])


def _sites(evidence: Evidence) -> Iterator[tuple[Pin, str]]:
    """Yield the places that say which release is installed, else which chart, with the release."""
    exact = installers.exact(evidence.inventory)
    yield from ((pin, pin.value) for pin in exact)
    for pin in [] if exact else installs(evidence.inventory.pins, FLUX2):
        release = evidence.shipped(pin)[0] if pin.form is Form.EXACT else None
        if release is not None:
            yield pin, release


def _agrees(pin: Pin, installed: str) -> bool:
    """Whether a pin names the release, as far as it names one."""
    release = versions.parse(installed)
    if pin.form is Form.RANGE and release is not None:
        try:
            return version_ranges.parse(pin.value).admits(release)
        except ValueError:
            return True
    held = versions.parse(pin.value)
    return held is None or release is None or held == release


def _finding(pin: Pin, site: Pin, installed: str) -> Finding:
    message = (
        f"{pin.subject} holds {pin.value}, but Flux {installed} is installed here ({site.location})"
    )
    related = Related(site.location, f"{site.subject} holds {site.value}")
    return Finding(_CODE, _SEVERITIES[pin.role], message, pin.location, (related,))


def _among_themselves(beside: Sequence[Pin]) -> Iterator[Finding]:
    """Yield what differs from the first tool, where nothing here installs a release."""
    exact = [pin for pin in beside if pin.form is Form.EXACT]
    first = next((pin for pin in exact if pin.role is Role.TOOL), next(iter(exact), None))
    for pin in beside:
        if first is None or chart_installs.apart(pin, first) or _agrees(pin, first.value):
            continue
        message = f"{pin.subject} holds {pin.value}, but {first.location} holds {first.value}"
        related = Related(first.location, f"{first.subject} holds {first.value}")
        yield Finding(_CODE, _SEVERITIES[pin.role], message, pin.location, (related,))


RULES = (
    Rule(
        _CODE,
        "tools-and-references",
        Severity.WARNING,
        "Tools of Flux, and references to a release, belong to the release that is installed.",
        beside_installs,
    ),
)
