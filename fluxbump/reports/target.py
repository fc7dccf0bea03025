"""What a bump leads to, as JSON."""

from __future__ import annotations

from typing_extensions import TypedDict

from fluxbump.flux.releases import Goal
from fluxbump.model import ChartRelease


class TargetJson(TypedDict):
    """What a bump leads to; without a chart where the repository has no place of one."""

    release: str
    chart_version: str | None
    created: str | None
    digest: str | None


def target(goal: Goal) -> TargetJson:
    """Say the release, and the chart where there is one."""
    chart = goal if isinstance(goal, ChartRelease) else None
    return {
        "release": str(goal.app_version),
        "chart_version": str(chart.version) if chart else None,
        "created": chart.created.isoformat() if chart and chart.created else None,
        "digest": chart.digest if chart else None,
    }
