"""Tells which version each track of a repository holds now, and which pins belong to it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from semver import Version

from fluxbump.discover import release_lines
from fluxbump.discover.pins import KINDS
from fluxbump.errors import PinError
from fluxbump.flux.available import Available, without_chart
from fluxbump.helm.chart_releases import ChartIndex
from fluxbump.model import FLUX, FLUX2, OPERATOR, Form, Inventory, Pin, Role, Track, TrackKind
from fluxbump.text import versions

_LOWEST = Version(0)
_SHOWN = 5
"""How many notes an error names if a repository has no pin."""
_OF_CHARTS = (TrackKind.COMMUNITY, TrackKind.CHART)
_OF_FLUX = (FLUX, FLUX2, OPERATOR)
_ORDER = {name: number for number, name in enumerate(KINDS)}


def current(inventory: Inventory) -> dict[Track, str]:
    """Return the version that each track holds now.

    For `flux` it is that of install URLs and similar pins, for `flux2` that of the wrappers'
    dependencies, for `flux-operator` that of its charts. Where pins disagree, the oldest counts.
    For a chart of the repository it is the version in its Chart.yaml.
    """
    held: dict[Track, str] = {}
    for track in (FLUX, FLUX2):
        values = {pin.value for pin in first_installs(inventory.pins, track)}
        if values:
            held[track] = min(values, key=lambda value: versions.parse(value) or _LOWEST)
    operator = {p.value for p in pins_of(inventory.pins, OPERATOR) if p.form is Form.EXACT}
    if operator:
        held[OPERATOR] = min(operator, key=lambda value: versions.parse(value) or _LOWEST)
    held |= {chart.track: chart.version for chart in inventory.charts}
    return held


def held(inventory: Inventory) -> dict[Track, str]:
    """Return the version that each track holds now, as `current` does.

    If no pin installs Flux, the oldest release of the other pins, such as tools, counts for `flux`.
    """
    found = current(inventory)
    beside = [pin for pin in inventory.pins if (pin.track, pin.form) == (FLUX, Form.EXACT)]
    if FLUX not in found and not installs(inventory.pins, FLUX) and beside:
        oldest = min(beside, key=lambda pin: versions.parse(pin.value) or _LOWEST)
        found[FLUX] = oldest.value
    return found


def pins_of(pins: Iterable[Pin], track: Track) -> list[Pin]:
    """Return the pins of a track."""
    return [pin for pin in pins if pin.track == track]


def installs(pins: Iterable[Pin], track: Track) -> list[Pin]:
    """Return the pins of a track with the role `INSTALLS`, in the order of `KINDS`."""
    found = (pin for pin in pins if pin.track == track and pin.role is Role.INSTALLS)
    return sorted(found, key=lambda pin: _ORDER[pin.kind])


def first_installs(pins: Iterable[Pin], track: Track) -> list[Pin]:
    """Return the exact pins that install a track, of the first kind in `KINDS` that has any."""
    exact = (pin for pin in installs(pins, track) if pin.form is Form.EXACT)
    return next((list(same) for _, same in groupby(exact, key=lambda pin: pin.kind)), [])


def moves(pin: Pin) -> bool:
    """Whether a bump of Flux can replace the value of a pin; pins of flux-operator stay."""
    held = pin.form is Form.EXACT or release_lines.is_line(pin)
    return held and pin.role is not Role.OPERATOR


def needs_chart(inventory: Inventory) -> bool:
    """Whether the repository holds versions of charts, so that a release needs a chart release."""
    places = (*inventory.pins, *inventory.excluded)
    held = bool(inventory.charts or inventory.unrecognised or inventory.unreadable)
    return held or any(pin.track.kind in _OF_CHARTS for pin in places)


def available(inventory: Inventory, index: ChartIndex, tagged: Iterable[Version] = ()) -> Available:
    """Return the releases that a bump of a repository can lead to.

    Args:
        inventory: the pins and charts of the repository.
        index: all chart releases; empty if there is no index.
        tagged: the releases known from git tags; empty if the tags were not read.
    """
    return Available(index) if needs_chart(inventory) else without_chart(index, tagged)


def require_pins(inventory: Inventory, message: str) -> None:
    """Refuse a repository without pins of Flux.

    Raises:
        PinError: the repository has no pin of Flux and no candidate that could not be read. The
            error lists the notes as facts.
    """
    ours = (pin.track in _OF_FLUX or pin.track.kind is TrackKind.IMAGE for pin in inventory.pins)
    if not any(ours) and not inventory.unreadable:
        seen = [f"{note.location}: {note.said}" for note in inventory.notes]
        # A line that counts one note is no shorter than the note.
        shown = seen if len(seen) == _SHOWN + 1 else seen[:_SHOWN]
        more = [f"and {len(seen) - len(shown)} more notes"] if len(seen) > len(shown) else []
        raise PinError(
            message,
            facts=[*shown, *more],
            hint="use --repo or --rev for another repository or revision",
        )
