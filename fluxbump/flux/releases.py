"""Find the release and the chart release that the user asked for. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NoReturn

from msgspec import Struct
from semver import Version

from fluxbump.errors import ResolveError, UsageError
from fluxbump.flux.tables import crds
from fluxbump.helm.chart_releases import ChartIndex, ChartRelease
from fluxbump.model import Step
from fluxbump.text import versions
from fluxbump.text.patterns import lazy_pattern

LATEST = "latest"
_MINOR = lazy_pattern(r"v?(0|[1-9][0-9]{0,8})(?:\.(0|[1-9][0-9]{0,8}))?")


class ReleaseWithoutChart(Struct, frozen=True):
    """A Flux release without a known chart, as the goal of a repository that pins no chart.

    Attributes:
        app_version: the Flux release.
    """

    app_version: Version

    @property
    def version(self) -> None:
        """The chart's version: always None."""
        return None

    @property
    def created(self) -> None:
        """The chart's date: always None."""
        return None


Goal = ChartRelease | ReleaseWithoutChart
"""The release that a bump leads to."""


def resolve(target: str, index: ChartIndex, *, chart_version: str | None = None) -> ChartRelease:
    """Find the chart release that ships what the user asked for.

    Args:
        target: `2.5.1`, `v2.5.1`, `2.5` (its newest patch), `2`, or `latest`. A prerelease only
            when named in full.
        index: all releases of the community chart.
        chart_version: the version of the wanted chart release, whose appVersion must be the target;
            None for the best chart.

    Raises:
        UsageError: `target` or `chart_version` is not a version.
        ResolveError: no chart ships the release, or the chart release ships another one.
    """
    release = named(target, stable_releases(index)) or _no_line(target.strip(), index)
    if chart_version is not None:
        return _named(chart_version, release, index)
    best = best_chart(release, index)
    return best if best is not None else _no_chart(release, index)


def best_chart(release: Version, index: ChartIndex) -> ChartRelease | None:
    """Return the highest stable chart version that ships `release`, or None.

    Deprecated charts and chart prereleases are taken only when nothing else ships it.
    """
    shipping = [chart for chart in index.releases if chart.app_version == release]
    return max(
        shipping,
        key=lambda chart: (not chart.version.prerelease, not chart.deprecated, chart.version),
        default=None,
    )


def newest(index: ChartIndex) -> Version | None:
    """Return the newest stable release that has a chart."""
    return max(stable_releases(index), default=None)


def stable_releases(index: ChartIndex) -> list[Version]:
    """Return the stable releases that have a chart, oldest first."""
    return sorted({c.app_version for c in index.releases if not c.app_version.prerelease})


def named(target: str, stable: Sequence[Version]) -> Version | None:
    """Return the release that `target` names; None for a line without a stable release.

    Args:
        target: a full release, which need not be in `stable`, or a line of releases, or `latest`.
        stable: the stable releases that exist, oldest first.

    Raises:
        UsageError: `target` is none of these.
    """
    text = target.strip()
    full = versions.parse(text)
    if full is not None:
        return full
    partial = _MINOR.fullmatch(text)
    if text != LATEST and partial is None:
        raise UsageError(
            f"{target!r} is not a Flux release",
            hint="type a release such as 2.5.1, a line such as 2.5, or latest",
        )
    wanted = [int(part) for part in partial.groups() if part is not None] if partial else []
    matching = [version for version in stable if list(version.to_tuple()[: len(wanted)]) == wanted]
    return matching[-1] if matching else None


def _named(chart_version: str, release: Version, index: ChartIndex) -> ChartRelease:
    version = versions.parse(chart_version)
    if version is None:
        raise UsageError(
            f"{chart_version!r} is not a chart version", hint="type one such as 2.15.0"
        )
    for chart in index.releases:
        if chart.version == version:
            if chart.app_version != release:
                raise ResolveError(
                    f"chart flux2 {version} ships Flux {chart.app_version}, not {release}",
                    where=index.source,
                    next=[Step(f"fluxbump to {chart.app_version} --chart-version {version}")],
                )
            return chart
    raise ResolveError(
        f"the index has no chart flux2 {version}",
        where=index.source,
        next=[Step("fluxbump releases", "the charts that the index has")],
    )


def require_no_chart_version(release: Version, index: ChartIndex) -> None:
    """Refuse a release that is really the version of a chart.

    Raises:
        ResolveError: it is a chart version above the newest line; the message names the release
            that the chart ships.
    """
    chart = next(
        (chart_release for chart_release in known(index) if chart_release.version == release), None
    )
    # Below the newest line it is more likely a release that is not there than an old chart.
    lines = [version for version in map(versions.parse, crds.crds()) if version] + stable_releases(
        index
    )
    newest = max(((line.major, line.minor) for line in lines), default=(0, 0))
    if chart is not None and (release.major, release.minor) > newest:
        raise ResolveError(
            f"{release} is a chart version, which ships Flux {chart.app_version}",
            next=[Step(f"fluxbump to {chart.app_version}")],
        )


def _no_chart(release: Version, index: ChartIndex) -> NoReturn:
    require_no_chart_version(release, index)
    stable = stable_releases(index)
    below = max((v for v in stable if v < release), default=None)
    above = min((v for v in stable if v > release), default=None)
    near = [describe(best_chart(v, index)) for v in (below, above) if v is not None]
    advice = above if above is not None and above.minor == release.minor else below or above
    raise ResolveError(
        f"no chart flux2 ships Flux {release}",
        where=index.source,
        facts=[f"nearest with a chart: {' and '.join(near)}"] if near else (),
        next=[Step(f"fluxbump to {advice}")] if advice else (),
        hint=None if advice else "check the index",
    )


def _no_line(text: str, index: ChartIndex) -> NoReturn:
    best = newest(index)
    raise ResolveError(
        f"no chart flux2 ships a stable Flux {text}",
        where=index.source,
        next=[Step(f"fluxbump to {best}", "newest release with a chart")] if best else (),
        hint=None if best else "check the index",
    )


def describe(chart: Goal | None) -> str:
    """Name a release and its chart in one phrase: `2.5.1 (chart 2.15.0, 2025-02-26)`."""
    if chart is None:
        return "none"
    if chart.version is None:
        return str(chart.app_version)
    when = f", {chart.created:%Y-%m-%d}" if chart.created else ""
    return f"{chart.app_version} (chart {chart.version}{when})"


def known(index: ChartIndex) -> tuple[ChartRelease, ...]:
    """Return all charts whose Flux release is known, also those that a bump may not choose."""
    return (*index.beyond, *index.releases)


def app_versions(releases: Iterable[ChartRelease]) -> dict[str, str]:
    """Map chart versions to the Flux releases that they ship."""
    return {str(chart.version): str(chart.app_version) for chart in releases}
