"""Find the releases that a bump can lead to, with a chart or without one. Pure.

If a repository pins the community chart, a release needs a chart that ships it. If it pins no
chart, the release must exist: the tables that ship with the package know it, the chart index has
it, or it has a tag in Flux's own repository.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NoReturn

from msgspec import Struct
from semver import Version

from fluxbump.errors import ResolveError
from fluxbump.flux import releases
from fluxbump.flux.releases import Goal, ReleaseWithoutChart
from fluxbump.flux.tables import crds as tables
from fluxbump.helm.chart_releases import ChartIndex
from fluxbump.model import Step
from fluxbump.text import versions

Tags = Callable[[], Iterable[Version]]
"""A function that returns the releases tagged in Flux's repository, or raises FluxbumpError."""


class Available(Struct, frozen=True):
    """The releases that a bump can lead to.

    Attributes:
        index: all chart releases.
        existing: the releases that exist, with or without a chart, for a repository that pins no
            chart. None if it pins one, because a release then needs a chart.
    """

    index: ChartIndex
    existing: frozenset[Version] | None = None

    @property
    def stable(self) -> list[Version]:
        """The stable releases, oldest first."""
        others = [version for version in self.existing or () if not version.prerelease]
        return sorted({*releases.stable_releases(self.index), *others})

    @property
    def newest(self) -> Version | None:
        """The newest stable release."""
        return max(self.stable, default=None)

    def goal(self, release: Version) -> Goal | None:
        """Return the goal of a bump to `release`; None if no bump can lead there."""
        chart = releases.best_chart(release, self.index)
        if chart is None and self.existing and release in self.existing:
            return ReleaseWithoutChart(release)
        return chart

    def find(self, target: str) -> Goal:
        """Find the release that the user asked for: a release, a line of releases, or `latest`.

        Raises:
            UsageError: `target` is none of these.
            ResolveError: there is no such release, or it needs a chart and no chart ships it.
        """
        if self.existing is None:
            return releases.resolve(target, self.index)
        release = releases.named(target, self.stable)
        return (release and self.goal(release)) or self._refuse(target)

    def _refuse(self, target: str) -> NoReturn:
        wanted = target.strip().removeprefix("v")
        release = versions.parse(wanted)
        if release is not None:
            releases.require_no_chart_version(release, self.index)
        best = self.newest
        raise ResolveError(
            f"Flux {wanted} is not a known release{_until(self.index)}",
            next=[Step(f"fluxbump to {best}", "newest known release")] if best else (),
            hint=None if best else "give the chart index with --index",
        )


def _until(index: ChartIndex) -> str:
    return f" on {index.as_of:%Y-%m-%d}" if index.as_of else ""


def without_chart(index: ChartIndex, tagged: Iterable[Version] = ()) -> Available:
    """Return the releases that are available to a repository that pins no chart.

    Args:
        index: all chart releases; an empty index if there is none.
        tagged: the releases that have a tag in Flux's repository; empty if that was not asked.
    """
    known = (versions.parse(crd) for crd in tables.crds())
    charts = (release.app_version for release in index.releases)
    return Available(
        index, frozenset((*(version for version in known if version), *charts, *tagged))
    )
