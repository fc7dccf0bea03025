"""Reads the digests of what is published, as far as digests here are compared with them."""

from __future__ import annotations

from collections.abc import Mapping

from fluxbump.discover.digests import cli_archives, published, spellings
from fluxbump.discover.digests.published import PublishedDigests
from fluxbump.discover.urls import chart_archives
from fluxbump.errors import IndexSourceError
from fluxbump.flux.known_releases import Sources
from fluxbump.helm.chart_releases import ChartRelease
from fluxbump.model import Inventory, Track


def read(
    inventory: Inventory, charts: Mapping[str, ChartRelease], sources: Sources | None
) -> PublishedDigests:
    """Read what the digests of an inventory must be.

    Args:
        inventory: that may hold digests; where it holds none, nothing is read.
        charts: chart releases by version.
        sources: of manifests and checksums; None when nothing is to be asked.
    """
    keys = {
        (name, holder.value)
        for pin, name in published.pins(inventory)
        for holder in published.holders(inventory, pin, name)
    }
    known: dict[tuple[str, str], Mapping[Track, str]] = {}
    unknown: dict[tuple[str, str], str] = {}
    for name, version in sorted(keys):
        try:
            known[name, version] = _of(name, version, charts, sources)
        except IndexSourceError as error:
            unknown[name, version] = str(error)
    return PublishedDigests(known, unknown)


def _of(
    name: str, version: str, charts: Mapping[str, ChartRelease], sources: Sources | None
) -> Mapping[Track, str]:
    if name == published.CHART:
        if version not in charts:
            raise IndexSourceError("no chart index that is available lists it")
        return chart_archives.digests(charts[version])
    if name == published.CLI and sources and sources.checksums:
        return cli_archives.digests_in(sources.checksums(version))
    if name == published.MANIFEST and sources and sources.data:
        return spellings.digests(sources.data(version))
    raise IndexSourceError("it was not asked for")
