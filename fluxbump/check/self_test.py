"""The self-test of the gate: plants a fault at every pin, and requires a rule to refuse it. Pure.

Faults are planted in memory. The self-test fails if no rule refuses a fault, and also if a fault
cannot be checked, for example without a chart index: a gate that was not tried proves nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from fluxbump.check import rules
from fluxbump.check.evidence import Evidence
from fluxbump.check.evidence_parts import Baseline
from fluxbump.check.rules import self_test_rules
from fluxbump.discover.chart_installs import is_dependency
from fluxbump.discover.digests import spellings
from fluxbump.discover.inventory import rediscover
from fluxbump.discover.pins import traits
from fluxbump.discover.scope import Scope
from fluxbump.errors import PinError
from fluxbump.flux import controller_images
from fluxbump.model import (
    FLUX2,
    Finding,
    Form,
    Inventory,
    Location,
    Pin,
    TrackKind,
)
from fluxbump.text import versions
from fluxbump.text.splice import Edit

_RAISE = 7  # far enough from what other pins hold that no two faults agree by chance


class Mutant(Struct, frozen=True):
    """A fault at one pin.

    Attributes:
        pin: the pin that gets the fault.
        fault: the fault, for people.
        edit: the edit that plants the fault.
        codes: the codes of the rules, one of which must refuse the fault.
        line: the line on which the finding, or one of its related places, must be.
    """

    pin: Pin
    fault: str
    edit: Edit
    codes: tuple[str, ...]
    line: Location


class Trial(Struct, frozen=True):
    """A fault, with the finding that refuses it.

    Attributes:
        mutant: the fault.
        finding: the finding that refuses the fault, at its line; None if no rule refuses it.
        reason: why the fault was not refused; empty if it was.
    """

    mutant: Mutant
    finding: Finding | None
    reason: str = ""


def run(evidence: Evidence, scope: Scope) -> tuple[Trial, ...]:
    """Plant every fault, one at a time, and run the rules that must refuse it.

    Args:
        evidence: the evidence about the snapshot as it is.
        scope: the scope of the search, to find the pins again.
    """
    return tuple(_try(mutant, evidence, scope) for mutant in mutants(evidence.inventory))


def mutants(inventory: Inventory) -> Iterator[Mutant]:
    """Yield the faults: another version at every pin, and at some a range, `latest`, or no pin."""
    for pin in inventory.pins:
        # A Go module holds a full version too, although nothing rewrites it.
        if pin.form is not Form.EXACT and pin.kind not in traits.MODULE:
            continue
        text = inventory.files[pin.location.path]
        for fault, start, end, new, codes in (*_wrong(pin, inventory), *_worse(pin, text)):
            if codes:
                edit = Edit(pin.location.path, start, end, new)
                line = _line(_dependency(pin, inventory) if fault == _GONE else pin.location)
                yield Mutant(pin, fault, edit, codes, line)


def _dependency(mirror: Pin, inventory: Inventory) -> Location:
    """Return the place of the dependency that a mirror repeats, since a removed mirror has none."""
    folder = mirror.location.path.rsplit("/", 1)[0]
    for pin in inventory.pins:
        beside = pin.location.path.rsplit("/", 1)[0] == folder
        if is_dependency(pin) and beside:
            return pin.location
    return mirror.location


_GONE = "the mirror is gone"
_Fault = tuple[str, int, int, str, tuple[str, ...]]


def _wrong(pin: Pin, inventory: Inventory) -> Iterator[_Fault]:
    codes, other = self_test_rules.another_version(pin, inventory), _other(pin)
    yield f"another version: {other}", pin.start, pin.end, other, codes
    if pin.kind in traits.HELM_RELEASE and pin.value != "0.0.1":
        yield "a lower version: 0.0.1", pin.start, pin.end, "0.0.1", codes


def _worse(pin: Pin, text: str) -> Iterator[_Fault]:
    if pin.kind in traits.INSTALL_URL:
        start = text.rfind("download/", 0, pin.start)
        yield "not pinned: latest", start, pin.end, "latest/download", self_test_rules.NOT_PINNED
    elif is_dependency(pin):
        yield f"a range: ^{pin.value}", pin.start, pin.start, "^", self_test_rules.A_RANGE
    elif pin.kind in traits.MIRROR:
        key = text.rfind("version", 0, pin.start)
        yield _GONE, key, key + len("version"), "removed", self_test_rules.NO_MIRROR


def _other(pin: Pin) -> str:
    if pin.track.kind is TrackKind.IMAGE:
        return controller_images.another(pin.track.name, pin.value)
    if pin.kind in traits.DIGEST:
        return spellings.another(pin.value)
    version = versions.parse(pin.value)
    if version is None:
        return f"{pin.value}-planted"
    if pin.kind in traits.OWN_VERSION and version.major + version.minor + version.patch:
        # Lower, so that it is a fault even where nothing else names the chart's version.
        return "0.0.0"
    if pin.track == FLUX2 and version.minor:
        # Below what is there: one above the whole index cannot be judged by it.
        version = version.replace(minor=version.minor - 1)
    return str(version.replace(patch=version.patch + _RAISE))


def _try(mutant: Mutant, evidence: Evidence, scope: Scope) -> Trial:
    path = mutant.edit.path
    text = evidence.inventory.files[path]
    planted = text[: mutant.edit.start] + mutant.edit.new + text[mutant.edit.end :]
    try:
        inventory = rediscover(evidence.inventory, {path: planted}, scope)
    except PinError as error:
        return Trial(mutant, None, f"could not be checked: {error}")
    before = Baseline(evidence.inventory, frozenset({path}))
    changed = replace(evidence, inventory=inventory, baseline=before)
    said = rules.judge(changed, mutant.codes)
    for finding in said.findings:
        places = (finding.location, *(related.location for related in finding.related))
        if mutant.line in map(_line, places):
            return Trial(mutant, finding)
    missed = "; ".join(f"{rule.code} was not run: {rule.reason}" for rule in said.not_run)
    return Trial(mutant, None, missed or "no rule refuses it")


def _line(where: Location) -> Location:
    return Location(where.path, where.line)
