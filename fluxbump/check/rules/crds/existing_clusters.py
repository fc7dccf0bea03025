"""The rule that existing clusters accept the CRDs of a release (FB202)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from fluxbump.check.evidence_parts import Absent
from fluxbump.check.rules.crds import installed_crds
from fluxbump.check.rules.crds.pinned_releases import (
    Holds,
    answers,
    chart_pins,
    first_conflict,
    install_pins,
    unknown_crds,
)
from fluxbump.check.rules.rule import (
    Danger,
    Evidence,
    NotApplicable,
    NotRun,
    Outcome,
    Rule,
    Trait,
    cited,
    optional,
)
from fluxbump.discover import environments, release_installs
from fluxbump.discover.pins import traits
from fluxbump.discover.tracks import installs
from fluxbump.flux import components, stored_versions
from fluxbump.flux.removed_versions import rewritten
from fluxbump.flux.stored_versions import Conflict
from fluxbump.model import FLUX, FLUX2, Finding, Form, Inventory, Pin, Related, Severity
from fluxbump.text import versions

_MIGRATE = "flux migrate needs the flux CLI 2.7 or later: https://fluxcd.io/flux/cmd/flux_migrate"


def upgrade(evidence: Evidence) -> Iterator[Outcome]:
    """Check that the API servers of existing clusters accept the CRDs (FB202)."""
    targets = chart_pins(evidence.inventory, evidence) or install_pins(evidence.inventory, evidence)
    if not targets:
        yield _nothing(evidence.inventory)
        return
    if evidence.stored is None and isinstance(evidence.baseline, Absent):
        yield NotRun("FB202", evidence.baseline.reason)
        return
    before = _before(evidence)
    for target in targets:
        unknown = unknown_crds("FB202", evidence, target)
        if unknown is not None:
            yield unknown
            continue
        left, not_known = _left(target, before, evidence)
        if evidence.stored is not None:
            yield from _cluster(target, evidence)
        else:
            yield from not_known
            yield from _unseen(target, left, evidence)
        yield from _written(target, left, evidence)


def _nothing(inventory: Inventory) -> NotRun | NotApplicable:
    """Return the outcome for a repository that names no release to check."""
    if installs(inventory.pins, FLUX) or installs(inventory.pins, FLUX2):
        return NotRun("FB202", "no installed Flux version found")
    return NotApplicable("FB202", "no installed Flux release found")


def _written(target: Holds, lefts: Iterable[str], evidence: Evidence) -> Iterator[Finding]:
    """Yield warnings about objects that were written at API versions that a release removes."""
    new = evidence.crds[target.release or ""]
    for left in lefts:
        gone = rewritten(evidence.crds[left], new, evidence.written)
        if gone:
            what = ", ".join(f"{removed.kind} {' and '.join(removed.versions)}" for removed in gone)
            yield _upgrade(
                target,
                Severity.WARNING,
                f"objects may have been written at {what}, which {target.words} removes. Run "
                f"`flux migrate` at Flux {left}, and again after the upgrade",
                "until then the API server refuses server-side apply of such objects",
                _MIGRATE,
            )


def _cluster(target: Holds, evidence: Evidence) -> Iterator[Finding]:
    """Yield the conflicts with what a live cluster stores."""
    conflicts = stored_versions.exact(evidence.stored or {}, evidence.crds, target.release or "")
    if conflicts:
        yield _upgrade(
            target,
            Severity.ERROR,
            f"the cluster refuses the CRDs of {target.words}, because {first_conflict(conflicts)}. "
            f"Follow `fluxbump path {target.release}`",
            *answers(conflicts, evidence),
        )


def _unseen(target: Holds, lefts: Iterable[str], evidence: Evidence) -> Iterator[Outcome]:
    """Yield the certain and the possible conflicts, if no cluster was asked."""
    for release in lefts:
        yield from _certain(release, target, evidence)
        yield from _possible(release, target, evidence)


def _before(evidence: Evidence) -> list[Holds]:
    """Return the pins of the base. Equal pins in one file count once."""
    baseline = optional(evidence.baseline)
    base = baseline.inventory if baseline else Inventory()
    held = (*chart_pins(base, evidence), *install_pins(base, evidence))
    once = {(each.pin.kind, each.pin.location.path, each.pin.value): each for each in held[::-1]}
    return [*once.values()][::-1]


def _left(
    target: Holds, before: Sequence[Holds], evidence: Evidence
) -> tuple[list[str], list[NotRun]]:
    """Return the releases that clusters leave for `target`, and what is not known about others."""
    left: dict[str, Holds] = {}
    unknown = []
    here = target.pin.location.path
    every = [*(held.pin for held in before), *release_installs.exact(evidence.inventory)]
    stays = target.pin.form is Form.RANGE and any(
        (held.pin.location.path, held.pin.value) == (here, target.pin.value) for held in before
    )
    for chart in before:
        # A range that nobody changes is what its cluster has; another range is another cluster's.
        if stays and chart.pin.location.path != here and chart.pin.form is Form.RANGE:
            continue
        if _elsewhere(chart.pin, target.pin, every):
            continue
        why = None if chart.release == target.release else unknown_crds("FB202", evidence, chart)
        if why is not None:
            unknown.append(why)
        elif chart.release and chart.release != target.release:
            left.setdefault(chart.release, chart)
    return list(left), unknown


def _elsewhere(pin: Pin, other: Pin, every: Sequence[Pin]) -> bool:
    """Whether two pins belong to different clusters, as far as paths and releases say.

    A pin that names no cluster belongs to the one whose own pin, in `every`, holds its release.
    """
    if not traits.BOOTSTRAPPED & {pin.kind, other.kind}:
        return environments.apart(pin, other)
    if {pin.track, other.track} == {FLUX}:
        return not release_installs.together(pin, other, every)
    return release_installs.apart(pin, other)


def unsure(evidence: Evidence) -> bool:
    """Whether FB202 could say more if it knew which releases the pins have held."""
    compared = not isinstance(evidence.baseline, Absent)
    if evidence.stored is not None or not compared or not evidence.crds:
        return False
    targets = chart_pins(evidence.inventory, evidence) or install_pins(evidence.inventory, evidence)
    before = _before(evidence)
    return any(
        _touched(stored_versions.reachable(evidence.crds, left, target.release), target, evidence)
        for target in targets
        if target.release and target.release in evidence.crds
        for left in _left(target, before, evidence)[0]
    )


def _touched(
    conflicts: tuple[Conflict, ...], target: Holds, evidence: Evidence
) -> tuple[Conflict, ...]:
    """Return the conflicts without the CRDs of controllers that the target does not install."""
    if not conflicts:
        return ()
    return components.touched(conflicts, installed_crds.controllers(target.pin, evidence))


def _certain(left: str, target: Holds, evidence: Evidence) -> Iterator[Finding]:
    conflicts = stored_versions.fresh(evidence.crds, left, target.release or "")
    conflicts = _touched(conflicts, target, evidence)
    if conflicts:
        yield _upgrade(
            target,
            Severity.ERROR,
            f"clusters at Flux {left} refuse the CRDs of {target.words}, because "
            f"{first_conflict(conflicts)}{_way(left, target)}",
            *answers(conflicts, evidence),
        )


def _way(left: str, target: Holds) -> str:
    """Return the advice to follow a route; empty for a step back, which seldom has one."""
    old, new = versions.parse(left), versions.parse(target.release or "")
    is_back = old is not None and new is not None and new < old
    return "" if is_back else f". Follow `fluxbump path {target.release}`"


def _possible(left: str, target: Holds, evidence: Evidence) -> Iterator[Finding]:
    new = target.release or ""
    every = _touched(stored_versions.reachable(evidence.crds, left, new), target, evidence)
    past = evidence.past
    if not every:
        return
    if past is None or past.silent(left):
        why = [f"git history gives no extra information: {past.silent(left)}"] if past else []
        yield _upgrade(target, Severity.WARNING, _may_store(left, every, target), *why, _MIGRATE)
        return
    likely = stored_versions.reachable(evidence.crds, left, new, past.releases)
    likely = _touched(likely, target, evidence)
    rest = stored_versions.without(every, likely)
    told, also = f"the pins have held {past.until(left)}", stored_versions.describe(rest)
    if likely:
        older = [f"a cluster older than the pins may also store {also}"] if rest else []
        message = _may_store(left, likely, target)
        yield _upgrade(target, Severity.WARNING, message, told, *older, _MIGRATE)
    else:
        message = (
            f"only a cluster older than the pins, and never migrated, may store {also}, which "
            f"{target.words} does not serve"
        )
        yield _upgrade(target, Severity.NOTE, message, told, _MIGRATE)


def _may_store(left: str, conflicts: tuple[Conflict, ...], target: Holds) -> str:
    kept = stored_versions.describe(conflicts)
    return (
        f"a cluster that was upgraded in place may still store {kept}, "
        f"which {target.words} does not serve. Run `flux migrate` at Flux {left} first"
    )


def _upgrade(target: Holds, severity: Severity, message: str, *more: str) -> Finding:
    """Return a finding about a target. Each of `more` is a further fact, in one sentence."""
    where = target.pin.location
    return Finding("FB202", severity, message, where, tuple(Related(where, fact) for fact in more))


UPGRADE = Rule(
    "FB202",
    "upgrade-conflict",
    Severity.ERROR,
    "The CRDs can be applied over what existing clusters hold.",
    cited(upgrade),
    needs=("releases",),
    traits=frozenset({Trait.SAFETY}),
    danger=Danger.MIXES,
    broken="clusters store API versions that the release does not serve",
)

RULES = (UPGRADE,)
