"""Rules about the HelmRelease that owns the Flux controllers (FB301, FB302).

Field meanings are those of helm-controller's HelmRelease v2 specification, and what helm-controller
1.1.0, 1.4.5 and 1.5.3 did with a wrapper of an older and of a newer release: install remediation
uninstalls between attempts; upgrade remediation rolls back, or uninstalls; the strategy
RetryOnFailure does neither, and exists from Flux 2.7.0 (helm-controller 1.4.0) on.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from fluxbump.check.rules.rule import Danger, Evidence, NotRun, Outcome, Rule, Trait, optional
from fluxbump.discover.kustomize.patched_settings import Setting, settings
from fluxbump.discover.objects.owners import TRUE, Owner, owners
from fluxbump.discover.tracks import current
from fluxbump.discover.umbrellas import installing
from fluxbump.flux import stored_versions
from fluxbump.model import FLUX, Finding, Inventory, Location, Related, Severity, Track
from fluxbump.text import versions

_RETRY_ON_FAILURE_SINCE = versions.parse("2.7.0")
KEPT = ("upgrade", "preserveValues")
"""The field of a HelmRelease that keeps the values of the last release, and so old images."""
_DEFEATED = "the controllers keep their images"
_FIX_ADOPTION = "--fix adoption"
_FIX_REMEDIATION = "--fix remediation"


def adoption(evidence: Evidence) -> Iterator[Outcome]:
    """Check that Flux's HelmRelease adopts the controllers, and takes new images (FB301)."""
    for owner in keeping(evidence.inventory):
        kept = owner.value(*KEPT) or ""
        if kept in TRUE:
            yield _kept(owner)
        elif "$" in kept:
            where = owner.place(*KEPT)
            yield NotRun("FB301", f"{where}: upgrade.preserveValues is the variable {kept}")
    for owner, condition in _perhaps(evidence.inventory):
        if owner.value(*KEPT) in TRUE:
            where = owner.place(*KEPT)
            why = f"sets `upgrade.preserveValues: true`, but installs Flux only with {condition}"
            yield NotRun("FB301", f"{where}: {owner.subject} {why}")
    yield from _patched(evidence.inventory)
    for owner in owners(evidence.inventory):
        for action in ("install", "upgrade"):
            if owner.value(action, "disableTakeOwnership") in TRUE:
                yield _finding(
                    "FB301",
                    Severity.ERROR,
                    owner,
                    (action, "disableTakeOwnership"),
                    f"sets `{action}.disableTakeOwnership: true`, so Helm refuses to adopt the "
                    "controllers that run. Remove the field",
                )


def _patched(inventory: Inventory) -> Iterator[Outcome]:
    """Yield findings about kustomize patches that set `preserveValues` in the owners."""
    files = {**inventory.files, **inventory.others}
    found = [
        setting
        for setting in settings(files, inventory.links, "spec", *KEPT)
        if setting.value in TRUE
    ]
    owned = {owner.subject.removeprefix("HelmRelease "): owner for owner in _any(found, inventory)}
    for setting in found:
        name = setting.target.name
        owner = owned.get(name) if setting.target.literal and not setting.target.selects else None
        if owner is not None and f"HelmRelease {name}" not in inventory.links.unsure:
            yield _kept_by_patch(owner, setting.location)
        elif owner is not None or (not setting.target.literal and setting.target.may_name(owned)):
            where = f"{setting.location}: a patch sets `upgrade.preserveValues: true`"
            yield NotRun("FB301", f"{where}, perhaps for {' or '.join(sorted(owned))}")


def _any(found: Collection[Setting], inventory: Inventory) -> Iterator[Owner]:
    """Yield the owners if a patch sets something. Otherwise they are not looked for."""
    if found:
        yield from keeping(inventory)


def _kept_by_patch(owner: Owner, location: Location) -> Finding:
    message, gist = (
        f"a patch sets `upgrade.preserveValues: true` in {whose}, so the Flux controllers keep "
        "their old images. Remove it from the patch"
        for whose in (owner.subject, "a HelmRelease")
    )
    related = (Related(owner.pin.location, f"{owner.subject} installs the chart"),)
    return Finding("FB301", Severity.ERROR, message, location, related, _DEFEATED, gist)


def keeping(inventory: Inventory) -> Iterator[Owner]:
    """Yield the HelmReleases in which `preserveValues` would keep the controllers' images.

    They are the owners, and the releases of umbrellas that always install Flux, since an umbrella's
    values contain those of its dependencies.
    """
    yield from owners(inventory)
    always = {track for track, condition in installing(inventory).items() if not condition}
    yield from _by_umbrella(inventory, always)


def _perhaps(inventory: Inventory) -> Iterator[tuple[Owner, str]]:
    """Yield the HelmReleases of umbrellas that install Flux conditionally, with the condition."""
    on = {track: condition for track, condition in installing(inventory).items() if condition}
    for owner in _by_umbrella(inventory, on.keys()):
        yield owner, on[owner.pin.track]


def _by_umbrella(inventory: Inventory, tracks: Collection[Track]) -> Iterator[Owner]:
    charts = [chart for chart in inventory.charts if chart.track in tracks]
    if charts:
        yield from (owner for owner in owners(inventory, charts) if owner.pin.track in tracks)


def _kept(owner: Owner) -> Finding:
    tail = (
        "sets `upgrade.preserveValues: true`, so the Flux controllers keep their old images. "
        f"Remove the field ({_FIX_ADOPTION})"
    )
    finding = _finding("FB301", Severity.ERROR, owner, KEPT, tail)
    return replace(finding, about=_DEFEATED, fix=_FIX_ADOPTION)


