"""From a plan to a change set, and the proof that it does what the plan says. Pure.

One engine writes for all kinds: it replaces the characters of a span and nothing else.
Chart.lock and vendored archives are derived files: they follow from the pins.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from fluxbump import archive, lock
from fluxbump.discover import Scope, context_of, decode, encode, find_pins, read_charts
from fluxbump.errors import PinError
from fluxbump.model import (
    FLUX2,
    ChangeSet,
    Chart,
    Edit,
    Inventory,
    Location,
    Note,
    Pin,
    Plan,
    Snapshot,
)
from fluxbump.textfile import TextFile


def splice(text: str, edits: Iterable[Edit]) -> str:
    """Apply edits to a text.

    Raises:
        AssertionError: two edits overlap; that is a bug, never the input's fault.
    """
    parts, position = [], 0
    for edit in sorted(edits, key=lambda one: (one.start, one.end)):
        if edit.start < position:
            raise AssertionError(f"edits overlap in {edit.path} at offset {edit.start}")
        parts += [text[position : edit.start], edit.new]
        position = edit.end
    return "".join([*parts, text[position:]])


def edits_of(plan: Plan) -> list[Edit]:
    """The edits that the plan's changes ask for."""
    return [
        Edit(change.pin.location.path, change.pin.start, change.pin.end, change.new)
        for change in plan.changes
    ]


def edited(texts: Mapping[str, str], edits: Iterable[Edit]) -> dict[str, str]:
    """Apply edits file by file; only changed files are in the result."""
    by_path: dict[str, list[Edit]] = {}
    for edit in edits:
        by_path.setdefault(edit.path, []).append(edit)
    return {path: splice(texts[path], some) for path, some in by_path.items()}


def change_set(
    inventory: Inventory,
    plan: Plan,
    rows: Iterable[Edit],
    derived: Mapping[str, bytes | None],
) -> ChangeSet:
    """Put all edits and derived files together."""
    texts = edited(inventory.files, [*edits_of(plan), *rows])
    files: dict[str, bytes | None] = {path: encode(text) for path, text in texts.items()}
    return ChangeSet({**files, **derived})


# --- derived files ---------------------------------------------------------------------------


def locks(
    snapshot: Snapshot, inventory: Inventory, plan: Plan, generated: datetime
) -> dict[str, bytes | None]:
    """Bring every Chart.lock beside a rewritten Chart.yaml in step.

    Raises:
        PinError: a lock was out of step for another reason.
    """
    texts = edited(inventory.files, edits_of(plan))
    known = set(snapshot.paths())
    changed: dict[str, bytes | None] = {}
    for chart in inventory.charts:
        path = f"{chart.directory}Chart.lock"
        moved = _moved(chart, plan)
        if path not in known or chart.path not in texts or not moved:
            continue
        before = decode(snapshot.read(path))
        edits = lock.relock(
            chart_path=chart.path,
            chart_text=texts[chart.path],
            lock_path=path,
            lock_text=before,
            moved=moved,
            generated=generated,
        )
        changed[path] = encode(splice(before, edits))
    return changed


def _moved(chart: Chart, plan: Plan) -> dict[str, str]:
    """Dependency name to new version, of those that move in this chart."""
    return {
        change.pin.track.name: change.new
        for change in plan.changes
        if change.pin.location.path == chart.path and change.pin.kind == "chart-dependency"
    }


def vendored(snapshot: Snapshot, inventory: Inventory, plan: Plan) -> dict[str, str]:
    """Map each vendored `flux2` archive that must be replaced to its successor's path.

    Raises:
        PinError: the archive is a Git LFS pointer, or the chart is vendored as a directory.
    """
    new = plan.targets[FLUX2]
    found: dict[str, str] = {}
    nested = [path for path in snapshot.paths() if "charts/" in path]
    for chart in inventory.charts:
        if not chart.wrapper:
            continue
        folder = f"{chart.directory}charts/"
        for path in nested:
            if path.startswith(folder):
                _refuse_unpacked(path, folder, snapshot, new)
                name = path.removeprefix(folder)
                target = f"{folder}flux2-{new}.tgz"
                if _is_archive(name) and path != target:
                    _refuse_lfs(path, snapshot)
                    found[path] = target
    return found


