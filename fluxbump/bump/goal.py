"""Finds the release that a bump leads to, from the target that the user typed."""

from __future__ import annotations

from fluxbump.bump import sync_target
from fluxbump.bump.migrate import plan as migrate
from fluxbump.check.newest_safe import SafeReleases, unknown
from fluxbump.check.repository_state import RepositoryState
from fluxbump.discover.tracks import current
from fluxbump.errors import IndexSourceError, RefusedError
from fluxbump.flux import releases
from fluxbump.flux.releases import Goal, ReleaseWithoutChart
from fluxbump.model import FLUX, Snapshot, Step
from fluxbump.text import versions

LATEST_SAFE = "latest-safe"


def find(
    state: RepositoryState[Snapshot],
    target: str | sync_target.SyncSource | None,
    *,
    chart_version: str | None = None,
    migrate_apis: bool = False,
) -> Goal:
    """Find the chart release, or the Flux release alone, that the user asked for.

    Args:
        state: the inventory and the evidence that were read from the repository.
        target: a release, a line of releases, `latest`, `latest-safe`, or the pins whose release
            the others take. None if the pins of Flux releases stay.
        chart_version: the chart release to take. None lets fluxbump choose it.
        migrate_apis: whether manifests move before the bump, so that `latest-safe` counts on it.

    Raises:
        UsageError: the target is no release.
        ResolveError: no chart ships the release or, if no chart has to, the release is not known.
        PinError: the target is a group of pins, and they do not name one release.
        RefusedError: the target is `latest-safe`, and no release passes.
        NoAnswerError: a chart has to be chosen, and the chart index does not answer.
    """
    if target is None:
        return _installed(state)
    if state.undecided is not None:
        raise state.undecided
    if isinstance(target, sync_target.SyncSource):
        return sync_target.target(target, state.evidence.inventory, state.available())
    if target == LATEST_SAFE:
        return _safest(state, migrate_apis=migrate_apis)
    if chart_version is not None:
        if state.no_index is not None:
            raise state.no_index
        return releases.resolve(target, state.index, chart_version=chart_version)
    return _alone(target, state) or state.available().find(target)


def doubts(
    state: RepositoryState[Snapshot], target: str | sync_target.SyncSource | None
) -> tuple[str, ...]:
    """Say why a newer release than the found one can exist. Empty for a target in full."""
    if not isinstance(target, str) or versions.parse(target.strip()) is not None:
        return ()
    index, tags = state.no_index, state.no_tags
    return (
        *([f"without the chart index newer releases may be missing: {index}"] if index else ()),
        *([f"without the tags of Flux newer releases may be missing: {tags}"] if tags else ()),
    )


def _installed(state: RepositoryState[Snapshot]) -> Goal:
    """Return the release that the pins hold, or the newest one that is known if they hold none."""
    held = versions.parse(current(state.inventory).get(FLUX, ""))
    return ReleaseWithoutChart(held or max(state.available(asking=False).stable))


def _safest(state: RepositoryState[Snapshot], *, migrate_apis: bool) -> Goal:
    safe = _safe_releases(state, migrate_apis=migrate_apis)
    best = safe.newest()
    if best is None:
        by = safe.why_not_newest()
        shown = "every finding of the newest release"
        raise RefusedError(
            safe.why_none(),
            facts=[by] if by else (),
            next=[Step(f"fluxbump to {safe.available.newest} --dry-run", shown)],
        )
    return best


def _safe_releases(state: RepositoryState[Snapshot], *, migrate_apis: bool) -> SafeReleases:
    manifests = migrate.foreseen(state.evidence) if migrate_apis else None
    return SafeReleases(state.evidence, state.available(), manifests, state.suppressed)


def passed_over(
    state: RepositoryState[Snapshot], target: object, found: Goal, *, migrate_apis: bool
) -> tuple[str, ...]:
    """Say why `latest-safe` stays at the installed release although there is a newer one."""
    held, newest = str(found.app_version), state.available().newest
    if target != LATEST_SAFE or held != state.evidence.installed or str(newest) == held:
        return ()
    by = _safe_releases(state, migrate_apis=migrate_apis).why_not_newest()
    why = by or unknown(state.evidence, str(newest), state.suppressed)
    shown = f"fluxbump to {newest} --dry-run shows every finding"
    return (f"no newer release passes: {why} ({shown})",) if why else ()


def _alone(target: str, state: RepositoryState[Snapshot]) -> Goal | None:
    """Find a release that the user named in full, if no chart has to ship it; None otherwise.

    The tags of Flux are read only for a release that is not known without them, so that most bumps
    need no network. A release that is not among the tags exists if its manifest is available.
    """
    release = versions.parse(target.strip())
    if release is None or state.needs_chart:
        return None
    found = state.available(asking=False).goal(release) or state.available().goal(release)
    if found is None and state.sources is not None:
        try:
            state.sources.manifest(str(release))
        except IndexSourceError:
            return None
        return ReleaseWithoutChart(release)
    return found
