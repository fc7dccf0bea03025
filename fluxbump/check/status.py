"""The state of a repository for `status`: its pins, whether they agree, and the releases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from msgspec import Struct

from fluxbump.check import gather, rules
from fluxbump.check.evidence import Evidence
from fluxbump.check.rules.rule import Trait
from fluxbump.discover.inventory import discover
from fluxbump.discover.tracks import available, current, needs_chart, require_pins
from fluxbump.errors import IndexSourceError
from fluxbump.flux import releases
from fluxbump.flux.releases import Goal
from fluxbump.helm.chart_releases import ChartIndex, ChartRelease
from fluxbump.model import FLUX, FLUX2, Finding, Form, Inventory, Pin, Severity, Snapshot, Track

if TYPE_CHECKING:
    from fluxbump.check.repository_state import RepositoryState
    from fluxbump.workspace import Session

AGREEMENT = rules.having(Trait.AGREEMENT)
"""The rules that say whether the pins agree."""


_NO_INDEX = ChartIndex("no chart index", ())


class Survey(Struct, frozen=True):
    """The pins of a snapshot, and whether they agree.

    Attributes:
        inventory: the charts, pins and notes of the snapshot.
        current: the version that each track holds.
        index: the chart index; None if it could not be read.
        problem: if a chart is pinned, why the index could not be read, or why it does not say which
            release the chart ships; else None.
        findings: the findings of the rules about agreement. Without an index they lack those of
            rules that need one.
    """

    inventory: Inventory
    current: Mapping[Track, str]
    index: ChartIndex | None
    problem: str | None
    findings: tuple[Finding, ...]

    @property
    def disagree(self) -> bool:
        """Whether an error says that pins contradict each other, or hold no release."""
        return any(finding.severity is Severity.ERROR for finding in self.findings)

    @property
    def loose(self) -> tuple[Pin, ...]:
        """The pins that hold no full version, so that it is not known whether they agree."""
        return tuple(pin for pin in self.inventory.pins if pin.form is not Form.EXACT)

    @property
    def agree(self) -> bool | None:
        """Whether all pins agree; None if that is not known."""
        if self.disagree:
            return False
        return None if self.problem or self.loose else True

    @property
    def chart_release(self) -> str | None:
        """The Flux release that the wrapper's chart ships, as far as the index knows."""
        if self.index is None:
            return None
        return releases.app_versions(releases.known(self.index)).get(self.current.get(FLUX2, ""))

    @property
    def needs_chart(self) -> bool:
        """Whether the community chart is pinned, so that a bump needs a chart of the release."""
        return needs_chart(self.inventory)

    @property
    def newest(self) -> Goal | None:
        """The newest stable release, with its chart if the community chart is pinned."""
        choice = available(self.inventory, self.index or _NO_INDEX)
        return choice.goal(choice.newest) if choice.newest else None


def survey(session: Session[Snapshot]) -> Survey:
    """Return the survey of the snapshot of a session.

    If the index cannot be read, `problem` says why; that is no error.

    Raises:
        PinError: nothing is pinned, or two charts that move with Flux have the same name.
    """
    index, settings = session.chart_index, session.settings
    loaded = index if isinstance(index, ChartIndex) else None
    app_versions = releases.app_versions(releases.known(loaded)) if loaded else {}
    inventory = discover(session.snapshot, settings.scope(app_versions))
    require_pins(inventory, "no pin of Flux found")
    return _judged(gather.gather(gather.snapshot_files(session.snapshot, inventory), index), index)


def survey_of(state: RepositoryState[Snapshot]) -> Survey:
    """Return the survey of a repository whose state was read already.

    Raises:
        PinError: nothing is pinned.
    """
    require_pins(state.inventory, "no pin of Flux found")
    return _judged(state.evidence, state.no_index or state.index)


def _judged(about: Evidence, index: ChartIndex | IndexSourceError) -> Survey:
    said = rules.judge(about, AGREEMENT)
    loaded = index if isinstance(index, ChartIndex) else None
    essential = rules.having(Trait.ESSENTIAL)
    unjudged = next((rule.reason for rule in said.not_run if rule.code in essential), None)
    problem = unjudged if loaded or not needs_chart(about.inventory) else str(index)
    return Survey(about.inventory, current(about.inventory), loaded, problem, said.findings)


class Listed(Struct, frozen=True):
    """A Flux release in the index.

    Attributes:
        best: the chart that a bump to the release takes.
        charts: the versions of all charts that ship the release, highest first.
        here: what holds the release in this repository: `installed`, `chart`, or both.
    """

    best: ChartRelease
    charts: tuple[str, ...]
    here: tuple[str, ...]


def listed(index: ChartIndex, held: Mapping[Track, str], *, prereleases: bool) -> list[Listed]:
    """List the releases of an index, newest first, and mark what the repository holds."""
    shipping: dict[str, list[str]] = {}
    for chart in index.releases:
        shipping.setdefault(str(chart.app_version), []).append(str(chart.version))
    rows = []
    for release in sorted({chart.app_version for chart in index.releases}, reverse=True):
        best = releases.best_chart(release, index)
        charts = tuple(shipping[str(release)])
        here = [
            ("installed", held.get(FLUX) == str(release)),
            ("chart", held.get(FLUX2) in charts),
        ]
        if best is not None and (prereleases or not release.prerelease):
            rows.append(Listed(best, charts, tuple(name for name, holds in here if holds)))
    return rows
