"""Fixes dangerous settings in the HelmReleases that own Flux, and proves the edits. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum

from msgspec import Struct, field

from fluxbump.check.rules.flux_helm_release import KEPT, hazards, keeping, knows_strategy
from fluxbump.discover.inventory import rediscover
from fluxbump.discover.objects.owners import TRUE, Owner, owners
from fluxbump.discover.scope import Scope
from fluxbump.discover.tracks import current
from fluxbump.git.overlay_snapshot import ChangeSet
from fluxbump.model import FLUX, Inventory, Location
from fluxbump.text import splice, yaml, yaml_edit, yaml_load
from fluxbump.text.live_code import encode
from fluxbump.text.splice import Edit
from fluxbump.text.yaml_edit import Entry

_SAFE = "RetryOnFailure"


class Fix(StrEnum):
    """The settings that fluxbump can fix, by the name that the user gives.

    `ADOPTION` removes `upgrade.preserveValues: true`. `REMEDIATION` keeps helm-controller from
    uninstalling Flux or rolling it back after a failure.
    """

    ADOPTION = "adoption"
    REMEDIATION = "remediation"


class Fixed(Struct, frozen=True):
    """A setting that a fix changes.

    Attributes:
        location: the place of the setting before the fix.
        message: the setting after the fix, for the commit message and reports.
    """

    location: Location
    message: str


class Fixing(Struct, frozen=True):
    """The result of one fix.

    Attributes:
        fix: the fix that was made.
        done: the settings that it changes. Empty if there is nothing to fix.
        changes: the files after the fix.
        inventory: the pins and charts after the fix.
    """

    fix: Fix
    done: tuple[Fixed, ...] = ()
    changes: ChangeSet = field(default_factory=ChangeSet)
    inventory: Inventory = field(default_factory=Inventory)


def fix_all(inventory: Inventory, fixes: Iterable[Fix], scope: Scope) -> Iterator[Fixing]:
    """Make the fixes one after the other, in the order of `Fix`, and yield the result of each.

    Args:
        inventory: the pins and charts before the first fix.
        fixes: the fixes that the user asked for.
        scope: the limits of the search, to find the pins again.

    Raises:
        PinError: the place of a setting in the text is not certain.
    """
    for fix in sorted(set(fixes), key=list(Fix).index):
        fixing = apply(inventory, fix, scope)
        inventory = fixing.inventory
        yield fixing


def apply(inventory: Inventory, fix: Fix, scope: Scope) -> Fixing:
    """Make one fix, and prove that it changes the settings and nothing else.

    Raises:
        PinError: the place of a setting in the text is not certain.
        AssertionError: the setting is there after the fix, or something else has changed: a bug.
    """
    release = current(inventory).get(FLUX)
    does = _adoption if fix is Fix.ADOPTION else _remediation
    affected = keeping if fix is Fix.ADOPTION else owners
    found = [done for owner in affected(inventory) for done in does(owner, release)]
    if not found:
        return Fixing(fix, inventory=inventory)
    # An object that two files' owners share is edited once.
    edits = dict.fromkeys(edit for _, some in found for edit in some)
    texts = splice.edited(inventory.files, edits)
    after = rediscover(inventory, texts, scope)
    if any(any(does(owner, release)) for owner in affected(after)):
        raise AssertionError("a setting is there still after a fix")
    _prove(inventory, after, texts)
    changes = ChangeSet({path: encode(text) for path, text in texts.items()})
    return Fixing(fix, tuple(dict.fromkeys(fixed for fixed, _ in found)), changes, after)


def message(fixing: Fixing) -> str:
    """Return the message of the commit that holds a fix."""
    subject = {
        Fix.ADOPTION: "Let the images of the Flux controllers move",
        Fix.REMEDIATION: "Let a failed release of Flux keep the controllers",
    }[fixing.fix]
    lines = [f"- {fixed.location.path}: {fixed.message}" for fixed in fixing.done]
    return "\n".join([subject, "", *lines]) + "\n"


# --- what each one edits -----------------------------------------------------------------------

_Edits = Iterator[tuple[Fixed, list[Edit]]]


def _adoption(owner: Owner, _: str | None) -> _Edits:
    if owner.value(*KEPT) not in TRUE:
        return
    entry = _entry(owner, *KEPT)
    if entry is not None:
        what = "upgrade.preserveValues: true removed"
        yield Fixed(owner.document.at(entry.key), what), yaml_edit.remove(entry)


def _remediation(owner: Owner, release: str | None) -> _Edits:
    for action in dict.fromkeys(hazard.action for hazard in hazards(owner)):
        entry = _entry(owner, action, "remediation")
        if entry is None:
            continue
        where = owner.document.at(entry.key)
        if knows_strategy(release):
            yield Fixed(where, f"{action}.strategy: {_SAFE}"), _retried(owner, action, entry)
        else:
            what = f"{action}.remediation: nothing is uninstalled or rolled back"
            yield Fixed(where, what), _disarmed(owner, action)


def _retried(owner: Owner, action: str, entry: Entry) -> list[Edit]:
    """Return the edits from Flux 2.7 on: they set the strategy and remove the remediation."""
    if _entry(owner, action, "strategy") is None:
        return yaml_edit.become(entry, "strategy", "name", _SAFE)
    name = _entry(owner, action, "strategy", "name")
    other = name is not None and owner.value(action, "strategy", "name") != _SAFE
    edits = [yaml_edit.replace_value(name, _SAFE)] if name is not None and other else []
    return [*edits, *yaml_edit.remove(entry)]


def _disarmed(owner: Owner, action: str) -> list[Edit]:
    """Return the edits before Flux 2.7: no retries, and no action after the last failure."""
    edits: list[Edit] = []
    retries = _entry(owner, action, "remediation", "retries")
    if retries is not None and (owner.value(action, "remediation", "retries") or "0") != "0":
        edits.append(yaml_edit.replace_value(retries, "0"))
    last = _entry(owner, action, "remediation", "remediateLastFailure")
    if last is not None and owner.value(action, "remediation", "remediateLastFailure") in TRUE:
        edits += yaml_edit.remove(last)
    return edits


def _entry(owner: Owner, *keys: str) -> Entry | None:
    return yaml_edit.find(owner.document, owner.manifest, "spec", *keys)


# --- proof -------------------------------------------------------------------------------------


def _prove(before: Inventory, after: Inventory, texts: dict[str, str]) -> None:
    """Require that a fix changes no pin and no other setting."""
    if [(p.track, p.subject, p.value) for p in before.pins] != [
        (p.track, p.subject, p.value) for p in after.pins
    ]:
        raise AssertionError("the pins are not the same after a fix")
    for path, text in texts.items():
        if _rest(before.files[path], path) != _rest(text, path):
            raise AssertionError(f"a fix changed something else in {path}")


def _rest(text: str, path: str) -> list[object]:
    """Return the parsed documents of a file, without the settings that a fix can change."""
    return [_without(yaml_load.load(document.source)) for document in yaml.documents(text, path)]


def _without(value: object) -> object:
    if isinstance(value, list):
        return [_without(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    kept = {key: _without(inner) for key, inner in value.items()}
    for action in ("install", "upgrade"):
        held = kept.get(action)
        if isinstance(held, dict):
            gone = ("preserveValues", "remediation", "strategy")
            rest = {key: inner for key, inner in held.items() if key not in gone}
            kept = {k: v for k, v in {**kept, action: rest}.items() if k != action or rest}
    return kept
