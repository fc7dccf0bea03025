"""The rule that head, labels and images of a gotk-components.yaml are of one release (FB116)."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from fluxbump.check.rules.rule import Evidence, NotApplicable, NotRun, Outcome, Rule, Trait
from fluxbump.discover.pins import traits
from fluxbump.flux import controller_images, gotk
from fluxbump.flux.gotk import GotkManifest, Label
from fluxbump.flux.tables import images as facts
from fluxbump.model import Finding, Location, Pin, Related, Severity

_CODE = "FB116"


def one_release(evidence: Evidence) -> Iterator[Outcome]:
    """Check that head, labels and images of each file belong to one release (FB116)."""
    pins = [pin for pin in evidence.inventory.pins if pin.kind in traits.WHOLE_MANIFEST]
    if not pins:
        yield NotApplicable(_CODE, f"no {gotk.FILE} and no copy of install.yaml is here")
    for pin in pins:
        text = evidence.inventory.files[pin.location.path]
        manifest = gotk.read_copy(text) if _is_copy(pin) else gotk.read(text)
        if manifest is not None:
            yield from _labels(pin, manifest)
            yield from _images(pin, manifest, evidence)


def _is_copy(pin: Pin) -> bool:
    return pin.kind in traits.COPIED_MANIFEST


def _head(pin: Pin) -> str:
    """Return the name of the part of the file that states its release, for people."""
    return "first label" if _is_copy(pin) else "head"


def _labels(pin: Pin, manifest: GotkManifest) -> Iterator[Finding]:
    wrong: dict[str, list[Label]] = {}
    for label in manifest.labels:
        if label.value.removeprefix("v") != pin.value:
            wrong.setdefault(label.value, []).append(label)
    for value, labels in wrong.items():
        first = _at(pin, labels[0].line)
        places = "label says" if len(labels) == 1 else "labels say"
        gist = f"the {_head(pin)} says Flux v{pin.value}, but {len(labels)} {places} {value}"
        message = f"{gist} (the first in line {first.line})"
        finding = _finding(pin, Severity.ERROR, message, first, f"the label says {value}")
        yield replace(finding, about=gist, gist=gist)


def _images(pin: Pin, manifest: GotkManifest, evidence: Evidence) -> Iterator[Outcome]:
    more = {release: shipped.controllers for release, shipped in evidence.manifests.items()}
    tags = facts.controllers(pin.value) or more.get(pin.value, {})
    if not tags:
        yield NotRun(_CODE, f"not known which images Flux {pin.value} ships")
        return
    for image in manifest.images:
        expected = tags.get(image.name)
        if expected in (None, image.tag):
            continue
        place = _at(pin, image.line)
        held = f"the image is {image.name}:{image.tag}"
        others = controller_images.releases_with(image.name, image.tag.removeprefix("v"), more)
        ships = f"Flux {pin.value} ships {expected}"
        if others:
            belongs = f"which belongs to Flux {' and '.join(others)}"
            message = f"the {_head(pin)} says Flux v{pin.value}, but {held}, {belongs}. {ships}"
            yield _finding(pin, Severity.ERROR, message, place, held)
        else:
            message = f"{held}, which no known release ships. {ships}"
            yield _finding(pin, Severity.NOTE, message, place, held)


def _at(pin: Pin, line: int) -> Location:
    return Location(pin.location.path, line)


def _finding(pin: Pin, severity: Severity, message: str, place: Location, what: str) -> Finding:
    """Return a finding at the head, which a bump moves, with the contradiction as related place."""
    return Finding(_CODE, severity, message, pin.location, (Related(place, what),))


RULES = (
    Rule(
        _CODE,
        "gotk-components",
        Severity.ERROR,
        "Head, labels and images of a gotk-components.yaml are those of one release.",
        one_release,
        traits=frozenset({Trait.AGREEMENT, Trait.STOPS_RUN}),
        broken="a gotk-components.yaml is of several releases",
    ),
)
