"""What images, digests and commits become at the release that a bump leads to."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

from fluxbump.discover import opaque_pins
from fluxbump.discover.digests import cli_archives, spellings
from fluxbump.discover.urls import chart_archives
from fluxbump.errors import FluxbumpError, IndexSourceError
from fluxbump.flux import controller_images
from fluxbump.flux.releases import Goal
from fluxbump.helm.chart_releases import ChartRelease
from fluxbump.model import COMMITS, FLUX, Inventory, Snapshot, Track, TrackKind

if TYPE_CHECKING:
    from fluxbump.check.repository_state import Looked


def targets(inventory: Inventory, chart: Goal, looked: Looked[Snapshot]) -> Mapping[Track, str]:
    """Return what images and digests become at the release that a bump leads to.

    Raises:
        PinError: an image or a digest has to move, and nobody knows to what.
    """
    sources, release = looked.sources, str(chart.app_version)
    ask = (lambda shipped: sources.manifest(shipped).controllers) if sources else None
    return {
        **controller_images.following(inventory, release, ask),
        **_digests(inventory, release, looked),
        **_cli_digests(inventory, release, looked),
        **_commits(inventory, release, looked),
        **(
            chart_archives.targets(inventory, chart, looked.index)
            if isinstance(chart, ChartRelease)
            else {}
        ),
    }


def _digests(inventory: Inventory, release: str, looked: Looked[Snapshot]) -> Mapping[Track, str]:
    """Return what digests become; nothing where their file is not available, and `plan` refuses."""
    tracks = {
        pin.track
        for pin in inventory.pins
        if pin.track.kind is TrackKind.DIGEST and pin.track.name.startswith(spellings.MANIFEST)
    }
    if not tracks or not looked.sources or not looked.sources.data:
        return {}
    if {pin.value for pin in inventory.pins if pin.track == FLUX} <= {release}:
        return {}
    try:
        return spellings.targets(tracks, looked.sources.data(release))
    except IndexSourceError:
        return {}


def _cli_digests(
    inventory: Inventory, release: str, looked: Looked[Snapshot]
) -> Mapping[Track, str]:
    """Return what digests of the CLI's archives become; nothing where nobody knows, likewise."""
    checksums = looked.sources.checksums if looked.sources else None
    if checksums is None:
        return {}
    try:
        return cli_archives.targets(inventory, release, cache(checksums))
    except IndexSourceError:
        return {}


def _commits(inventory: Inventory, release: str, looked: Looked[Snapshot]) -> Mapping[Track, str]:
    """Return the commit of the release; nothing where nobody knows it, or nothing is at one."""
    ask = looked.sources.commit if looked.sources else None
    if ask is None or not any(opaque_pins.is_old_commit(pin, release) for pin in inventory.pins):
        return {}
    try:
        commit = ask(release)
    except FluxbumpError:
        return {}
    return {COMMITS: commit} if commit else {}
