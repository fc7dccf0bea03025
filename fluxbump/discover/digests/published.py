"""Reads the published digests of the files whose digests a repository holds. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from msgspec import Struct, field

from fluxbump.discover.digests import cli_archives, spellings
from fluxbump.discover.urls import chart_archives
from fluxbump.errors import IndexSourceError
from fluxbump.helm.chart_releases import ChartRelease
from fluxbump.model import FLUX, FLUX2, Form, Inventory, Pin, Track, TrackKind

MANIFEST, CLI, CHART = spellings.MANIFEST, cli_archives.NAME, chart_archives.NAME
"""The names of the files whose digests are found."""

_TRACKS = {MANIFEST: FLUX, CLI: FLUX, CHART: FLUX2}
"""The track whose version tells which of these files a digest is of."""

Key = tuple[str, str]
"""The name of a file and its version."""


class PublishedDigests(Struct, frozen=True):
    """The published digests that were read.

    Attributes:
        digests: the right digests, by file and version, and then by the track of the digest.
        unknown: the reason why digests are not known, by file and version.
    """

    digests: Mapping[Key, Mapping[Track, str]] = field(default_factory=dict)
    unknown: Mapping[Key, str] = field(default_factory=dict)


def pins(inventory: Inventory) -> Iterator[tuple[Pin, str]]:
    """Yield the digests in an inventory, each with the name of its file."""
    for pin in inventory.pins:
        if pin.track.kind is TrackKind.DIGEST and pin.form is Form.EXACT:
            yield pin, next(name for name in _TRACKS if pin.track.name.startswith(f"{name} "))


def holders(inventory: Inventory, digest: Pin, name: str) -> list[Pin]:
    """Return the pins in the same file as a digest that hold the version of the digest's file.

    Args:
        inventory: holds the digest and the pins.
        digest: the pin of the digest.
        name: the name of the file that the digest is of.
    """
    return [
        pin
        for pin in inventory.pins
        if (pin.track, pin.form) == (_TRACKS[name], Form.EXACT)
        and pin.location.path == digest.location.path
    ]


class Publishers(Struct, frozen=True):
    """The sources of published digests.

    Attributes:
        charts: the chart releases by version.
        data: returns the bytes of a release's manifest; None if it must not be downloaded.
        checksums: returns the file of checksums of a release; None if it must not be downloaded.
    """

    charts: Mapping[str, ChartRelease]
    data: Callable[[str], bytes] | None = None
    checksums: cli_archives.Checksums | None = None


def read(inventory: Inventory, publishers: Publishers) -> PublishedDigests:
    """Return the published digests for those in an inventory; nothing is read if it has none."""
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
