"""A published chart version is immutable: whatever changes a chart moves its version."""

from __future__ import annotations

from collections.abc import Iterator

from fluxbump import versions
from fluxbump.model import Chart, Finding, Location, Related, Severity
from fluxbump.rules.rule import Evidence, NotRun, Outcome, Rule


def chart_version(evidence: Evidence) -> Iterator[Outcome]:
    """A chart that differs from the merge base has a higher version than there."""
    if evidence.base is None:
        yield NotRun("FB107", "no base to compare with: say --base origin/main")
        return
    before = {chart.name: chart for chart in evidence.base.charts}
    nested = [chart.directory for chart in evidence.inventory.charts]
    for chart in evidence.inventory.charts:
        old = before.get(chart.name)
        changed = sorted(
            path for path in evidence.changed if _owner(path, nested) == chart.directory
        )
        if old is not None and changed and not _raised(old, chart):
            yield _finding(chart, old, changed, evidence)


def _owner(path: str, directories: list[str]) -> str | None:
    """The innermost chart directory that holds a path."""
    holding = [directory for directory in directories if path.startswith(directory)]
    return max(holding, key=len, default=None)


def _raised(old: Chart, new: Chart) -> bool:
    before, after = versions.parse(old.version), versions.parse(new.version)
    if before is None or after is None:
        return old.version != new.version
    return after > before


def _finding(chart: Chart, old: Chart, changed: list[str], evidence: Evidence) -> Finding:
    own = [
        p for p in evidence.inventory.pins if p.kind == "chart-version" and p.track == chart.track
    ]
    where = own[0].location if own else Location(chart.path, 1)
    stays = "is still" if chart.version == old.version else "goes down to"
    return Finding(
        "FB107",
        Severity.ERROR,
        f"chart {chart.name} changed ({', '.join(changed[:3])}{' …' if changed[3:] else ''}), but "
        f"its version {stays} {chart.version}",
        where,
        tuple(Related(Location(path, 1), "differs from the base") for path in changed),
    )


RULES = (
    Rule(
        "FB107",
        "chart-version-moved",
        Severity.ERROR,
        "A chart that changed has a higher version than at the merge base.",
        chart_version,
    ),
)
