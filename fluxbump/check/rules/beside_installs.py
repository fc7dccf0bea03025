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
    installed = evidence.installed
    sites = _sites(evidence)
    if installed is None or not sites:
        yield NotRun(_CODE, "nothing here says which release is installed")
        return
    for pin in beside:
        if not _agrees(pin, installed):
            yield _finding(pin, installed, sites)


def _sites(evidence: Evidence) -> Sequence[Pin]:
    """The places that say which release is installed, else which chart."""
    pins = evidence.inventory.pins
    return installers.exact(evidence.inventory) or first_installs(pins, FLUX2)


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


def _finding(pin: Pin, installed: str, sites: Sequence[Pin]) -> Finding:
    site = next((one for one in sites if one.value == installed), sites[0])
    message = (
        f"{pin.subject} holds {pin.value}, but Flux {installed} is installed here ({site.location})"
    )
    related = Related(site.location, f"{site.subject} holds {site.value}")
    return Finding(_CODE, _SEVERITIES[pin.role], message, pin.location, (related,))


RULES = (
    Rule(
        _CODE,
        "tools-and-references",
        Severity.WARNING,
        "Tools of Flux, and references to a release, belong to the release that is installed.",
        beside_installs,
    ),
)
