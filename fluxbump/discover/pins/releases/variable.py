"""Finds variables that hold a release or a chart's version, by their uses or by their names.

The role of a variable is that of the places that use it. A variable with Flux in its name, whose
uses are not seen, is taken for that of a tool.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Sequence
from functools import cache

from msgspec.structs import replace
from semver import Version

from fluxbump.discover.digests import tables
from fluxbump.discover.digests.spellings import shaped
from fluxbump.discover.pins.kind import BY_HAND, Context, Found
from fluxbump.discover.pins.kind_traits import KindTrait
from fluxbump.discover.variables import flux_names
from fluxbump.discover.variables.values import Assignment
from fluxbump.flux.tables import charts, images
from fluxbump.model import FLUX, FLUX2, OPERATOR, Form, Note, Pin, Role, Track
from fluxbump.text import versions
from fluxbump.text.live_code import TextFile
from fluxbump.text.patterns import lazy_pattern

NAME = "variable"
ROLE = Role.INSTALLS
NEEDLES: tuple[str, ...] = flux_names.NEEDLES
TRAITS = frozenset({KindTrait.ONE_RELEASE, KindTrait.VARIABLE})


def find(file: TextFile, context: Context) -> Iterator[Found]:
    """Yield the assignments to which uses are followed, and those found by the variable's name."""
    followed = context.followed.pins.get(file.path, ())
    yield from followed
    known = {pin.start for pin in followed}
    pins = [
        found
        for found in _named(file, context)
        if isinstance(found, Note) or found.start not in known
    ]
    yield from pins
    yield from _of_operator(file, known, context)
    yield from _of_chart(file, known, context)
    yield from _constants(file, known, context)
    first = next((pin for pin in pins if isinstance(pin, Pin)), None)
    if first is not None and not followed:
        yield from _digests(file, first)


def _of_operator(file: TextFile, known: Container[int], context: Context) -> Iterator[Found]:
    """Yield the assignments of variables that are named after flux-operator."""
    for name, places in flux_names.of_operator(file):
        free = _free(file, places, known, context)
        some = [place for place in free if versions.parse(place.version or "") is not None]
        yield from _of_one_version(file, name, some, OPERATOR, "flux-operator")


def _of_chart(file: TextFile, known: Container[int], context: Context) -> Iterator[Found]:
    """Yield the assignments of variables that are named after the chart flux2.

    The chart of Flux 1 had versions below 2.0.0. For these, the file must name the community.
    """
    for name, places in flux_names.of_chart(file):
        free = _free(file, places, known, context)
        ours = file.once(_COMMUNITY, lambda: _COMMUNITY.search(file.text) is not None)
        some = [
            place for place in free if _is_chart_version(place.version or "", context, ours=ours)
        ]
        yield from _of_one_version(file, name, some, FLUX2, "the chart flux2")


def _free(
    file: TextFile, places: Iterable[Assignment], known: Container[int], context: Context
) -> list[Assignment]:
    """Return the assignments whose track is not known from a use or from another search."""
    disputed = context.followed.disputed
    return [
        place
        for place in places
        if place.start not in known and (file.path, place.start) not in disputed
    ]


def _of_one_version(
    file: TextFile, name: str, places: Sequence[Assignment], track: Track, what: str
) -> Iterator[Found]:
    """Yield the pins of a variable; a note if the file sets it to several versions."""
    if len({place.version for place in places}) > 1:
        message = f"this file sets {name} to several versions of {what}"
        yield Note(file.location(places[0].start), message, advice=BY_HAND)
        return
    role = Role.OPERATOR if track == OPERATOR else Role.INSTALLS
    for place in places:
        yield replace(_pin(file, name, place), track=track, role=role)


_COMMUNITY = lazy_pattern("flux2|fluxcd-community", re.IGNORECASE)
_FIRST_OF_FLUX2 = Version(2)
"""From here on the versions of the community's chart are of no other chart of a Flux."""


