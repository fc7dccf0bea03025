"""The way to a release, for the command that asks and for the one that is refused."""

from __future__ import annotations

from fluxbump import safe
from fluxbump.bump import Prepared
from fluxbump.cli.console import Console
from fluxbump.errors import UsageError
from fluxbump.model import FLUX, ChartIndex
from fluxbump.reports import route as report
from fluxbump.reports.table import Paint
from fluxbump.route import Route, route
from fluxbump.rules.rule import Evidence


def find(start: str, goal: str, gathered: Evidence, index: ChartIndex) -> Route:
    """Find the way between two releases.

    Raises:
        UsageError: the CRDs of one of them are not known.
    """
    for release in (start, goal):
        if release not in gathered.crds:
            raise UsageError(
                f"the CRDs of Flux {release} are not known",
                hint="take a release that `fluxbump matrix --all` lists",
            )
    charts = {str(one.app_version) for one in index.releases}
    return route(gathered.crds, start, goal, charts, stored=gathered.stored)


def newest_safe(gathered: Evidence, index: ChartIndex) -> str | None:
    """Return the newest release that the repository could take as it stands."""
    best = safe.newest_safe(gathered, index)
    return str(best.app_version) if best else None


def advice(prepared: Prepared, console: Console | None) -> str:
    """Print the route that a refused bump should take; return what to say in the error line."""
    gathered, index = prepared.before, prepared.index
    start = prepared.plan.current.get(FLUX, "")
    goal = prepared.plan.targets[FLUX]
    best = newest_safe(gathered, index)
    if console and not console.quiet and {start, goal} <= gathered.crds.keys():
        found = find(start, goal, gathered, index)
        console.result("\n" + report.text(found, best, Paint(enabled=console.colored())))
    codes = ",".join(sorted({one.code for one in prepared.refusals}))
    newest = f"; the newest that passes: fluxbump to {best}" if best and best != start else ""
    return f"{newest}; to go on all the same: --accept-risk {codes}"
