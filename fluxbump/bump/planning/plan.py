"""Makes the plan of a bump from an inventory and a release: the new value of each pin. Pure.

The plan sets versions and does not increment them, so a pin that has drifted gets the same
version as the others. The version of a chart of this repository moves only when something in
that chart moves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from fluxbump.bump.changes import Change, Plan
from fluxbump.bump.planning import downgrades, partial_bump, preconditions, starting_release
from fluxbump.discover import opaque_pins, release_lines
from fluxbump.discover.tracks import held, needs_chart, require_pins
from fluxbump.errors import PinError
from fluxbump.flux.releases import Goal
from fluxbump.helm.chart_releases import ChartIndex
from fluxbump.model import (
    COMMITS,
    FLUX,
    FLUX2,
    OPERATOR,
    Chart,
    Form,
    Inventory,
    Pin,
    Role,
    Track,
)
from fluxbump.text import next_version, version_ranges, versions
from fluxbump.text.next_version import Level

_NOTHING: Mapping[Track, str] = {}
_STAY = (Role.TOOL, Role.REFERENCE)
"""Roles whose pins are listed, not refused, if they cannot be rewritten: no cluster runs them."""


class Options(Struct, frozen=True):
    """The choices of the user about which changes a plan makes.

    Attributes:
        level: the part of the version that is raised in the repository's own charts. `none` keeps
            their versions.
        allow_downgrade: whether a pin can move to an older Flux release or chart version.
        align: whether pins that disagree, such as install URLs, are set to one version.
        leave: the kinds of pin that stay if they would go down, or cannot be generated again.
        operator: the version that pins of flux-operator move to. None if they stay.
        flux_stays: whether flux-operator moves alone, and the pins of Flux releases stay.
    """

    level: Level = "patch"
    allow_downgrade: bool = False
    align: bool = False
    leave: frozenset[str] = frozenset()
    operator: str | None = None
    flux_stays: bool = False


def plan(
    inventory: Inventory,
    chart_release: Goal,
    index: ChartIndex,
    options: Options,
    *,
    earlier: tuple[Chart, ...] = (),
    following: Mapping[Track, str] = _NOTHING,
) -> Plan:
    """Decide the new value of each pin.

    Args:
        inventory: the pins and charts of the repository.
        chart_release: the release to go to.
        index: the chart index.
        options: the changes that the plan is allowed to make.
        earlier: the charts at the commit that the result is compared with. A chart whose dependency
            has moved since then is raised too, and a chart that was raised since then is not
            raised again.
        following: the new values of the tracks that follow from the target: images, digests,
            commits.

    Raises:
        PinError: nothing is pinned, a candidate cannot be read, pins of one kind disagree, a pin
            cannot be rewritten and does not admit what it would have to hold, or something would
            stay behind.
        RefusedError: a pin would move to an older version.
    """
    require_pins(
        inventory,
        "no pin of Flux found: none of the ways of installing Flux that docs/pins.md lists",
    )
    preconditions.require_readable(inventory)
    _require_operator(inventory, options)
    if not options.align and not options.flux_stays:
        preconditions.require_agreement(inventory)
        starting_release.require_known(inventory)
    preconditions.require_rewritable(inventory, index)
    targets = _targets(inventory, chart_release, options, earlier, following)
    left = [pin for pin in inventory.pins if _is_left(pin, targets, options)]
    moving = [pin for pin in inventory.pins if pin not in left]
    changes = tuple(_changes(moving, targets))
    preconditions.require_digests(inventory.pins, changes, targets)
    decided = downgrades.deciding(inventory, changes)
    if not options.allow_downgrade:
        downgrades.require_none(decided, index)
    partial_bump.require_none(inventory, changes, targets, index)
    return Plan(
        chart_release=chart_release,
        current=held(inventory),
        targets=targets,
        changes=changes,
        kept=(*_left(left, targets), *_kept(moving, targets)),
        notes=(*inventory.notes, *downgrades.notes(changes, decided)),
        unmoved=partial_bump.unmoved(inventory, targets, index),
    )


def _require_operator(inventory: Inventory, options: Options) -> None:
    if options.operator and all(pin.track != OPERATOR for pin in inventory.pins):
        raise PinError(
            "no pin of flux-operator found",
            facts=["fluxbump looked for its charts and its artifact"],
            hint="leave out --operator",
        )


# --- what each track becomes ------------------------------------------------------------------


def _targets(
    inventory: Inventory,
    chart_release: Goal,
    options: Options,
    earlier: tuple[Chart, ...],
    following: Mapping[Track, str],
) -> Mapping[Track, str]:
    targets = {} if options.flux_stays else {FLUX: str(chart_release.app_version)}
    if chart_release.version is not None and needs_chart(inventory):
        targets[FLUX2] = str(chart_release.version)
    if options.operator is not None:
        targets[OPERATOR] = options.operator
    targets |= following
    before = {chart.path: chart for chart in earlier}
    for chart in inventory.charts:
        was = before.get(chart.path, chart)
        if options.level == "none":
            targets[chart.track] = chart.version
            continue
        moved = any(_belongs(change.pin, chart) for change in _changes(inventory.pins, targets))
        raise_it = (moved or _moved_since(was, chart, targets)) and not _raised_since(was, chart)
        targets[chart.track] = _raised(chart, inventory, options) if raise_it else chart.version
    return targets


def _moved_since(was: Chart, chart: Chart, targets: Mapping[Track, str]) -> bool:
    """Whether a dependency that moves with Flux has changed since the earlier state of a chart."""
    names = {track.name for track in targets if track != FLUX}
    dependencies_before = {
        dependency for dependency in was.dependencies if dependency.name in names
    }
    return dependencies_before != {
        dependency for dependency in chart.dependencies if dependency.name in names
    }


def _raised_since(was: Chart, chart: Chart) -> bool:
    old, new = versions.parse(was.version), versions.parse(chart.version)
    return old is not None and new is not None and new > old


def _belongs(pin: Pin, chart: Chart) -> bool:
    """Whether a change of `pin` changes what the chart ships."""
    return pin.track != chart.track and pin.location.path.startswith(chart.directory)


def _raised(chart: Chart, inventory: Inventory, options: Options) -> str:
    version = versions.parse(chart.version)
    if version is None:
        own_pins = [pin for pin in inventory.pins if pin.track == chart.track]
        raise PinError(
            f"the version of chart {chart.name} is not a full version: {chart.version or 'none'}",
            where=own_pins[0].location if own_pins else chart.path,
            hint="write it as MAJOR.MINOR.PATCH",
        )
    return str(next_version.raised(version, options.level))


def _changes(pins: Iterable[Pin], targets: Mapping[Track, str]) -> Iterator[Change]:
    """Yield a change for every pin that has a target, does not hold it, and can be rewritten.

    Raises:
        PinError: the pin would have to change, and cannot be rewritten.
    """
    for pin in pins:
        new = targets.get(pin.track)
        if new is not None and not opaque_pins.is_at(pin, new):
            value = _new_value(pin, new, targets)
            if value is not None:
                yield Change(pin, value)


def _new_value(pin: Pin, new: str, targets: Mapping[Track, str]) -> str | None:
    """Return the text that a pin gets, or None if the pin stays as it is.

    Args:
        pin: a pin that does not hold its target.
        new: the target of its track.
        targets: the targets of all tracks.

    Raises:
        PinError: the pin would have to change, and cannot be rewritten.
    """
    if pin.form is Form.EXACT or _knows_commit(pin, new, targets):
        return new
    if pin.role in _STAY:
        return None
    if pin.form is Form.OPAQUE:
        message, advice = opaque_pins.refusal(pin, new)
        raise PinError(message, where=pin.location, hint=advice)
    if pin.form is not Form.RANGE or _admits(pin, new):
        return None
    line = release_lines.moved(pin, new)
    if line is None:
        raise PinError(
            f"{pin.subject} holds the range {pin.value}, which excludes {new}",
            where=pin.location,
            hint=f"widen the range, or pin it: {new}",
        )
    return line


def _knows_commit(pin: Pin, new: str, targets: Mapping[Track, str]) -> bool:
    """Whether a pin holds the commit of an old release, and the new release's commit is known."""
    return COMMITS in targets and opaque_pins.is_old_commit(pin, new)


