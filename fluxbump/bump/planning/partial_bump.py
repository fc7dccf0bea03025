"""Refuses a bump that would move some places and leave others behind. Pure."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from fluxbump.bump.changes import Change
from fluxbump.discover.copies_and_archives import holds_copies
from fluxbump.discover.digests import tables
from fluxbump.discover.pins.kind import MIRROR
from fluxbump.discover.unrecognised import REQUIREMENTS, Unrecognised
from fluxbump.errors import HalfBumpError
from fluxbump.helm.chart_releases import ChartIndex
from fluxbump.model import (
    FLUX,
    FLUX2,
    Dependency,
    Form,
    Inventory,
    Note,
    Pin,
    Related,
    Track,
    TrackKind,
)
from fluxbump.text import version_ranges, versions

_OWN_LINES = (TrackKind.CHART, TrackKind.OPERATOR)
"""The kinds of track that can move without Flux."""
_DIGESTS = (
    "put each digest beside its URL, or name its variable like that of the version "
    "(FLUX_VERSION, FLUX_SHA256)"
)

_TABLE = f"{tables.ADD[0].lower()}{tables.ADD[1:]}"


def require_none(
    inventory: Inventory, changes: Sequence[Change], targets: Mapping[Track, str], index: ChartIndex
) -> None:
    """Refuse changes if a place that belongs to them would stay behind.

    Args:
        inventory: the pins, the excluded pins, and the dependencies that are not recognised.
        changes: the changes of a plan.
        targets: the version that each track gets.
        index: the chart index, which says which chart ships which release.

    Raises:
        HalfBumpError: a dependency is not recognised, a pin is in an excluded file, or a digest
            may belong to a file that moves.
    """
    strangers = tuple(_unrecognised(inventory, changes, targets))
    pins = tuple(_excluded(inventory, changes, targets, index))
    elsewhere = tuple(_elsewhere(inventory, changes, targets, index))
    notes = tuple(_uncertain(inventory, changes, targets))
    places = [
        *(described(stranger, index) for stranger in strangers),
        *map(_excluded_place, pins),
        *(Related(note.location, note.message) for note in (*elsewhere, *notes)),
    ]
    if not places:
        return
    moves = f"Flux moves to {targets[FLUX]}" if FLUX in targets else "flux-operator moves"
    while_ = f"would stay behind while {moves}"
    first = places[0]
    alone = len(places) == 1
    raise HalfBumpError(
        f"this place {while_}" if alone else f"{len(places)} places {while_}",
        where=first.location if alone else None,
        facts=[
            *([first.message] if alone else ()),
            *_advice(strangers, pins, index),
            *_settled(elsewhere),
            *dict.fromkeys(_TABLE if _is_table(note) else _DIGESTS for note in notes),
        ],
        places=places,
    )


def unmoved(
    inventory: Inventory, targets: Mapping[Track, str], index: ChartIndex
) -> tuple[Related, ...]:
    """Return the unrecognised dependencies that do not hold the target of the bump."""
    return tuple(
        described(place, index)
        for place in inventory.unrecognised
        if not holds_copies(place[0].path) and not _holds(place[1], targets.get(_track(place[1])))
    )


# --- which -----------------------------------------------------------------------------------


def _track(dependency: Dependency) -> Track:
    return FLUX2 if dependency.name == FLUX2.name else Track(TrackKind.CHART, dependency.name)


def _upstream(changes: Iterable[Change]) -> bool:
    """Whether a pin of Flux itself moves, not just the repository's own charts or flux-operator."""
    return any(change.pin.track.kind not in _OWN_LINES for change in changes)


def _unrecognised(
    inventory: Inventory, changes: Sequence[Change], targets: Mapping[Track, str]
) -> Iterator[Unrecognised]:
    moving = {change.pin.track for change in changes}
    for where, dependency in inventory.unrecognised:
        if holds_copies(where.path):
            continue
        track = _track(dependency)
        moves = _upstream(changes) if track == FLUX2 else track in moving
        if moves and not _holds(dependency, targets.get(track)):
            yield where, dependency


def _holds(dependency: Dependency, target: str | None) -> bool:
    """Whether a dependency holds the target. A range that admits it counts for an own chart."""
    if target is None or dependency.version.removeprefix("v") == target:
        return True
    return dependency.name != FLUX2.name and version_ranges.admits(dependency.version, target)


def _excluded(
    inventory: Inventory, changes: Sequence[Change], targets: Mapping[Track, str], index: ChartIndex
) -> Iterator[Pin]:
    """Yield the pins in excluded files that are at the same release as the pins that move.

    An excluded pin at another release was left out of earlier bumps already. If no other pin has
    its track, this cannot be told, so the excluded pin counts.
    """
    shipped = _shipped(index)
    held = {_stands(change.pin, shipped) for change in changes}
    known = {pin.track for pin in inventory.pins}
    for pin in inventory.excluded:
        target = targets.get(pin.track)
        if pin.form is not Form.EXACT or target is None or pin.value == target:
            continue
        alone = pin.track in (FLUX, FLUX2) and pin.track not in known and _upstream(changes)
        if alone or _stands(pin, shipped) in held:
            yield pin


