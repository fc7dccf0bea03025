"""The rule that tools and references belong to the installed release (FB117)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from semver import Version

from fluxbump.check.rules.pin_findings import of_pin
from fluxbump.check.rules.rule import (
    Evidence,
    Finding,
    NotApplicable,
    NotRun,
    Outcome,
    Related,
    Rule,
    Severity,
    Trait,
)
from fluxbump.discover import environments, floating, release_installs
from fluxbump.discover.copies_and_archives import is_example
from fluxbump.discover.pins import traits
from fluxbump.discover.tracks import installs
from fluxbump.flux import controller_images
from fluxbump.flux.tables import images
from fluxbump.model import FLUX, FLUX2, Form, Pin, Role, TrackKind
from fluxbump.text import version_ranges, versions

_CODE = "FB117"
_SEVERITIES = {Role.TOOL: Severity.WARNING, Role.REFERENCE: Severity.NOTE}
_JUDGED_ELSEWHERE = traits.CONTROLLER_IMAGE  # tags of controllers: FB113


def beside_installs(evidence: Evidence) -> Iterator[Outcome]:
    """Check that every tool and every reference names an installed release (FB117)."""
    beside = [pin for pin in evidence.inventory.pins if _is_beside(pin)]
    if not beside:
        yield NotApplicable(_CODE, "no tool of Flux and no reference to a release is pinned here")
        return
    every = [*_sites(evidence)]
    sites = [(site, at) for site, at in every if not is_example(site.location.path)] or every
    if not sites:
        if _is_installed(evidence) or controller_images.installing(evidence.inventory):
            yield NotRun(_CODE, "no installed Flux version found")
        yield from _among_themselves([pin for pin in beside if pin.track == FLUX])
        return
    unknown = evidence.unlisted_charts
    for pin in beside:
        meant = [(site, at) for site, at in sites if not _is_apart(pin, site)]
        expected = [_expected(evidence, pin, at) for _, at in meant]
        if not meant or any(_agrees(pin, version) for version in expected):
            continue
        if any(not _is_apart(pin, site) for site in unknown):
            yield NotRun(_CODE, f"{pin.location}: {evidence.why_not_installed}")
        else:
            site, release = meant[0]
            newer = all(_is_newer(pin.value, version) for version in expected)
            yield _finding(pin, site, release, expected[0], newer=newer)


def _is_apart(pin: Pin, site: Pin) -> bool:
    """Whether two pins need not agree. Those in an example are compared with each other."""
    mine, other = pin.location.path, site.location.path
    return environments.apart(pin, site) or is_example(mine) != is_example(other)


def _is_beside(pin: Pin) -> bool:
    of_controller = pin.track.kind is TrackKind.IMAGE and pin.kind not in _JUDGED_ELSEWHERE
    return pin.role in _SEVERITIES and (pin.track == FLUX or of_controller)


def _sites(evidence: Evidence) -> Iterator[tuple[Pin, str]]:
    """Yield the pins that say which release is installed, each with the release or its range.

    They are pins of a release. If there is no exact one, charts are added, and if nothing installs
    Flux, tags of controllers. Several releases can ship the same tags; each of them is yielded.
    """
    exact = release_installs.exact(evidence.inventory)
    yield from ((pin, pin.value) for pin in exact or floating.installs(evidence.inventory))
    for pin in [] if exact else installs(evidence.inventory.pins, FLUX2):
        release = evidence.shipped(pin)[0] if pin.form is Form.EXACT else None
        if release is not None:
            yield pin, release
    found = None if _is_installed(evidence) else controller_images.installed(evidence.inventory)
    yield from ((found[0], release) for release in reversed(found[1])) if found else ()


def _is_installed(evidence: Evidence) -> bool:
    pins = evidence.inventory.pins
    return bool(installs(pins, FLUX) or installs(pins, FLUX2))


def _expected(evidence: Evidence, pin: Pin, release: str) -> str:
    """Return the version that a pin must hold at a release; empty if that is not known.

    The Go module with the types of a controller has the version of its image.
    """
    if pin.track == FLUX:
        return release
    shipped = evidence.manifests.get(release)
    tags = images.controllers(release) or (shipped.controllers if shipped else {})
    return tags.get(pin.track.name, "").removeprefix("v")


def _agrees(pin: Pin, expected: str) -> bool:
    """Whether a pin holds the expected version; True if one of the two is not known."""
    version, held = versions.parse(expected), versions.parse(pin.value)
    if version is None:
        return held is None or _admits(expected, held)
    if pin.form is Form.RANGE:
        return _admits(pin.value, version)
    return held is None or held == version


def _admits(wanted: str, version: Version) -> bool:
    try:
        return version_ranges.parse(wanted).admits(version)
    except ValueError:
        return True


def _finding(pin: Pin, site: Pin, installed: str, expected: str, *, newer: bool) -> Finding:
    tail = f"holds {pin.value}, but Flux {installed} is installed here"
    message = f"{pin.subject} {tail} ({site.location})"
    gist = f"a place ({pin.kind}) {tail}"
    severity = _SEVERITIES[pin.role]
    about = ""
    if pin.track != FLUX:
        message += f", which has {expected}"
        gist += f", which has {expected}"
        if newer and pin.kind in traits.MODULE:
            severity = Severity.ERROR
            # A bump brings the controllers closer to it, so the next release is not to blame.
            about = f"{pin.subject} holds {pin.value}, which is newer than the controller"
    related = Related(site.location, f"{site.subject} holds {site.value}")
    return Finding(_CODE, severity, message, pin.location, (related,), about=about, gist=gist)


def _is_newer(held: str, expected: str) -> bool:
    """Whether a program may write fields that the controllers do not have yet.

    The types change with a minor version, not with a patch.
    """
    first, second = versions.parse(held), versions.parse(expected)
    if first is None or second is None:
        return False
    return (first.major, first.minor) > (second.major, second.minor)


def _among_themselves(beside: Sequence[Pin]) -> Iterator[Finding]:
    """Yield the pins that differ from the first tool, if nothing here installs a release."""
    exact = [pin for pin in beside if pin.form is Form.EXACT]
    first = next((pin for pin in exact if pin.role is Role.TOOL), next(iter(exact), None))
    for pin in beside:
        if first is None or _is_apart(pin, first) or _agrees(pin, first.value):
            continue
        tail = f"holds {pin.value}, but {first.location} holds {first.value}"
        related = Related(first.location, f"{first.subject} holds {first.value}")
        yield of_pin(_CODE, _SEVERITIES[pin.role], pin, tail, related)


RULES = (
    Rule(
        _CODE,
        "tools-and-references",
        Severity.WARNING,
        "Tools of Flux, and references to a release, belong to the release that is installed.",
        beside_installs,
        traits=frozenset({Trait.AGREEMENT, Trait.SAFETY}),
        broken="a Go module is newer than the controller that is installed",
    ),
)
