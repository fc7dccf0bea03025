"""Releases for programs, with their charts or without one. Pure."""

from __future__ import annotations

from typing_extensions import TypedDict

from fluxbump.model import ChartRelease, Goal


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


def chart_release(one: ChartRelease) -> ChartReleaseJson:
    """Say a chart release."""
    return {
        "release": str(one.app_version),
        "chart_version": str(one.version),
        "created": one.created.isoformat() if one.created else None,
        "digest": one.digest,
    }


def goal(one: Goal) -> TargetJson:
    """Say a release, with the chart that ships it where there is one."""
    if isinstance(one, ChartRelease):
        return {**chart_release(one)}
    release = str(one.app_version)
    return {"release": release, "chart_version": None, "created": None, "digest": None}
