"""The rule that image tags of controllers belong to the installed release (FB113)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from fluxbump.check.rules.rule import (
    Danger,
    Evidence,
    Finding,
    NotRun,
    Outcome,
    Related,
    Rule,
    Severity,
    Trait,
)
from fluxbump.discover import environments, release_installs
from fluxbump.discover.pins import traits
from fluxbump.discover.tracks import current, installs
from fluxbump.flux import controller_images as images
from fluxbump.flux.stored_versions import key as release_key
from fluxbump.flux.tables import images as facts
from fluxbump.model import FLUX, FLUX2, Form, Pin, Role, TrackKind

_IN_VALUES = " in the values of "

_Held = Sequence[tuple[Pin, tuple[str, ...]]]
"""The image pins of one file, each with the releases that ship this image."""


def controller_images(evidence: Evidence) -> Iterator[Outcome]:
    """Check that every controller image is one that the installed release ships (FB113)."""
    more = {release: shipped.controllers for release, shipped in evidence.manifests.items()}
    if not any(installs(evidence.inventory.pins, track) for track in (FLUX, FLUX2)):
        yield from _among_themselves(evidence.inventory.pins, more)
        return
    known: dict[tuple[str, bool], str | None] = {}  # a file may hold many images
    for pin in evidence.inventory.pins:
        if not _is_tag(pin):
            continue
        place = pin.location.path, _IN_VALUES in pin.subject
        if place not in known:
            known[place] = _expected(evidence, pin)
        expected = known[place]
        if expected is None:
            yield NotRun("FB113", "not known which release is installed")
        else:
            yield from _image(evidence, pin, expected, more)


def _is_tag(pin: Pin) -> bool:
    """Whether a pin is the tag of a controller that is installed."""
    ours = pin.kind in traits.CONTROLLER_IMAGE or pin.track.kind is TrackKind.IMAGE
    return ours and pin.form is Form.EXACT and pin.role is Role.INSTALLS


def _image(
    evidence: Evidence, pin: Pin, expected: str, more: Mapping[str, Mapping[str, str]]
) -> Iterator[Outcome]:
    tags = facts.controllers(expected) or more.get(expected, {})
    if not tags:
        yield NotRun("FB113", f"not known which images Flux {expected} ships")
        return
    if tags.get(pin.track.name) == f"v{pin.value}":
        return
    releases = images.releases_with(pin.track.name, pin.value, more)
    if releases:
        held = f"holds v{pin.value} of Flux {' and '.join(releases)}"
        yield _finding(evidence, pin, held, expected)
    else:
        ships = tags.get(pin.track.name, "no such controller")
        yield _unknown(pin, f". Flux {expected} ships {ships}")


def _among_themselves(
    pins: Iterable[Pin], more: Mapping[str, Mapping[str, str]]
) -> Iterator[Outcome]:
    """Check that the images of one tree belong to one release, if nothing else installs Flux."""
    files: dict[str, list[tuple[Pin, tuple[str, ...]]]] = {}
    for pin in pins:
        if not _is_tag(pin):
            continue
        releases = images.releases_with(pin.track.name, pin.value, more)
        files.setdefault(pin.location.path, []).append((pin, releases))
    for held in files.values():
        near = [each for other in files.values() if _is_near(held, other) for each in other]
        counted = Counter(release for _, releases in near for release in releases)
        most = max(
            counted,
            key=lambda release: (counted[release], release_key(release)),
            default=None,
        )
        for pin, releases in held:
            if not releases:
                yield _unknown(pin, "")
            elif most is not None and most not in releases:
                yield _odd(pin, releases, near, most)


def _is_near(held: _Held, other: _Held) -> bool:
    pin, another = held[0][0], other[0][0]
    return environments.one_tree(pin, another) and not environments.apart(pin, another)


def _odd(pin: Pin, releases: Iterable[str], near: _Held, most: str) -> Finding:
    tail = (
        f"holds v{pin.value} of Flux {' and '.join(releases)}, but most controllers here are of "
        f"Flux {most}"
    )
    related = tuple(
        Related(other.location, f"{other.subject} holds v{other.value}, of Flux {most}")
        for other, of in near
        if most in of
    )
    gist = f"a place ({pin.kind}) of {pin.track.name} {tail}"
    message = f"{pin.subject} {tail}"
    return Finding("FB113", Severity.ERROR, message, pin.location, related, gist=gist)


def _unknown(pin: Pin, more: str) -> Finding:
    tail = f"holds v{pin.value}, which no known release ships{more}"
    gist = f"{pin.track.name} {tail}"
    return Finding("FB113", Severity.NOTE, f"{pin.subject} {tail}", pin.location, gist=gist)


def _expected(evidence: Evidence, pin: Pin) -> str | None:
    """Return the release that an image must belong to; in values, the release of the chart."""
    chart = evidence.chart(current(evidence.inventory).get(FLUX2, ""))
    if chart is not None and _IN_VALUES in pin.subject:
        return str(chart.app_version)
    gotk = any(pin.kind in traits.BOOTSTRAPPED for pin in evidence.inventory.pins)
    return (
        release_installs.beside(evidence.inventory, pin.location.path)
        if gotk
        else evidence.installed
    )


def _finding(evidence: Evidence, pin: Pin, held: str, expected: str) -> Finding:
    tail = f"{held}, but Flux {expected} is installed here"
    if _IN_VALUES in pin.subject and pin.track.kind is TrackKind.IMAGE:
        tail = (
            f"{held}, but the chart ships Flux {expected}, so a new chart moves the CRDs "
            "without this controller"
        )
    related = tuple(
        Related(other.location, f"{other.subject} holds {other.value}")
        for other in evidence.inventory.pins
        if other.form is Form.EXACT and other.track in (FLUX, FLUX2) and other.role is Role.INSTALLS
    )
    return Finding(
        "FB113",
        Severity.ERROR,
        f"{pin.subject} {tail}",
        pin.location,
        related,
        gist=f"a place ({pin.kind}) of {pin.track.name} {tail}",
    )


RULES = (
    Rule(
        "FB113",
        "controller-images",
        Severity.ERROR,
        "Every image of a Flux controller, and its manifests, belong to the installed release.",
        controller_images,
        traits=frozenset({Trait.AGREEMENT}),
        danger=Danger.MIXES,
        broken="images or manifests of controllers belong to another release",
    ),
)