def _is_archive(name: str) -> bool:
    rest = name.removeprefix("flux2-")
    return rest != name and rest[:1].isdigit() and name.endswith(".tgz")


def _refuse_unpacked(path: str, folder: str, snapshot: Snapshot, version: str) -> None:
    if path != f"{folder}flux2/Chart.yaml":
        return
    held = next(
        (line for line in decode(snapshot.read(path)).splitlines() if line.startswith("version:")),
        "",
    )
    if held.removeprefix("version:").strip(" \"'") != version:
        raise PinError(
            "flux2 is vendored as a directory, which fluxbump does not rewrite",
            where=Location(path, 1),
            hint=f"replace {folder}flux2/ by an archive, or remove it: helm dependency update",
        )


def _refuse_lfs(path: str, snapshot: Snapshot) -> None:
    if archive.lfs_pointer(snapshot.read(path)):
        raise PinError(
            "the vendored archive is a Git LFS pointer, and fluxbump writes no LFS objects",
            where=Location(path, 1),
            hint="vendor it without LFS, or remove it and let `helm dependency build` fetch it",
        )


def left_behind(snapshot: Snapshot, inventory: Inventory, plan: Plan) -> Iterable[Note]:
    """Yield vendored archives of this repository's own charts, which only a build can replace."""
    moved = {chart.name for chart in inventory.charts if plan.targets[chart.track] != chart.version}
    archives = [path for path in snapshot.paths() if path.endswith(".tgz")]
    for chart in inventory.charts:
        folder = f"{chart.directory}charts/"
        for path in archives:
            name = path.removeprefix(folder).rsplit("-", 1)[0]
            if path.startswith(folder) and name in moved:
                yield Note(
                    Location(path, 1),
                    f"vendored archive of {name}, which moves: package it anew "
                    f"(helm dependency update {chart.directory.rstrip('/')})",
                )


# --- proof -----------------------------------------------------------------------------------


def verify(inventory: Inventory, plan: Plan, changes: ChangeSet, scope: Scope) -> Inventory:
    """Find the pins again on the result: the same ones, each holding its planned value.

    Charts are read again too; only files that no edit touched are taken as they were.

    Returns:
        The inventory of the result.

    Raises:
        AssertionError: anything else is so; that is a bug in a kind or in the engine.
    """
    after = {**inventory.files, **_texts(changes, inventory)}
    touched = {path for path, text in after.items() if text != inventory.files[path]}
    _, charts = read_charts(
        {c.path: TextFile(c.path, after[c.path]) for c in inventory.charts}, scope
    )
    files = [TextFile(path, after[path]) for path in touched]
    again = find_pins(files, context_of(charts, scope))
    planned = {id(change.pin): change.new for change in plan.changes}
    expected = [
        _identity(pin, planned.get(id(pin), pin.value))
        for pin in inventory.pins
        if pin.location.path in touched
    ]
    found = [_identity(pin, pin.value) for pin in again.pins]
    if found != expected:
        odd = next(iter(set(expected) ^ set(found)), None)
        raise AssertionError(f"the pins found on the result are not the planned ones: {odd}")
    untouched = [pin for pin in inventory.pins if pin.location.path not in touched]
    pins = sorted([*untouched, *again.pins], key=lambda pin: (pin.location, pin.start))
    return replace(inventory, charts=charts, pins=tuple(pins), files=after)


def _texts(changes: ChangeSet, inventory: Inventory) -> dict[str, str]:
    return {
        path: decode(data)
        for path, data in changes.files.items()
        if data is not None and path in inventory.files
    }


def _identity(pin: Pin, value: str) -> tuple[str, str, str, str, str]:
    return pin.location.path, pin.kind, str(pin.track), pin.subject, value