def _admits(pin: Pin, version: str) -> bool:
    parsed = versions.parse(version)
    try:
        return parsed is not None and version_ranges.parse(pin.value).admits(parsed)
    except ValueError:
        raise PinError(
            f"{pin.subject} holds neither a version nor a range: {pin.value}",
            where=pin.location,
            hint=f"write a version there, such as {version}",
        ) from None


def _kept(pins: Iterable[Pin], targets: Mapping[Track, str]) -> Iterator[tuple[Pin, str]]:
    """Yield the pins that stay as they are and that the report lists, each with the reason."""
    for pin in pins:
        new = targets.get(pin.track)
        why = _why_kept(pin, new, targets) if new is not None else None
        if why is not None:
            yield pin, why


def _why_kept(pin: Pin, new: str, targets: Mapping[Track, str]) -> str | None:
    match pin.form:
        case Form.RANGE:
            return _why_range_kept(pin, new)
        case Form.VARIABLE:
            return f"holds a variable, {pin.value}: make sure that it becomes {new}"
        case Form.UNPINNED:
            return "not pinned: takes the newest version"
        case Form.COMMIT if pin.value != new and not _knows_commit(pin, new, targets):
            return opaque_pins.stays_at_commit(pin, new)
        case Form.OPAQUE if pin.role in _STAY and not opaque_pins.is_at(pin, new):
            message, advice = opaque_pins.refusal(pin, new)
            return f"{message.removeprefix(pin.subject).strip()}: {advice}"
    return None


def _why_range_kept(pin: Pin, new: str) -> str | None:
    if _admits(pin, new):
        return f"the range {pin.value} admits {new}"
    if pin.role in _STAY:
        return f"the range {pin.value} excludes {new}: widen it, or write {new} there"
    return None


def _is_left(pin: Pin, targets: Mapping[Track, str], options: Options) -> bool:
    """Whether a pin is newer than the target, and its kind stays as the user asked."""
    ahead = downgrades.lowers(pin.value, targets.get(pin.track, pin.value))
    return pin.kind in options.leave and ahead and not options.allow_downgrade


def _left(pins: Iterable[Pin], targets: Mapping[Track, str]) -> Iterator[tuple[Pin, str]]:
    for pin in pins:
        if targets.get(pin.track, pin.value) != pin.value:
            yield pin, f"stays at {pin.value}, as asked: it does not become {targets[pin.track]}"
