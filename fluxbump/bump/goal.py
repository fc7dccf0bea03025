"""From what the user typed to what a bump leads to: a chart release, or a release alone."""

from __future__ import annotations

from collections.abc import Iterator

from fluxbump.bump import sync_target
from fluxbump.bump.migrate import plan
from fluxbump.check import newest_safe
from fluxbump.check.starting_point import Looked
from fluxbump.discover.tracks import needs_chart
from fluxbump.errors import IndexSourceError, RefusedError
from fluxbump.flux import releases
from fluxbump.flux.releases import Goal, ReleaseWithoutChart
from fluxbump.flux.tables import crds
from fluxbump.model import ChartRelease, Snapshot

LATEST_SAFE = "latest-safe"


def find(
    looked: Looked[Snapshot],
    target: str | sync_target.Source,
    *,
    chart_version: str | None = None,
    migrate_apis: bool = False,
) -> Goal:
    """Find what the user asked for.

    Where no place of the chart is, no chart has to ship the release: it has to exist.

    Args:
        looked: what there is.
        target: a release, a line of releases, `latest`, `latest-safe`, or the pins whose release is
            taken.
        chart_version: take this chart release.
        migrate_apis: manifests move before the bump.

    Raises:
        ResolveError: no chart ships it.
        PinError: the pins whose release was asked for do not name one.
        RefusedError: `latest-safe` was asked for, and no release passes.
    """
    follows = isinstance(target, sync_target.Source)
    named = not follows and target != LATEST_SAFE and chart_version is None
    if named and not needs_chart(looked.inventory):
        alone = _alone(target, looked)
        if alone is not None:
            return alone
    if looked.no_index is not None:
        raise looked.no_index
    if isinstance(target, sync_target.Source):
        return sync_target.target(target, looked.held.inventory, looked.index)
    if target == LATEST_SAFE:
        return _safest(looked, migrate_apis=migrate_apis)
    return releases.resolve(target, looked.index, chart_version=chart_version)


def _safest(looked: Looked[Snapshot], *, migrate_apis: bool) -> ChartRelease:
    manifests = plan.foreseen(looked.held) if migrate_apis else None
    best = newest_safe.newest_safe(looked.held, looked.index, manifests, looked.suppressed)
    if best is None:
        why = newest_safe.why_none(looked.held, looked.index, looked.suppressed)
        raise RefusedError(why, hint="see `fluxbump check`, or name a release")
    return best


def _alone(target: str, looked: Looked[Snapshot]) -> ReleaseWithoutChart | None:
    """Find a release that no chart ships."""
    known = (*crds.crds(), *_asked_for(target, looked))
    return releases.without_chart(target, looked.index, known)


def _asked_for(target: str, looked: Looked[Snapshot]) -> Iterator[str]:
    """Yield the release itself, if it is newer than the tables and its manifest says it exists."""
    release = target.strip().removeprefix("v")
    if release in crds.crds() or releases.names_line(target) or looked.sources is None:
        return
    try:
        looked.sources.manifest(release)
    except IndexSourceError:
        return
    yield release
