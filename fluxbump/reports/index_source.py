"""Which chart index has answered, how old it is, and why none has. Pure."""

from __future__ import annotations

from datetime import datetime

from fluxbump.helm.chart_releases import ChartIndex

_DAY = 24 * 60 * 60


def index_line(index: ChartIndex, now: datetime) -> str:
    """Say what has answered, and how old it is; on a line below, why the index itself has not.

    Args:
        index: what was read, or stands in for that.
        now: with a time zone.
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
    """Say why the index has not answered; the reason of a failed request names the URL itself."""
    if " " in index.silent and (index.instead_of or "") in index.silent:
        return f"\n  {index.silent}"
    asked = f", instead of {index.instead_of}" if index.instead_of else ""
    if " " in index.silent:
        return f"{asked}\n  {index.silent}"
    return f"{asked} ({index.silent})" if index.silent else asked


def known_until(index: ChartIndex) -> str:
    """Say up to when newer releases are known: ` known on 2026-04-15`; empty for the index."""
    return f" known on {index.as_of:%Y-%m-%d}" if index.as_of else ""


def _age(since: datetime | None, now: datetime) -> str:
    days = max(0, int((now - since).total_seconds() // _DAY)) if since else 0
    return "1 day" if days == 1 else f"{days} days"
