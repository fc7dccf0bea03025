"""The digests of what Flux and the chart index publish, by file and version. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from msgspec import Struct, field

from fluxbump.discover.digests import cli_archives, spellings
from fluxbump.discover.urls import chart_archives
from fluxbump.errors import IndexSourceError
from fluxbump.helm.chart_releases import ChartRelease
from fluxbump.model import FLUX, FLUX2, Form, Inventory, Pin, Track, TrackKind

MANIFEST, CLI, CHART = spellings.MANIFEST, cli_archives.NAME, chart_archives.NAME
"""The files whose digests are found."""

_TRACKS = {MANIFEST: FLUX, CLI: FLUX, CHART: FLUX2}
"""Whose version says which file it is."""

Key = tuple[str, str]
"""A file, and its version."""


class PublishedDigests(Struct, frozen=True):
    """What is published, as far as it was read.

    Attributes:
        digests: what a digest must be, by file and version, and by the line of versions that it is.
        unknown: other files and versions, and why their digests are not known.
    """

    digests: Mapping[Key, Mapping[Track, str]] = field(default_factory=dict)
    unknown: Mapping[Key, str] = field(default_factory=dict)


def pins(inventory: Inventory) -> Iterator[tuple[Pin, str]]:
    """Yield the digests that an inventory holds, and the file that each is of."""
    for pin in inventory.pins:
        if pin.track.kind is TrackKind.DIGEST and pin.form is Form.EXACT:
            yield pin, next(name for name in _TRACKS if pin.track.name.startswith(f"{name} "))


def holders(inventory: Inventory, digest: Pin, name: str) -> list[Pin]:
    """Return the places beside a digest that say of which version it must be.

    Args:
        inventory: with both.
        digest: in question.
        name: of the file that it is of.
    """
    return [
        pin
        for pin in inventory.pins
        if (pin.track, pin.form) == (_TRACKS[name], Form.EXACT)
        and pin.location.path == digest.location.path
    ]


class Publishers(Struct, frozen=True):
    """Where digests are read.

    Attributes:
        charts: chart releases by version.
        data: returns the bytes of a release's manifest; None when that is not to be asked.
        checksums: returns the file with the checksums of a release; None likewise.
    """

    charts: Mapping[str, ChartRelease]
    data: Callable[[str], bytes] | None = None
    checksums: cli_archives.Checksums | None = None


def read(inventory: Inventory, publishers: Publishers) -> PublishedDigests:
    """Read what the digests of an inventory must be; where it holds none, nothing is read."""
    keys = {
        (name, holder.value)
        for pin, name in pins(inventory)
        for holder in holders(inventory, pin, name)
    }
    known: dict[Key, Mapping[Track, str]] = {}
    unknown: dict[Key, str] = {}
    for name, version in sorted(keys):
        try:
            known[name, version] = _of(name, version, publishers)
        except IndexSourceError as error:
            unknown[name, version] = str(error)
    return PublishedDigests(known, unknown)


def _of(name: str, version: str, publishers: Publishers) -> Mapping[Track, str]:
    if name == CHART:
        if version not in publishers.charts:
            raise IndexSourceError("no chart index that is available lists it")
        return chart_archives.digests(publishers.charts[version])
    if name == CLI and publishers.checksums:
        return cli_archives.digests_in(publishers.checksums(version))
    if name == MANIFEST and publishers.data:
        return spellings.digests(publishers.data(version))
    raise IndexSourceError("it was not asked for")