def _is_chart_version(text: str, context: Context, *, ours: bool) -> bool:
    version = versions.parse(text)
    if version is None or (version < _FIRST_OF_FLUX2 and not ours):
        return False
    newest = versions.parse(_newest(tuple(charts.by_version())))
    later = newest is not None and version > newest and version.major == newest.major
    return later or _is_chart(text, context)


def _constants(file: TextFile, known: Container[int], context: Context) -> Iterator[Note]:
    """Yield a note on each constant of a program that holds a release, whose use is not known."""
    for match in flux_names.constants(file):
        start = match.start("version")
        name, version = match["name"], match["version"]
        if start in known:
            continue
        if "chart" in name.lower():
            what = "chart flux2" if _is_chart_version(version, context, ours=True) else ""
        else:
            what = "Flux" if _is_release(file, name, version, context) else ""
        if what:
            message = f"{name} in a program holds {what} {version}"
            yield Note(file.location(start), message, advice=BY_HAND)


def _digests(file: TextFile, pin: Pin) -> Iterator[Note]:
    """Yield a note on a digest beside a variable, which a bump would leave as it is."""
    _, in_tables = tables.without(file, [*shaped(file.text)], (), {pin.value})
    yield from in_tables
    beside = None if in_tables else flux_names.digest_beside(file, pin.start)
    if beside is not None:
        message = f"a digest that may be of Flux {pin.value}"
        yield Note(file.location(beside), message, held=(FLUX, pin.value), advice=BY_HAND)


_OURS = lazy_pattern("flux(?:2|cd)", re.IGNORECASE)


def _named(file: TextFile, context: Context) -> Iterator[Found]:
    followed = {pin.start for pin in context.followed.pins.get(file.path, ())}
    for name, places in flux_names.find(file):
        released = [
            place for place in places if _is_release(file, name, place.version or "", context)
        ]
        free = [
            place for place in released if (file.path, place.start) not in context.followed.disputed
        ]
        others = [
            place for place in places if place not in released and place.start not in followed
        ]
        of_chart = next((p for p in others if _is_chart(f"{p.version}", context)), None)
        if of_chart is not None:
            what = f"{name} holds {of_chart.version}, a version of the chart flux2 and no release"
            yield Note(file.location(of_chart.start), what, advice=BY_HAND)
        if len({place.version for place in released}) > 1:
            where = file.location(released[0].start)
            yield Note(where, f"this file sets {name} to several releases of Flux", advice=BY_HAND)
            continue
        for place in free:
            yield _pin(file, name, place)


def _pin(file: TextFile, name: str, place: Assignment) -> Pin:
    where, value = file.location(place.start), place.version or ""
    return Pin(NAME, FLUX, where, place.start, place.end, value, Form.EXACT, name, Role.TOOL)


def _is_release(file: TextFile, name: str, text: str, context: Context) -> bool:
    """Whether a version is that of a Flux release: a known one, or a later one.

    Other programs, such as flux-core, have versions below 2.0.0 as well. For these, the file or the
    variable's name must name the project, because only Flux is called flux2 or fluxcd.
    """
    version, shipped = versions.parse(text), images.all_controllers()
    if version is None:
        return False
    if version.major == 0 and _OURS.search(name):
        return True
    if version.major == 0 and "fluxcd" not in file.text:
        return False
    candidate = (version.prerelease or "").startswith("rc.")
    known = str(version.finalize_version()) if candidate else text
    if known in shipped or known in context.app_versions.values():
        return True
    if _is_chart(known, context):
        return False
    newest = versions.parse(_newest(tuple(shipped)))
    return newest is not None and version > newest and version.major == newest.major


def _is_chart(text: str, context: Context) -> bool:
    """Whether a version is one of the chart flux2, whose versions are higher than the releases'."""
    return text in context.app_versions or text in charts.by_version()


@cache
def _newest(shipped: tuple[str, ...]) -> str:
    return max(shipped, key=lambda release: versions.parse(release) or Version(0))
