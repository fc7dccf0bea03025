"""Finds the changes that lower a version, and those that need `--allow-downgrade`. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from fluxbump.bump.changes import Change
from fluxbump.discover import release_lines
from fluxbump.errors import Again, RefusedError
from fluxbump.helm.chart_releases import ChartIndex
from fluxbump.model import (
    FLUX,
    FLUX2,
    OPERATOR,
    Form,
    Inventory,
    Note,
    Pin,
    Role,
    TrackKind,
)
from fluxbump.text import versions

_FOLLOW = (Role.TOOL, Role.REFERENCE)
_EXACT = (Form.EXACT, Form.OPAQUE, Form.COMMIT)


def deciding(inventory: Inventory, changes: Sequence[Change]) -> Sequence[Change]:
    """Return the changes that decide whether a bump is a downgrade.

    Changes of flux-operator always count. The places that install Flux come first. Images follow
    them, and so do tools and references. If nothing else installs Flux, the images decide, and if
    nothing installs it at all, tools and references do.
    """
    operator = [change for change in changes if change.pin.track == OPERATOR]
    installs = [change for change in changes if change.pin.role is Role.INSTALLS]
    first = [change for change in installs if change.pin.track in (FLUX, FLUX2)]
    images = [change for change in installs if change.pin.track.kind is TrackKind.IMAGE]
    if first or images or any(_is_known(pin) for pin in inventory.pins):
        return [*operator, *(first or images)]
    return [*operator, *(change for change in changes if change.pin.role in _FOLLOW)]


def _is_known(pin: Pin) -> bool:
    """Whether a pin installs an exact version, so that other pins follow it."""
    return pin.role is Role.INSTALLS and pin.form in _EXACT


def lowers(old: str, new: str) -> bool:
    """Whether a new text of a pin is a lower version than the lowest that the old text admits."""
    lowest, target = release_lines.lowest(old), release_lines.lowest(new)
    return bool(lowest and target and target < lowest)


def require_none(decided: Iterable[Change], index: ChartIndex) -> None:
    """Refuse a deciding change that lowers a version.

    Args:
        decided: the changes to check, from `deciding`.
        index: the chart index. A pin can hold a version that is newer than all in it.

    Raises:
        RefusedError: a change lowers a version.
    """
    for change in decided:
        if lowers(change.pin.value, change.new):
            risky = change.pin.role not in _FOLLOW
            raise RefusedError(
                f"{change.pin.subject} would go down from {change.pin.value} to {change.new}",
                where=change.pin.location,
                facts=["the API server can refuse a downgrade"] if risky else (),
                hint=_older_index(change.pin, index),
                next=[Again(("--allow-downgrade",), "allows the downgrade")],
            )


def _older_index(pin: Pin, index: ChartIndex) -> str | None:
    """Return advice if the chart index is older than the version that a pin holds, else None."""
    held = versions.parse(pin.value) if pin.track == FLUX2 else None
    newest = max((release.version for release in index.releases), default=None)
    if held is None or newest is None or held <= newest:
        return None
    return (
        f"the chart index does not list flux2 {held} (its newest is {newest}): name a newer index "
        "with --index"
    )


def notes(changes: Iterable[Change], decided: Sequence[Change]) -> Iterator[Note]:
    """Yield a note for each pin that goes down to the version of the deciding pins."""
    for change in changes:
        old, new = versions.parse(change.pin.value), versions.parse(change.new)
        if change not in decided and old and new and new < old:
            ahead = "its chart" if change.pin.track.kind is TrackKind.CHART else "what is installed"
            yield Note(
                change.pin.location,
                f"{change.pin.subject} was ahead of {ahead}, and goes down from {old} to {new}",
            )
