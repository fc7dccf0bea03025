"""The JSON of Flux releases, of their charts, and of the chart index, for several reports."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict

from fluxbump.flux.releases import Goal
from fluxbump.helm.chart_releases import ChartIndex, ChartRelease


class ChartReleaseJson(TypedDict):
    """A chart release."""

    release: str
    chart_version: str
    created: str | None
    digest: str | None


class TargetJson(TypedDict):
    """A release; its chart only where one ships it and is known."""

    release: str
    chart_version: str | None
    created: str | None
    digest: str | None


def target(goal: Goal) -> TargetJson:
    """Return a release for JSON. The keys of the chart are null if the goal has no chart."""
    chart = goal if isinstance(goal, ChartRelease) else None
    return {
        "release": str(goal.app_version),
        "chart_version": str(chart.version) if chart else None,
        "created": chart.created.isoformat() if chart and chart.created else None,
        "digest": chart.digest if chart else None,
    }


def chart_release(release: ChartRelease) -> ChartReleaseJson:
    """Return a chart release for JSON."""
    return {
        "release": str(release.app_version),
        "chart_version": str(release.version),
        "created": release.created.isoformat() if release.created else None,
        "digest": release.digest,
    }


class IndexJson(TypedDict):
    """Which chart index has answered: itself, its copy in the cache, or the table that ships.

    `as_of` is when the copy was read, or up to when the table knows; `silent` why the index has not
    answered. Both are null for an index that has. `instead_of` is the index that was asked, if the
    table is no copy of it; no bump chooses a chart then.
    """

    source: str
    answered: Literal["index", "cache", "shipped"]
    as_of: str | None
    silent: str | None
    instead_of: str | None


def index_json(index: ChartIndex) -> IndexJson:
    """Return for JSON which chart index, copy or table the releases come from."""
    return {
        "source": index.source,
        "answered": index.answered,
        "as_of": index.as_of.isoformat() if index.as_of else None,
        "silent": index.silent or None,
        "instead_of": index.instead_of or None,
    }
