"""The rule that a changed chart has a higher version, as published ones never change (FB107)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from fluxbump.check.rules.rule import Evidence, NotApplicable, Outcome, Rule, needed
from fluxbump.discover.pins import traits
from fluxbump.model import FLUX2, Chart, Finding, Location, Pin, Related, Severity
from fluxbump.text import versions


def chart_version(evidence: Evidence) -> Iterator[Outcome]:
    """Check that a chart that differs from the merge base has a higher version (FB107)."""
    base = needed(evidence.baseline)
    if not evidence.team.raises:
        yield NotApplicable("FB107", "`bump: none`: your release process bumps chart versions")
    before = {chart.name: chart for chart in base.inventory.charts}
    nested = [chart.directory for chart in evidence.inventory.charts]
    for chart in evidence.inventory.charts:
        old = before.get(chart.name)
        changed = sorted(path for path in base.changed if _owner(path, nested) == chart.directory)
        stays = old is not None and old.version == chart.version
        if stays and not evidence.team.raises:
            continue
        if old is not None and changed and not _raised(old, chart):
            ours = chart.wrapper or old.wrapper or _moved(old, chart, changed, evidence)
            severity = Severity.ERROR if ours else Severity.NOTE
            yield replace(_finding(chart, old, changed, evidence), severity=severity)


def _no_chart(evidence: Evidence) -> str | None:
    return None if evidence.inventory.charts else "no chart here moves with Flux"


def _moved(old: Chart, chart: Chart, changed: list[str], evidence: Evidence) -> bool:
    """Whether a change of an umbrella touches something that moves with Flux, or its own version.

    Other changes are the team's own. In many repositories a bot changes images, and people raise
    the version of the chart when they publish it.
    """
    if old.version != chart.version:
        return True
    names = {own.name for own in evidence.inventory.charts} | {FLUX2.name}
    was, now = (
        sorted(
            (dependency.name, dependency.version)
            for dependency in each.dependencies
            if dependency.name in names
        )
        for each in (old, chart)
    )
    before = needed(evidence.baseline).inventory.pins
    return was != now or _held(before, changed) != _held(evidence.inventory.pins, changed)


def _held(pins: Iterable[Pin], paths: list[str]) -> list[tuple[str, str, str]]:
    inside = [pin for pin in pins if pin.location.path in paths]
    return sorted((pin.location.path, pin.kind, pin.value) for pin in inside)


def _owner(path: str, directories: list[str]) -> str | None:
    """Return the innermost chart directory that contains a path; None if there is none."""
    holding = [directory for directory in directories if path.startswith(directory)]
    return max(holding, key=len, default=None)


def _raised(old: Chart, new: Chart) -> bool:
    before, after = versions.parse(old.version), versions.parse(new.version)
    if before is None or after is None:
        return old.version != new.version
    return after > before


def _finding(chart: Chart, old: Chart, changed: list[str], evidence: Evidence) -> Finding:
    own = [
        pin
        for pin in evidence.inventory.pins
        if pin.kind in traits.OWN_VERSION and pin.track == chart.track
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
        gist="a chart changed, but its version did not move up",
    )


RULES = (
    Rule(
        "FB107",
        "chart-version-moved",
        Severity.ERROR,
        "A chart that changed has a higher version than at the merge base.",
        chart_version,
        needs=("baseline",),
        inapplicable=_no_chart,
        broken="a chart changed, and its version did not",
    ),
)