def _shipped(index: ChartIndex) -> dict[str, str]:
    """Map each version of the community chart to the Flux release that it ships."""
    return {str(release.version): str(release.app_version) for release in index.releases}


def _uncertain(
    inventory: Inventory, changes: Sequence[Change], targets: Mapping[Track, str]
) -> Iterator[Note]:
    """Yield the notes on places without the target that may belong to a track that moves."""
    moving = {change.pin.track for change in changes}
    for note in inventory.notes:
        if note.held is not None and note.held[0] in moving and note.advice != MIRROR:
            track, version = note.held
            ready = _is_table(note) and tables.has(
                inventory.files[note.location.path], targets[track]
            )
            if not ready and (not version or version != targets[track]):
                yield note


def _elsewhere(
    inventory: Inventory, changes: Sequence[Change], targets: Mapping[Track, str], index: ChartIndex
) -> Iterator[Note]:
    """Yield the notes on installs of flux2 from a chart repository that may be a mirror."""
    if not _upstream(changes):
        return
    shipped = _shipped(index)
    for note in inventory.notes:
        if note.held is None or note.advice != MIRROR or holds_copies(note.location.path):
            continue
        version = note.held[1].removeprefix("v")
        if version != targets.get(FLUX2) and shipped.get(version) != targets.get(FLUX):
            yield note


def _settled(elsewhere: Sequence[Note]) -> Iterator[str]:
    """Yield the advice on installs from a possible mirror, with the line for fluxbump.yaml."""
    if elsewhere:
        yield "if a repository mirrors the community's, add it to `repositories` in fluxbump.yaml"
        files = _list(note.location.path for note in elsewhere)
        yield f"if flux2 is another chart there: exclude: {files}"


def _is_table(note: Note) -> bool:
    return note.advice == tables.ADD


def _stands(pin: Pin, shipped: Mapping[str, str]) -> tuple[Track, str]:
    """Return the release that a pin holds or that its chart ships, else its own track and value."""
    if pin.track == FLUX2 and pin.value in shipped:
        return FLUX, shipped[pin.value]
    return pin.track, pin.value


# --- what is said of them --------------------------------------------------------------------


def described(place: Unrecognised, index: ChartIndex) -> Related:
    """Describe an unrecognised dependency and why it does not move."""
    where, dependency = place
    named = f"dependency {dependency.name} {dependency.version}".rstrip()
    if dependency.repository == REQUIREMENTS:
        return Related(where, f"{named} is in Helm 2's requirements.yaml")
    message = (
        f"{named} comes from {dependency.repository or 'no repository'}, not from the community's"
    )
    if not _published(dependency, index):
        message += f", and no chart flux2 {dependency.version} is published"
    return Related(where, message)


def _published(dependency: Dependency, index: ChartIndex) -> bool:
    """Whether the chart index has the version. True for a text that is no full version."""
    parsed = versions.parse(dependency.version)
    return parsed is None or any(release.version == parsed for release in index.releases)


def _excluded_place(pin: Pin) -> Related:
    return Related(pin.location, f"{pin.subject} holds {pin.value} in an excluded file")


def _advice(
    strangers: Collection[Unrecognised], pins: Iterable[Pin], index: ChartIndex
) -> Iterator[str]:
    """Yield the advice on the places that would stay, each with the line for fluxbump.yaml."""
    foreign = [
        (where, dependency)
        for where, dependency in strangers
        if dependency.repository != REQUIREMENTS
    ]
    mirrors = [
        dependency.repository
        for _, dependency in foreign
        if dependency.repository and not _is_local(dependency)
    ]
    others = [
        where.path
        for where, dependency in foreign
        if _is_local(dependency) or not _published(dependency, index)
    ]
    if len(foreign) < len(strangers):
        yield "move the dependencies in requirements.yaml to Chart.yaml, apiVersion v2"
    if mirrors:
        yield (
            "if the repository mirrors the community's, add to fluxbump.yaml: "
            f"repositories: {_list(mirrors)}"
        )
    if any(not dependency.repository for _, dependency in foreign):
        yield "name the repository of the dependency flux2"
    if others:
        yield (f"if flux2 is another chart there: exclude: {_list(others)}")
    left = _list(pin.location.path for pin in pins)
    if left != "[]":
        yield (
            "take it out of `exclude`, or if it is meant to stay, add to fluxbump.yaml: "
            f"leave_excluded: {left}"
        )


def _is_local(dependency: Dependency) -> bool:
    return dependency.repository.startswith(("file:", ".", "/"))


def _list(values: Iterable[str]) -> str:
    return json.dumps([*dict.fromkeys(values)], ensure_ascii=False)
