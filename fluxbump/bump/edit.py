"""Turns a plan into a change set, and proves that the result holds the planned values. Pure.

One engine writes for all kinds: it replaces the characters of a span and nothing else.
Chart.lock and vendored archives follow from the pins and are in `derived_files`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from fluxbump.bump.changes import Change, Plan
from fluxbump.discover.digests import sops
from fluxbump.discover.inventory import rediscover
from fluxbump.discover.mentions.commit_comments import release_behind
from fluxbump.discover.scope import Scope
from fluxbump.errors import PinError, UnprovenError
from fluxbump.git.overlay_snapshot import ChangeSet
from fluxbump.model import COMMITS, Form, Inventory, Pin, Related
from fluxbump.text.live_code import decode, encode
from fluxbump.text.splice import Edit, edited


def edits_of(plan: Plan, files: Mapping[str, str]) -> list[Edit]:
    """Return the edits of the plan's changes, without files that are replaced as a whole.

    Args:
        plan: has the changes.
        files: the text of each candidate, by path.
    """
    whole = {replacement.path for replacement in plan.replacements}
    changes = [change for change in plan.changes if change.pin.location.path not in whole]
    return [edit for change in changes for edit in _edits(change, plan, files)]


def _edits(change: Change, plan: Plan, files: Mapping[str, str]) -> Iterator[Edit]:
    pin = change.pin
    if pin.form is not Form.COMMIT:
        yield Edit(pin.location.path, pin.start, pin.end, change.new)
        return
    comment = release_behind(files[pin.location.path], pin.end)
    if comment is None:
        raise AssertionError("the kind has taken the pin's value from the comment")
    yield Edit(pin.location.path, pin.start, pin.end, plan.targets[COMMITS])
    yield Edit(pin.location.path, *comment.span("version"), change.new)


def change_set(
    inventory: Inventory,
    plan: Plan,
    rows: Iterable[Edit],
    derived: Mapping[str, bytes | None],
) -> ChangeSet:
    """Return the files after the edits of the plan and of rows, with the derived files.

    Args:
        inventory: has the text of each candidate.
        plan: has the changes and the replacements.
        rows: the edits of rows of mapping tables.
        derived: the content of Chart.lock files and vendored archives, by path. None removes a
            file.
    """
    texts = edited(inventory.files, [*edits_of(plan, inventory.files), *rows])
    texts |= {replacement.path: replacement.text for replacement in plan.replacements}
    files: dict[str, bytes | None] = {path: encode(text) for path, text in texts.items()}
    return ChangeSet({**files, **derived})


def require_unsealed(plan: Plan, files: Mapping[str, str]) -> None:
    """Refuse to edit a file whose checksum only SOPS can write.

    Args:
        plan: has the changes.
        files: the text of each candidate, by path.

    Raises:
        PinError: a change is in such a file.
    """
    for change in plan.changes:
        path = change.pin.location.path
        if sops.is_sealed(files[path]):
            what = f"{change.pin.subject} must become {change.new}, but the file is encrypted"
            raise PinError(
                what,
                where=change.pin.location,
                facts=["after an edit by another program, sops refuses to open the file"],
                hint=sops.advice(path),
            )


# --- proof -----------------------------------------------------------------------------------


def verify(inventory: Inventory, plan: Plan, changes: ChangeSet, scope: Scope) -> Inventory:
    """Find the pins in the result again, and require the same pins with their planned values.

    The files that no edit touched are not read again.

    Returns:
        The inventory of the result.

    Raises:
        UnprovenError: the result has another pin or another value. The content of the file can
            cause this. If it does not, there is a bug in a kind or in the engine.
    """
    after = _texts(changes, inventory)
    result = rediscover(inventory, after, scope)
    planned = {id(change.pin): change.new for change in plan.changes}
    inside = _by_path((change.pin for change in plan.changes), after)
    expected = {
        path: [
            _identity(pin, planned.get(id(pin)) or _around(pin, inside[path], planned))
            for pin in pins
        ]
        for path, pins in _by_path(inventory.pins, after).items()
    }
    found = {
        path: [_identity(pin, pin.value) for pin in pins]
        for path, pins in _by_path(result.pins, after).items()
    }
    odd = {path for path in after if found[path] != expected[path]}
    if odd:
        raise _unproven(change for change in plan.changes if change.pin.location.path in odd)
    return result


def _around(pin: Pin, moving: Iterable[Pin], planned: Mapping[int, str]) -> str:
    """Return the value of a pin that stays: a variable can have a pin that moves as its default."""
    value = pin.value
    for inner in sorted(moving, key=lambda moved: moved.start, reverse=True):
        at = inner.start - pin.start
        if at > 0 and inner.end <= pin.end and value[at : at + len(inner.value)] == inner.value:
            value = f"{value[:at]}{planned[id(inner)]}{value[at + len(inner.value) :]}"
    return value


def _by_path(pins: Iterable[Pin], paths: Iterable[str]) -> dict[str, list[Pin]]:
    found: dict[str, list[Pin]] = {path: [] for path in paths}
    for pin in pins:
        if pin.location.path in found:
            found[pin.location.path].append(pin)
    return found


def _unproven(changes: Iterable[Change]) -> UnprovenError:
    """Make the error that names the lines to change in a file whose result is not as planned."""
    places = [
        Related(change.pin.location, f"{change.pin.value} was to become {change.new}")
        for change in changes
    ]
    return UnprovenError(
        "a new version here changes what fluxbump recognizes in this file",
        where=places[0].location if places else None,
        facts=["if no pattern in fluxbump.yaml is the cause, report this as a bug"],
        hint="change this file by hand",
        places=places,
    )


def _texts(changes: ChangeSet, inventory: Inventory) -> dict[str, str]:
    return {
        path: decode(data)
        for path, data in changes.files.items()
        if data is not None and path in inventory.files
    }


def _identity(pin: Pin, value: str) -> tuple[str, str, str, str, str]:
    return pin.location.path, pin.kind, str(pin.track), pin.subject, value
