"""Gather the CRDs, fields and images of the releases that a repository pins. Pure.

Rules and migrations ask here, so that all of them know the same releases. The tables that ship with
the package come first. A release that they lack is read from its own manifest, or from the
community chart that claims to ship it if there is no manifest. A release that cannot be read is no
error: rules say `not run`, with the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache, partial

from msgspec import Struct, field
from msgspec.structs import replace

from fluxbump.errors import IndexSourceError
from fluxbump.flux import install_manifest as manifests
from fluxbump.flux.chart_contents import Fetched, Vendored
from fluxbump.flux.install_manifest import Shipped
from fluxbump.flux.release_sources import Sources, shipped_by
from fluxbump.flux.releases import Goal
from fluxbump.flux.stored_versions import Table
from fluxbump.flux.tables import crds as tables
from fluxbump.flux.tables import fields
from fluxbump.flux.tables.fields import Schema
from fluxbump.helm import archive
from fluxbump.helm.chart_releases import ChartRelease
from fluxbump.model import FLUX, FLUX2, Form, Inventory
from fluxbump.text import versions

Index = Mapping[str, ChartRelease]
"""Chart releases by version."""

_MOST = 8  # releases that are asked for; a repository holds one or two


class KnownReleases(Struct, frozen=True):
    """The facts about the releases that matter to a repository.

    Attributes:
        crds: the CRDs of each known release.
        manifests: what releases ship that the tables lack, by release.
        unknown: the releases about which nothing is known, and the reason for each.
        fetched: the community charts that may be fetched, by chart version.
    """

    crds: Table
    manifests: Mapping[str, Shipped] = field(default_factory=dict)
    unknown: Mapping[str, str] = field(default_factory=dict)
    fetched: Mapping[str, Fetched] = field(default_factory=dict)

    def has_fields(self, release: str) -> bool:
        """Whether the fields of a release are known."""
        return release in self.manifests or release in fields.releases()

    def schema(self, release: str, kind: str, api_version: str) -> Schema | None:
        """Return the fields of a kind in a release.

        Args:
            release: `2.4.0`, without a leading `v`.
            kind: `HelmRelease`.
            api_version: `helm.toolkit.fluxcd.io/v2`.

        Returns:
            None when the release is not known, or does not have the kind at that apiVersion.
        """
        manifest = self.manifests.get(release)
        if manifest is None:
            return fields.fields(release, kind, api_version)
        found = manifest.fields.get((api_version, kind))
        return None if found is None else Schema(release, kind, api_version, found)

    def including(
        self, goal: Goal, vendored: Iterable[Vendored], sources: Sources | None
    ) -> KnownReleases:
        """Return a copy that also knows one more release, or why it is unknown.

        Args:
            goal: the release, and the chart that ships it.
            vendored: community charts of the snapshot in question.
            sources: reads what the tables lack; None to ask nothing.
        """
        release = str(goal.app_version)
        if release in self.crds or sources is None:
            return self
        charts = (goal,) if isinstance(goal, ChartRelease) else ()
        try:
            shipped = shipped_by(release, charts, vendored, sources)
        except IndexSourceError as error:
            return replace(self, unknown={**self.unknown, release: str(error)})
        return replace(
            self,
            crds={**self.crds, release: shipped.crds},
            manifests={**self.manifests, release: shipped},
        )


def gather(
    inventories: Iterable[Inventory],
    index: Index,
    vendored: tuple[Vendored, ...],
    sources: Sources | None,
    also: Iterable[str] = (),
) -> KnownReleases:
    """Gather the facts about the releases that pins hold.

    Args:
        inventories: the inventory of the snapshot in question first, then that of the base.
        index: chart releases by version.
        vendored: community charts of the snapshot in question.
        sources: reads what the tables lack; None to ask nothing.
        also: more releases to gather facts about.
    """
    known = tables.crds()
    inventories = tuple(inventories)
    if sources is None:
        return KnownReleases(known)
    charts = [index[version] for version in _held(inventories, FLUX2) if version in index]
    wanted = {
        *_held(inventories, FLUX),
        *(str(chart.app_version) for chart in charts),
        *(chart.app_version.removeprefix("v") for chart in vendored if not chart.problem),
        *also,
    }
    shipped: dict[str, Shipped] = {}
    unknown: dict[str, str] = {}
    missing = sorted(name for name in wanted - known.keys() if versions.parse(name))
    for release in missing[_MOST:]:
        unknown[release] = f"the pins hold more than {_MOST} releases that the tables do not know"
    for release in missing[:_MOST]:
        try:
            shipped[release] = shipped_by(release, charts, vendored, sources)
        except IndexSourceError as error:
            unknown[release] = str(error)
    crds = {**known, **{release: manifest.crds for release, manifest in shipped.items()}}
    return KnownReleases(crds, shipped, unknown, _fetched(inventories[0], index, vendored, sources))


def _held(inventories: Iterable[Inventory], track: object) -> dict[str, None]:
    """Return the values of a track's exact pins, each once and in order."""
    pins = (pin for inventory in inventories for pin in inventory.pins)
    return dict.fromkeys(p.value for p in pins if p.track == track and p.form is Form.EXACT)


def _fetched(
    inventory: Inventory, index: Index, vendored: Iterable[Vendored], sources: Sources
) -> dict[str, Fetched]:
    """Read the charts that pins hold and that may be fetched.

    An archive in the repository is used instead if its digest is the one in the index.
    """
    here = {other.sha256: other for other in vendored if other.sha256 and not other.problem}
    found = {}
    for version in _held((inventory,), FLUX2):
        chart = index.get(version)
        if chart and sources.archive and sources.may_compare(chart):
            same = here.get(chart.digest) if chart.digest else None
            found[version] = (
                Fetched(same.app_version, same.contents)
                if same
                else _opened(chart, sources.archive)
            )
    return found


def _opened(chart: ChartRelease, get: Callable[[ChartRelease], bytes]) -> Fetched:
    title = f"{chart.name} {chart.version}"
    try:
        opened = archive.read_chart(get(chart), where=title)
    except IndexSourceError as error:
        return Fetched(problem=str(error))
    return Fetched(opened.app_version or "", contents(opened.files, title))


def contents(files: Mapping[str, bytes], source: str) -> Callable[[], Shipped]:
    """Return a function that reads the CRDs and images of a chart on its first call.

    Args:
        files: the chart's files, by path below its folder.
        source: the chart's name for messages.
    """
    return cache(partial(manifests.chart, files, source))
