"""Edits that take dangerous settings out of the HelmReleases that own Flux. Pure."""

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
    """What can be fixed."""

    ADOPTION = "adoption"
    REMEDIATION = "remediation"


class Fixed(Struct, frozen=True):
    """One setting that changes.

    Attributes:
        location: where it stood.
        message: what becomes of it.
    """

    location: Location
    message: str


class Fixing(Struct, frozen=True):
    """What one fix does.

    Attributes:
        fix: which one.
        done: each setting.
        changes: the files with the edits in them.
        inventory: as it is afterwards.
    """

    fix: Fix
    done: tuple[Fixed, ...] = ()
    changes: ChangeSet = field(default_factory=ChangeSet)
    inventory: Inventory = field(default_factory=Inventory)


def fix_all(inventory: Inventory, fixes: Iterable[Fix], scope: Scope) -> Iterator[Fixing]:
    """Yield what each fix does, one after the other, in the order of `Fix`.

    Args:
        inventory: before the first.
        fixes: that were asked for.
        scope: of the search, to find the pins again.

    Raises:
        PinError: the text of a setting is not certainly its own.
    """
    for fix in sorted(set(fixes), key=list(Fix).index):
        fixing = apply(inventory, fix, scope)
        inventory = fixing.inventory
        yield fixing


def apply(inventory: Inventory, fix: Fix, scope: Scope) -> Fixing:
    """Make one fix, and prove it; see `fix_all`.

    Raises:
        PinError: the text of a setting is not certainly its own.
        AssertionError: the result is not the one that was asked for; a bug.
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
    """From Flux 2.7 on: the strategy, and no remediation."""
    if _entry(owner, action, "strategy") is None:
        return yaml_edit.become(entry, "strategy", "name", _SAFE)
    name = _entry(owner, action, "strategy", "name")
    other = name is not None and owner.value(action, "strategy", "name") != _SAFE
    edits = [yaml_edit.replace_value(name, _SAFE)] if name is not None and other else []
    return [*edits, *yaml_edit.remove(entry)]


def _disarmed(owner: Owner, action: str) -> list[Edit]:
    """Before Flux 2.7: no retries, and nothing after the last failure."""
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
    """Require that nothing else is another than before."""
    if [(p.track, p.subject, p.value) for p in before.pins] != [
        (p.track, p.subject, p.value) for p in after.pins
    ]:
        raise AssertionError("the pins are not the same after a fix")
    for path, text in texts.items():
        if _rest(before.files[path], path) != _rest(text, path):
            raise AssertionError(f"a fix changed something else in {path}")


def _rest(text: str, path: str) -> list[object]:
    """Return what a file says, without the settings that a fix may change."""
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
