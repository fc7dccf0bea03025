"""Finds the newest release that a repository could take as it is, by the safety rules. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import cached_property

from msgspec import Struct
from msgspec.structs import replace
from semver import Version

from fluxbump.check import gate, rules, suppressions
from fluxbump.check.evidence import Evidence
from fluxbump.check.evidence_parts import Baseline
from fluxbump.check.rules.kubernetes_minimum import TOO_OLD
from fluxbump.check.rules.rule import Trait
from fluxbump.check.suppressions import Suppressed
from fluxbump.discover import release_lines
from fluxbump.discover.objects.resources import Resources
from fluxbump.discover.tracks import current, installs, moves
from fluxbump.flux.available import Available
from fluxbump.flux.releases import Goal
from fluxbump.flux.tables import images
from fluxbump.flux.tables.kubernetes import kubernetes_minimum
from fluxbump.model import FLUX, FLUX2, Finding, Form, Inventory, Pin, Severity, Track, TrackKind
from fluxbump.text.versions import parse

FoundBefore = Callable[[], Collection[Finding]]
"""A function that returns the findings of the safety rules before any pin moves."""

SAFETY = rules.having(Trait.SAFETY)
"""The rules that say whether a cluster would survive a release."""

_SOONEST = sorted(SAFETY, key=lambda code: Trait.SLOW in rules.RULES[code].traits)
"""`SAFETY` with the slow rules last, because most releases are refused by a quick one."""

Manifests = Callable[[str], Resources]
"""A function that returns the Flux objects of a repository as they are at a release."""


class SafeReleases(Struct, frozen=True, dict=True):
    """The search for releases that a repository could take as it is.

    Attributes:
        evidence: the evidence about the repository as it is.
        available: the releases that a bump can lead to.
        manifests: the function that returns the Flux objects at a release; None if a bump does not
            change them.
        suppressed: the function that says which findings do not count.
    """

    evidence: Evidence
    available: Available
    manifests: Manifests | None = None
    suppressed: Suppressed = suppressions.nothing

    def newest(self) -> Goal | None:
        """Return the newest release that no safety rule refuses; None if there is none.

        A release about which too much is unknown is not returned, because no rule has passed.
        """
        for release in self._not_lower():
            goal = self.available.goal(release)
            # Where its CRDs are not known no rule was run, and so none has passed.
            if goal is None or str(release) not in self.evidence.crds or self._missing(release):
                continue
            after = self._after(goal)
            if not any(self._errors(after, (code,)) for code in _SOONEST):
                return goal
        return None

    def why_none(self) -> str:
        """Return why `newest` returns None, for people."""
        missing = next(filter(None, map(self._missing, self._not_lower())), None)
        if missing is None:
            return "no release passes the safety rules"
        return f"no release is known to be safe: {missing}"

    def why_not_newest(self) -> str | None:
        """Return which rules refuse the newest release; None for none, or for unknown CRDs."""
        newest = self.available.newest
        goal = self.available.goal(newest) if newest else None
        if goal is None or str(newest) not in self.evidence.crds:
            return None
        found = self._errors(self._after(goal), SAFETY)
        codes = ", ".join(sorted({finding.code for finding in found}))
        return f"Flux {newest} is refused by {codes}" if codes else None

    def _not_lower(self) -> list[Version]:
        """Return the stable releases that no pin is newer than, newest first."""
        floor = _floor(self.evidence)
        stable = reversed(self.available.stable)
        return [release for release in stable if floor is None or release >= floor]

    def _missing(self, release: Version) -> str | None:
        """Return the fact that is missing to call a release safe; None if the pins hold it now."""
        if release == _held(self.evidence):
            return None
        return unknown(self.evidence, str(release), self.suppressed)

    @property
    def _installed(self) -> str:
        return current(self.evidence.inventory).get(FLUX, "")

    @cached_property
    def _found_before(self) -> tuple[Finding, ...]:
        return as_it_is(self.evidence, self.suppressed)

    def _after(self, goal: Goal) -> Evidence:
        """Return the evidence as if the pins held a release, limited to what that changes."""
        given = self.evidence
        objects = self.manifests(str(goal.app_version)) if self.manifests else given.objects
        effort = replace(given.effort, compared_with=self._installed)
        return _after(replace(given, objects=objects, effort=effort), goal)

    def _errors(self, after: Evidence, codes: Collection[str]) -> tuple[Finding, ...]:
        return _errors(after, codes, lambda: self._found_before, self.suppressed)


def _held(evidence: Evidence) -> Version | None:
    installed = current(evidence.inventory).get(FLUX, "")
    return parse(installed or evidence.by_images(evidence.inventory) or "")


def _floor(evidence: Evidence) -> Version | None:
    """Return the lowest release to which no pin goes down; None if the pins hold none."""
    return max(filter(None, (_held(evidence), _highest(evidence.inventory))), default=None)


def _highest(inventory: Inventory) -> Version | None:
    """Return the newest release among the installs that a bump moves; None if there is none.

    Clusters may be at several releases, and a bump takes all of them to one.
    """
    moving = (pin for pin in installs(inventory.pins, FLUX) if moves(pin))
    return max(filter(None, (release_lines.lowest(pin.value) for pin in moving)), default=None)


def unknown(
    evidence: Evidence, release: str, suppressed: Suppressed = suppressions.nothing
) -> str | None:
    """Return the fact that is missing to call a bump to `release` safe; None if all is known.

    Args:
        evidence: the evidence about the repository as it is.
        release: the release that the pins would hold.
        suppressed: the function that says which findings do not count. A fact that only they need
            is not missing.
    """
    start = evidence.installed
    if start and evidence.stored is None and start not in evidence.crds:
        return f"the CRDs of Flux {start} are not known{evidence.why_unknown(start)}"
    pinned = [pin for pin in evidence.kubernetes if pin.minor]
    asked = any(
        pin.location is None or not suppressed(TOO_OLD.code, pin.location) for pin in pinned
    )
    if asked and kubernetes_minimum(release) is None:
        return f"the Kubernetes that Flux {release} asks for is not known"
    return None


def as_it_is(evidence: Evidence, suppressed: Suppressed) -> tuple[Finding, ...]:
    """Return the findings of the safety rules before any pin moves: no new release causes them.

    Args:
        evidence: the evidence about the repository as it is. All of it is checked, whatever its
            `effort` says.
        suppressed: the function that says which findings do not count.
    """
    whole = replace(evidence.effort, compared_with=None)
    still = replace(evidence, baseline=Baseline(evidence.inventory), effort=whole)
    return _open(rules.judge(still, SAFETY).findings, suppressed)


def refusals(
    evidence: Evidence,
    goal: Goal,
    before: FoundBefore = tuple,
    suppressed: Suppressed = suppressions.nothing,
) -> tuple[Finding, ...]:
    """Return the errors that the safety rules would find if the pins held this release.

    Args:
        evidence: the evidence about the repository as it is.
        goal: the release and chart that the pins would hold.
        before: the function that returns the findings of today, which do not count.
        suppressed: the function that says which findings do not count.
    """
    return _errors(_after(evidence, goal), SAFETY, before, suppressed)


def _after(evidence: Evidence, goal: Goal) -> Evidence:
    inventory = _holding(evidence.inventory, goal)
    return replace(evidence, inventory=inventory, baseline=Baseline(evidence.inventory))


def _errors(
    after: Evidence, codes: Collection[str], before: FoundBefore, suppressed: Suppressed
) -> tuple[Finding, ...]:
    found = _open(rules.judge(after, codes).findings, suppressed)
    errors = tuple(finding for finding in found if finding.severity is Severity.ERROR)
    # What was there already takes as long to find out, and most releases have no error.
    old = gate.inherited(before(), found) if errors else ()
    return tuple(finding for finding in errors if finding not in old)


def _open(found: Collection[Finding], suppressed: Suppressed) -> tuple[Finding, ...]:
    return tuple(finding for finding in found if not suppressed(finding.code, finding.location))


def _holding(inventory: Inventory, goal: Goal) -> Inventory:
    """Return the inventory with the goal in every pin of Flux; the texts stay as they are."""
    release = str(goal.app_version)
    values = {FLUX: release}
    if goal.version is not None:
        values[FLUX2] = str(goal.version)
    for name, tag in images.controllers(release).items():
        values[Track(TrackKind.IMAGE, name)] = tag.removeprefix("v")
    pins = tuple(replace(pin, value=_led(pin, values) or pin.value) for pin in inventory.pins)
    return replace(inventory, pins=pins)


def _led(pin: Pin, values: Mapping[Track, str]) -> str | None:
    """Return the value that a bump gives a pin; None if it does not change the pin."""
    new = values.get(pin.track)
    return new if new is None or pin.form is Form.EXACT else release_lines.moved(pin, new)