def defeats(finding: Finding) -> bool:
    """Whether a finding says that the controllers would keep their images after a bump.

    Such a bump is refused, even if the finding was there before.
    """
    return finding.code == "FB301" and finding.about == _DEFEATED


# --- FB302 ------------------------------------------------------------------------------------


class Hazard(Struct, frozen=True):
    """A setting with which a failed install or upgrade changes the running controllers.

    Attributes:
        action: the action that fails: `install` or `upgrade`.
        field: the field of `remediation`: `retries` or `remediateLastFailure`.
        uninstalls: True if helm-controller uninstalls Flux, False if it rolls Flux back.
        when: when helm-controller does that, for people.
    """

    action: str
    field: str
    uninstalls: bool
    when: str


def remediation(evidence: Evidence) -> Iterator[Outcome]:
    """Check that a failed install or upgrade does not change the running controllers (FB302)."""
    for owner in owners(evidence.inventory):
        if "remediation" in owner.document.source:
            for hazard in hazards(owner):
                yield _hazard(owner, hazard, evidence)


def _hazard(owner: Owner, hazard: Hazard, evidence: Evidence) -> Finding:
    action = hazard.action
    release = current(evidence.inventory).get(FLUX)
    does = "uninstall Flux" if hazard.uninstalls else "roll Flux back"
    severity = Severity.ERROR if hazard.uninstalls else Severity.WARNING
    hop = None if hazard.uninstalls else _refused_hop(evidence)
    what = f"lets helm-controller {does} {hazard.when}"
    if hop:
        severity = Severity.ERROR
        what += f", without end at the hop {hop}"
    finding = _finding(
        "FB302",
        severity,
        owner,
        (action, "remediation", hazard.field),
        f"{what}. {_safe(owner, hazard, release)} ({_FIX_REMEDIATION})",
    )
    if _strategy(owner, action) == "RetryOnFailure" and knows_strategy(release):
        why = "does not prevent that, because the CRD of an older chart lacks the field"
        ignored = Related(owner.place(action, "strategy", "name"), why)
        finding = replace(finding, related=(*finding.related, ignored))
    return replace(finding, fix=_FIX_REMEDIATION)


def hazards(owner: Owner) -> Iterator[Hazard]:
    """Yield the hazards of each action, whatever its strategy is."""
    for action in ("install", "upgrade"):
        setting = partial(owner.value, action, "remediation")
        retries = setting("retries") or "0"
        uninstalls = action == "install" or setting("strategy") == "uninstall"
        if retries != "0":
            when = f"between {action} attempts (`retries: {retries}`)"
            yield Hazard(action, "retries", uninstalls, when)
        elif setting("remediateLastFailure") in TRUE:
            when = f"when the {action} fails"
            yield Hazard(action, "remediateLastFailure", uninstalls, when)


def _strategy(owner: Owner, action: str) -> str | None:
    return owner.value(action, "strategy", "name")


def knows_strategy(release: str | None) -> bool:
    """Whether HelmReleases of a Flux release have `strategy`; False if the release is unknown."""
    version = versions.parse(release or "")
    return bool(version and _RETRY_ON_FAILURE_SINCE and version >= _RETRY_ON_FAILURE_SINCE)


def _refused_hop(evidence: Evidence) -> str | None:
    """Return the hop from the base, for people, if an API server refuses its CRDs; else None."""
    base = optional(evidence.baseline)
    if base is None:
        return None
    sides = (base.inventory, evidence.inventory)
    old, new = (evidence.release_of(side) or "" for side in sides)
    if old == new or old not in evidence.crds or new not in evidence.crds:
        return None
    if evidence.stored is not None:
        refused = stored_versions.exact(evidence.stored, evidence.crds, new)
    else:
        refused = stored_versions.fresh(evidence.crds, old, new)
    return f"Flux {old} -> {new} (FB202)" if refused else None


def _safe(owner: Owner, hazard: Hazard, release: str | None) -> str:
    """Return how to set an action so that its failure does not change the controllers."""
    action = hazard.action
    if not knows_strategy(release):
        last = owner.value(action, "remediation", "remediateLastFailure") in TRUE
        rest = " without `remediateLastFailure`" if last else ""
        return f"Set `{action}.remediation.retries: 0`{rest}"
    if _strategy(owner, action) == "RetryOnFailure":
        return f"Remove `{action}.remediation`"
    return f"Replace `{action}.remediation` with `{action}.strategy.name: RetryOnFailure`"


def _finding(
    code: str, severity: Severity, owner: Owner, keys: tuple[str, ...], tail: str
) -> Finding:
    """Return a finding about an owner: its name, followed by `tail`."""
    message, gist = f"{owner.subject} {tail}", f"a HelmRelease {tail}"
    related = (Related(owner.pin.location, f"{owner.subject} installs the chart"),)
    return Finding(code, severity, message, owner.place(*keys), related, gist=gist)


RULES = (
    Rule(
        "FB301",
        "adoption-settings",
        Severity.ERROR,
        "The HelmRelease that owns the Flux controllers adopts them, and lets their images move.",
        adoption,
        traits=frozenset({Trait.ADOPTION}),
        danger=Danger.KEEPS_OLD,
        broken="the chart would not take over the controllers that run",
    ),
    Rule(
        "FB302",
        "destructive-remediation",
        Severity.ERROR,
        "A failed install or upgrade of Flux does not remove the running controllers.",
        remediation,
        traits=frozenset({Trait.ADOPTION}),
        danger=Danger.UNINSTALLS,
        broken="a failed install or upgrade would remove the controllers",
    ),
)
