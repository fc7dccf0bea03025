"""What rules judge: the evidence, and what its parts tell together. Pure; `gather` makes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from msgspec import Struct
from semver import Version

from fluxbump.check.evidence_parts import (
    NO_BASE,
    NO_CLUSTER,
    NO_DIGESTS,
    NO_HISTORY,
    NO_INDEX,
    NO_OBJECTS,
    NO_RELEASES,
    NOT_RENDERED,
    Absent,
    Baseline,
    ChartFiles,
    Cluster,
    Effort,
    History,
    Render,
    Team,
)
from fluxbump.discover import floating
from fluxbump.discover.tracks import current, installs
from fluxbump.flux import controller_images
from fluxbump.flux.available import without_chart
from fluxbump.flux.removed_versions import Written
from fluxbump.helm.chart_releases import ChartIndex, ChartRelease
from fluxbump.model import FLUX, FLUX2, Form, Inventory, Pin
from fluxbump.text import versions

if TYPE_CHECKING:
    from fluxbump.check.pin_history import Past
    from fluxbump.discover.digests.published import PublishedDigests
    from fluxbump.discover.kubernetes_pins import KubernetesPin
    from fluxbump.discover.objects.resources import Resources
    from fluxbump.flux.install_manifest import Shipped
    from fluxbump.flux.known_releases import KnownReleases
    from fluxbump.flux.stored_versions import Crd


_CHART_INDEX = "the chart index"


class Evidence(Struct, frozen=True):
    """What rules judge. Everything in it was gathered before; a rule does no I/O.

    Attributes:
        inventory: of the snapshot in question.
        charts: what lies beside its charts.
        team: what the team sets.
        effort: how much is to be judged.
        index: chart releases by version.
        releases: what is known of Flux releases.
        renders: what helm makes of each wrapper.
        baseline: what the snapshot is compared with.
        objects: its Flux custom resources.
        cluster: what a release meets there.
        history: what git's history says.
        digests: of what is published, as far as digests here are compared with them.
    """

    inventory: Inventory
    charts: ChartFiles = ChartFiles()
    team: Team = Team()
    effort: Effort = Effort()
    index: Mapping[str, ChartRelease] | Absent = NO_INDEX
    releases: KnownReleases | Absent = NO_RELEASES
    renders: tuple[Render, ...] | Absent = NOT_RENDERED
    baseline: Baseline | Absent = NO_BASE
    objects: Resources | Absent = NO_OBJECTS
    cluster: Cluster | Absent = NO_CLUSTER
    history: History | Absent = NO_HISTORY
    digests: PublishedDigests | Absent = NO_DIGESTS

    @property
    def crds(self) -> Mapping[str, Mapping[str, Crd]]:
        """What each known release defines; empty where nothing is known of releases."""
        return {} if isinstance(self.releases, Absent) else self.releases.crds

    @property
    def manifests(self) -> Mapping[str, Shipped]:
        """What releases ship that the tables do not know; empty likewise."""
        return {} if isinstance(self.releases, Absent) else self.releases.manifests

    @property
    def stored(self) -> Mapping[str, tuple[str, ...]] | None:
        """`status.storedVersions` of a live cluster; None when none was asked."""
        return None if isinstance(self.cluster, Absent) else self.cluster.stored

    @property
    def written(self) -> Written:
        """The API versions that objects may have been written at; empty when nobody looked."""
        return {} if isinstance(self.cluster, Absent) else self.cluster.written

    @property
    def kubernetes(self) -> tuple[KubernetesPin, ...]:
        """Who says which Kubernetes runs; empty when nobody does, or nobody looked."""
        return () if isinstance(self.cluster, Absent) else self.cluster.kubernetes

    @property
    def past(self) -> Past | None:
        """What the pins have held; None when that was not read."""
        return None if isinstance(self.history, Absent) else self.history.past

    @property
    def installed(self) -> str | None:
        """The release that the repository installs; see `release_of`."""
        return self.release_of(self.inventory)

    @property
    def why_not_installed(self) -> str:
        """Say why nobody knows which release the repository installs."""
        unlisted = next(iter(self.unlisted_charts), None)
        if unlisted is None:
            return "nothing in live code says which Flux release this repository installs"
        chart = f"flux2 {unlisted.value} ({unlisted.location})"
        return f"not known which Flux release {chart} ships: the chart index does not list it"

    @property
    def unlisted_charts(self) -> list[Pin]:
        """The places that install a version of the chart of which nobody knows what it ships."""
        charts = installs(self.inventory.pins, FLUX2)
        return [pin for pin in charts if pin.form is Form.EXACT and self.shipped(pin)[0] is None]

    @property
    def oldest_kubernetes(self) -> str | None:
        """The oldest Kubernetes that is pinned or stated; None when none is known."""
        pins = [(pin.minor, pin.version) for pin in self.kubernetes if pin.minor]
        return min(pins)[1] if pins else None

    def release_of(self, inventory: Inventory) -> str | None:
        """Return the release that an inventory installs: by URL, by chart, by a range, by images.

        A range comes to the newest release that it admits and that is known.
        """
        held = current(inventory)
        chart = self.chart(held.get(FLUX2, ""))
        exact = held.get(FLUX) or (str(chart.app_version) if chart else None)
        return exact or self._by_range(inventory) or self.by_images(inventory)

    def by_images(self, inventory: Inventory) -> str | None:
        """Return the newest release of which all controllers are, if nothing else installs."""
        if any(installs(inventory.pins, track) for track in (FLUX, FLUX2)):
            return None
        found = controller_images.installed(inventory)
        return found[1][-1] if found else None

    def _by_range(self, inventory: Inventory) -> str | None:
        """Return the oldest release that a range comes to, where nothing exact is installed."""
        known = self._come_to(inventory)
        return str(known[0]) if known else None

    def _come_to(self, inventory: Inventory) -> list[Version]:
        ranges = [] if installs(inventory.pins, FLUX2) else floating.installs(inventory)
        return floating.come_to(ranges, self.stable) if ranges else []

    @property
    def newer_by_range(self) -> tuple[str, ...]:
        """The releases that ranges come to, besides `installed`; empty where a place is exact."""
        return tuple(str(release) for release in self._come_to(self.inventory)[1:])

    @property
    def stable(self) -> list[Version]:
        """The stable releases that are known without asking anybody, oldest first."""
        charts = {} if isinstance(self.index, Absent) else self.index
        return without_chart(ChartIndex("the chart index", tuple(charts.values()))).stable

    def chart(self, version: str) -> ChartRelease | None:
        """Return the chart release of a version; None when no index knows it."""
        return None if isinstance(self.index, Absent) else self.index.get(version)

    def unknown_chart(self, pin: Pin) -> str | None:
        """Say why nobody knows what a chart ships; None if the index would have to know."""
        if isinstance(self.index, Absent):
            return self.index.reason
        newest = max(
            self.index.values(), key=lambda chart_release: chart_release.version, default=None
        )
        version = versions.parse(pin.value)
        if newest is None or version is None:
            return None
        asked = f"flux2 {pin.value} ({pin.location})"
        if all(chart_release.told_by for chart_release in self.index.values()):
            return f"{newest.told_by} does not list {asked}, and the chart index did not answer"
        when = f" of {newest.created:%Y-%m-%d}" if newest.created else ""
        older = f"(newest flux2 {newest.version}{when}) is older than this repository"
        return (
            f"{_CHART_INDEX} {older}, which asks for {asked}: refresh the index"
            if version > newest.version
            else None
        )

    def why_unknown(self, release: str) -> str:
        """Return `: ` and why nothing is known of a release; empty when nobody asked."""
        unknown = {} if isinstance(self.releases, Absent) else self.releases.unknown
        return f": {unknown[release]}" if release in unknown else ""

    def shipped(self, pin: Pin, *, vendored: bool = True) -> tuple[str | None, str]:
        """Return the release that a pin of the community chart ships, and who says so.

        Args:
            pin: holds a chart version.
            vendored: whether the archive under the wrapper's `charts/` may say so; not for a pin
                of the base, whose archives are not here.
        """
        for archive in self.charts.vendored if vendored else ():
            same = archive.named in (None, pin.value) and not archive.problem
            if archive.wrapper == pin.location.path and same:
                return archive.app_version.removeprefix("v"), f"its archive {archive.path}"
        release = self.chart(pin.value)
        return (
            (str(release.app_version), release.told_by or _CHART_INDEX) if release else (None, "")
        )
