"""The line of a report that names the chart index, its age, and why a copy was used. Pure."""

from __future__ import annotations

from datetime import datetime

from fluxbump.helm.chart_releases import ChartIndex

_DAY = 24 * 60 * 60


def index_line(index: ChartIndex, now: datetime) -> str:
    """Return a line that names the source of the releases and its age.

    A second line may say why the index itself did not answer.

    Args:
        index: the chart index, or the copy or table that is used instead.
        now: the current time, with a time zone.
    """
    silent = _silent(index)
    if index.answered == "shipped":
        return f"Chart index: {index.source} ({_age(index.as_of, now)} old){silent}"
    if index.answered == "cache":
        read = f", read {index.as_of:%Y-%m-%d}, {_age(index.as_of, now)} ago" if index.as_of else ""
        return f"Chart index: cached copy of {index.source}{read}{silent}"
    newest = index.releases[0] if index.releases else None
    when = f" of {newest.created:%Y-%m-%d}" if newest and newest.created else ""
    chart = f" (newest chart {newest.version}{when})" if newest else ""
    return f"Chart index: {index.source}{chart}"


def _silent(index: ChartIndex) -> str:
    """Say which index did not answer, and why; empty if it did.

    The index is not named again if the reason contains its URL.
    """
    if " " in index.silent and (index.instead_of or "") in index.silent:
        return f"\n  {index.silent}"
    asked = f", instead of {index.instead_of}" if index.instead_of else ""
    if " " in index.silent:
        return f"{asked}\n  {index.silent}"
    return f"{asked} ({index.silent})" if index.silent else asked


def known_until(index: ChartIndex) -> str:
    """Return the date up to which releases are known: ` known on 2026-04-15`.

    The text is empty if the index itself answered.
    """
    return f" known on {index.as_of:%Y-%m-%d}" if index.as_of else ""


def _age(since: datetime | None, now: datetime) -> str:
    days = max(0, int((now - since).total_seconds() // _DAY)) if since else 0
    return "1 day" if days == 1 else f"{days} days"
