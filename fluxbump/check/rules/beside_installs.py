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
from fluxbump.discover import installers
from fluxbump.discover.tracks import first_installs
from fluxbump.flux.tables import images
from fluxbump.model import FLUX, FLUX2, Form, Pin, Role, TrackKind
from fluxbump.text import version_ranges, versions

_CODE = "FB117"
_SEVERITIES = {Role.TOOL: Severity.WARNING, Role.REFERENCE: Severity.NOTE}
_JUDGED_ELSEWHERE = ("controller-image",)  # FB113


def beside_installs(evidence: Evidence) -> Iterator[Outcome]:
    """Every tool and every reference names a release that is installed."""
    beside = [pin for pin in evidence.inventory.pins if _is_beside(pin)]
    if not beside:
        yield NotApplicable(_CODE, "no tool of Flux and no reference to a release is pinned here")
        return
    sites, installed = _sites(evidence), evidence.installed
    if installed is None or not sites:
        yield NotRun(_CODE, "nothing here says which release is installed")
        return
    releases = {one.value for one in sites if one.track == FLUX} or {installed}
    for pin in beside:
        expected = _expected(evidence, pin, installed)
        if not any(_agrees(pin, _expected(evidence, pin, one)) for one in releases):
            yield _finding(pin, installed, expected, sites)


def _is_beside(pin: Pin) -> bool:
    of_release = pin.track == FLUX or pin.track.kind is TrackKind.IMAGE
    return of_release and pin.role in _SEVERITIES and pin.kind not in _JUDGED_ELSEWHERE


def _sites(evidence: Evidence) -> Sequence[Pin]:
    """The places that say which release is installed, else which chart."""
    pins = evidence.inventory.pins
    return installers.exact(evidence.inventory) or first_installs(pins, FLUX2)


def _expected(evidence: Evidence, pin: Pin, release: str) -> str:
    """Return what a place has to hold at a release; nothing where that is not known.

    The types of a controller have the version of its image.
    """
    if pin.track == FLUX:
        return release
    shipped = evidence.manifests.get(release)
    tags = images.controllers(release) or (shipped.controllers if shipped else {})
    return tags.get(pin.track.name, "").removeprefix("v")


def _agrees(pin: Pin, expected: str) -> bool:
    """Whether a place holds a version, as far as it names one, and as far as that is known."""
    version = versions.parse(expected)
    if pin.form is Form.RANGE and version is not None:
        try:
            return version_ranges.parse(pin.value).admits(version)
        except ValueError:
            return True
    held = versions.parse(pin.value)
    return held is None or version is None or held == version


def _finding(pin: Pin, installed: str, expected: str, sites: Sequence[Pin]) -> Finding:
    site = next((one for one in sites if one.value == installed), sites[0])
    message = (
        f"{pin.subject} holds {pin.value}, but Flux {installed} is installed here ({site.location})"
    )
    severity = _SEVERITIES[pin.role]
    if pin.track != FLUX:
        message += f", which has {expected}"
        severity = Severity.WARNING if _is_newer(pin.value, expected) else severity
    related = Related(site.location, f"{site.subject} holds {site.value}")
    return Finding(_CODE, severity, message, pin.location, (related,))


def _is_newer(held: str, expected: str) -> bool:
    """Whether a program may write what the controllers do not know yet."""
    first, second = versions.parse(held), versions.parse(expected)
    return first is not None and second is not None and first > second


RULES = (
    Rule(
        _CODE,
        "tools-and-references",
        Severity.WARNING,
        "Tools of Flux, and references to a release, belong to the release that is installed.",
        beside_installs,
    ),
)
