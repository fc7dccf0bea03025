"""The rule that the images of the controllers belong to the release that is installed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

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
from fluxbump.discover import installers
from fluxbump.discover.pins import traits
from fluxbump.discover.tracks import current
from fluxbump.flux import controller_images as images
from fluxbump.flux.tables import images as facts
from fluxbump.model import FLUX, FLUX2, Form, Pin, Role, TrackKind

_IN_VALUES = " in the values of "


def controller_images(evidence: Evidence) -> Iterator[Outcome]:
    """Every image of a controller is the one that the installed release ships."""
    more = {release: shipped.controllers for release, shipped in evidence.manifests.items()}
    known: dict[tuple[str, bool], str | None] = {}  # a file may hold many images
    for pin in evidence.inventory.pins:
        if pin.kind not in traits.CONTROLLER_IMAGE or pin.form is not Form.EXACT:
            continue
        place = pin.location.path, _IN_VALUES in pin.subject
        if place not in known:
            known[place] = _expected(evidence, pin)
        expected = known[place]
        if expected is None:
            yield NotRun("FB113", "not known which release is installed")
        elif pin.track == FLUX:
            if pin.value != expected:
                yield _finding(evidence, pin, f"is the CLI of Flux {pin.value}", expected)
        else:
            yield from _image(evidence, pin, expected, more)


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
        held = f"v{pin.value} belongs to Flux {' and '.join(releases)}"
        yield _finding(evidence, pin, held, expected)
    else:
        tail = (
            f"is at v{pin.value}, which no known release ships; Flux {expected} "
            f"ships {tags.get(pin.track.name, 'no such controller')}"
        )
        message, gist = f"{pin.subject} {tail}", f"{pin.track.name} {tail}"
        yield Finding("FB113", Severity.NOTE, message, pin.location, gist=gist)


def _expected(evidence: Evidence, pin: Pin) -> str | None:
    """The release that an image must belong to: for values, the one of the chart."""
    chart = evidence.chart(current(evidence.inventory).get(FLUX2, ""))
    if chart is not None and _IN_VALUES in pin.subject:
        return str(chart.app_version)
    gotk = any(pin.kind in traits.BOOTSTRAPPED for pin in evidence.inventory.pins)
    return installers.beside(evidence.inventory, pin.location.path) if gotk else evidence.installed


def _finding(evidence: Evidence, pin: Pin, held: str, expected: str) -> Finding:
    tail = f"{held}, but Flux {expected} is installed here"
    if _IN_VALUES in pin.subject and pin.track.kind is TrackKind.IMAGE:
        tail = (
            f"{held}, but the chart ships Flux {expected}: the controller stays at "
            "that image while the CRDs move"
        )
    related = tuple(
        Related(one.location, f"{one.subject} holds {one.value}")
        for one in evidence.inventory.pins
        if one.form is Form.EXACT and one.track in (FLUX, FLUX2) and one.role is Role.INSTALLS
    )
    return Finding(
        "FB113",
        Severity.ERROR,
        f"{pin.subject}: {tail}",
        pin.location,
        related,
        gist=f"an image of {pin.track.name}: {tail}",
    )


RULES = (
    Rule(
        "FB113",
        "controller-images",
        Severity.ERROR,
        "Every image of a Flux controller belongs to the release that is installed.",
        controller_images,
        traits=frozenset({Trait.AGREEMENT}),
        danger=Danger.MIXES,
        broken="images of controllers belong to another release",
    ),
)
