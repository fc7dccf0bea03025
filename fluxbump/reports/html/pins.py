"""Draws the pins of a repository for a page: a graph and a table by track and place. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from fluxbump.check.evidence import Evidence
from fluxbump.check.verdict import Verdict
from fluxbump.discover.tracks import current
from fluxbump.model import FLUX2, Form, Location, Pin, Track
from fluxbump.reports.html.elements import Node, element
from fluxbump.reports.html.page import listing, section

_WIDTH, _TRACK, _PLACE, _LEFT = 360, 118, 172, 4
_ROW, _BOX, _TALL, _GAP = 44, 36, 52, 12
_MOST = 60
"""The most places in the graph. The table has all of them."""


class PinMap(Struct, frozen=True):
    """The pins to draw, with their versions and errors.

    Attributes:
        pins: all pins of the repository.
        held: the version that each track holds.
        new: the version that each track gets. Empty without a bump.
        notes: a remark on the version of a track, such as `ships Flux 2.4.0`.
        wrong: the places that an error is about.
    """

    pins: Sequence[Pin]
    held: Mapping[Track, str]
    new: Mapping[Track, str]
    notes: Mapping[Track, str]
    wrong: frozenset[Location]


def judged(verdict: Verdict, about: Evidence) -> PinMap:
    """Return the pins of a check, with the places of its errors marked."""
    pins = about.inventory.pins
    shipped = {pin.value: about.shipped(pin)[0] for pin in pins if pin.track == FLUX2}
    release = next(iter(shipped.values())) if len(shipped) == 1 else None
    wrong = {
        place
        for finding in verdict.errors
        for place in (finding.location, *(related.location for related in finding.related))
    }
    return PinMap(
        pins,
        current(about.inventory),
        {},
        {FLUX2: f"ships {release}"} if release else {},
        frozenset(wrong),
    )


class _Place(Struct, frozen=True):
    """Pins of one track in one folder that hold the same version; a wrong one with its file."""

    where: str
    value: str
    number: int
    wrong: bool


def pins_section(found: PinMap) -> Node | None:
    """Return the section that shows where each version is pinned. None if there is no pin."""
    if not found.pins:
        return None
    return section(
        "Pins by track and place",
        element(
            "p",
            "Left: a version line (track) and the version that its pins hold. Right: the folders "
            "with these pins. A dashed line and ✗ mark a place with an error.",
            class_="soft",
        ),
        element("div", _graph(found), class_="graph"),
        _table(found),
    )


def _graph(found: PinMap) -> Node:
    parts: list[Node] = []
    top, shown = 4, 0
    hidden = 0
    for track in _tracks(found):
        places = _places([pin for pin in found.pins if pin.track == track], found.wrong)
        room = max(_MOST - shown, 0)
        hidden += len(places[room:])
        places = places[:room]
        if not places:
            continue
        shown += len(places)
        height = max(len(places) * _ROW, _TALL)
        middle = top + height // 2
        parts += _edges(places, top, height, middle)
        parts += _track(track, found, middle)
        first = top + (height - len(places) * _ROW) // 2
        for number, place in enumerate(places):
            parts += _box(place, first + number * _ROW + _ROW // 2)
        top += height + _GAP
    if hidden:
        parts.append(
            element("text", f"and {hidden} more places, in the table below", x=_LEFT, y=top + 12)
        )
        top += 24
    label = f"Graph: {len(found.pins)} pins by track and folder. The table below lists them"
    return element(
        "svg", element("title", label), *parts,
        viewBox=f"0 0 {_WIDTH} {top}", role="img", width=_WIDTH, height=top,
    )  # fmt: skip


def _tracks(found: PinMap) -> list[Track]:
    """Return the tracks with an error first."""
    wrong = {pin.track for pin in found.pins if pin.location in found.wrong}
    return sorted({pin.track for pin in found.pins}, key=lambda track: (track not in wrong, track))


def _places(pins: Sequence[Pin], wrong: frozenset[Location]) -> list[_Place]:
    counted = Counter((_where(pin, wrong), _held(pin), pin.location in wrong) for pin in pins)
    found = [_Place(where, held, n, bad) for (where, held, bad), n in counted.items()]
    return sorted(found, key=lambda place: (not place.wrong, place.where, place.value))


def _where(pin: Pin, wrong: frozenset[Location]) -> str:
    path = pin.location.path
    return path if pin.location in wrong else path.rpartition("/")[0] or "(root)"


def _held(pin: Pin) -> str:
    return pin.value if pin.form is Form.EXACT else f"{pin.value or 'no version'} ({pin.form})"


def _edges(places: Sequence[_Place], top: int, height: int, middle: int) -> Iterator[Node]:
    start, end = _LEFT + _TRACK, _WIDTH - _LEFT - _PLACE
    half = (start + end) // 2
    first = top + (height - len(places) * _ROW) // 2
    for number, place in enumerate(places):
        y = first + number * _ROW + _ROW // 2
        broken = " broken" if place.wrong else ""
        curve = f"M{start} {middle}C{half} {middle} {half} {y} {end} {y}"
        yield element("path", d=curve, class_=f"edge{broken}")


def _track(track: Track, found: PinMap, middle: int) -> Iterator[Node]:
    note = found.notes.get(track)
    height = _TALL if note else _BOX
    y = middle - height // 2
    yield element("rect", x=_LEFT, y=y, width=_TRACK, height=height, rx=8, class_="box goal")
    lines = [track.name, _moved(track, found), *([note] if note else [])]
    for number, line in enumerate(lines):
        yield _text(line, _LEFT + 9, y + 15 + number * 15, "on-goal", size=15)


def _moved(track: Track, found: PinMap) -> str:
    held, new = found.held.get(track, "several"), found.new.get(track)
    return held if new in (None, held) else f"{held} → {new}"


def _box(place: _Place, middle: int) -> Iterator[Node]:
    left, y = _WIDTH - _LEFT - _PLACE, middle - _BOX // 2
    box, ink = ("box wrong", "on-wrong") if place.wrong else ("box", "")
    count = f"{place.number} pin{'s' * (place.number != 1)}"
    yield element("rect", x=left, y=y, width=_PLACE, height=_BOX, rx=8, class_=box)
    yield _text(place.where, left + 9, y + 15, ink, size=24)
    mark = "✗ " if place.wrong else ""
    yield _text(f"{mark}{place.value} · {count}", left + 9, y + 30, f"small {ink}".strip(), size=30)


def _text(text: str, x: int, y: int, ink: str, *, size: int) -> Node:
    """Return a line of text. If it is too long, its middle is cut, and its title has all of it."""
    tail = size * 2 // 5
    cut = text if len(text) <= size else f"{text[: size - tail - 1]}…{text[-tail:]}"
    whole = element("title", text) if cut != text else None
    return element("text", whole, cut, x=x, y=y, class_=ink)


def _table(found: PinMap) -> Node:
    header = ("Place", "Kind", "Track", "Version")
    rows = [
        (
            f"{'✗ ' if pin.location in found.wrong else ''}{pin.location}",
            pin.kind,
            str(pin.track),
            _shown(pin, found.new.get(pin.track)),
        )
        for pin in sorted(found.pins, key=lambda pin: (pin.track, pin.location))
    ]
    summary = element("summary", f"All {len(rows)} pins")
    return element("details", summary, listing(header, rows))


def _shown(pin: Pin, new: str | None) -> str:
    held = _held(pin)
    return held if new in (None, pin.value) or pin.form is not Form.EXACT else f"{held} → {new}"
