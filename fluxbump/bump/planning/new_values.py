"""Finds the new values of images, digests and commits at the release that a bump leads to."""

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
    from fluxbump.check.repository_state import RepositoryState


def targets(
    inventory: Inventory, chart: Goal, state: RepositoryState[Snapshot]
) -> Mapping[Track, str]:
    """Return the new values of the tracks that follow from the release: images, digests, commits.

    Args:
        inventory: the pins and charts of the repository.
        chart: the release that the bump leads to.
        state: has the sources of the files of releases.

    Raises:
        PinError: an image or a digest has to move, and its new value is not known.
    """
    sources, release = state.sources, str(chart.app_version)
    ask = (lambda shipped: sources.manifest(shipped).controllers) if sources else None
    return {
        **controller_images.following(inventory, release, ask),
        **_digests(inventory, release, state),
        **_cli_digests(inventory, release, state),
        **_commits(inventory, release, state),
        **(
            chart_archives.targets(inventory, chart, state.index)
            if isinstance(chart, ChartRelease)
            else {}
        ),
    }


def _digests(
    inventory: Inventory, release: str, state: RepositoryState[Snapshot]
) -> Mapping[Track, str]:
    """Return the new digests of manifests; if one is not available, nothing: `plan` refuses."""
    tracks = {
        pin.track
        for pin in inventory.pins
        if pin.track.kind is TrackKind.DIGEST and pin.track.name.startswith(spellings.MANIFEST)
    }
    if not tracks or not state.sources or not state.sources.data:
        return {}
    if {pin.value for pin in inventory.pins if pin.track == FLUX} <= {release}:
        return {}
    try:
        return spellings.targets(tracks, state.sources.data(release))
    except IndexSourceError:
        return {}


def _cli_digests(
    inventory: Inventory, release: str, state: RepositoryState[Snapshot]
) -> Mapping[Track, str]:
    """Return the new digests of the CLI's archives. Empty if the checksums are not available."""
    checksums = state.sources.checksums if state.sources else None
    if checksums is None:
        return {}
    try:
        return cli_archives.targets(inventory, release, cache(checksums))
    except IndexSourceError:
        return {}


def _commits(
    inventory: Inventory, release: str, state: RepositoryState[Snapshot]
) -> Mapping[Track, str]:
    """Return the commit of the release. Empty if it is not known, or if no pin holds a commit."""
    ask = state.sources.commit if state.sources else None
    if ask is None or not any(opaque_pins.is_old_commit(pin, release) for pin in inventory.pins):
        return {}
    try:
        commit = ask(release)
    except FluxbumpError:
        return {}
    return {COMMITS: commit} if commit else {}
