"""The evidence, which is all that rules check, and the facts that follow from it. Pure.

`check/gather` makes it.
"""

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
    """All facts that rules check. They were gathered before, so that a rule does no I/O.

    A part that is missing is `Absent`, with the reason.

    Attributes:
        inventory: the inventory of the snapshot that is checked.
        charts: the files beside its charts.
        team: the settings of the team that change what rules accept.
        effort: how much work rules do, and how they divide it.
        index: the chart releases of the chart index, by version of the chart.
        releases: the CRDs, fields and images of Flux releases that matter here.
        renders: the result of `helm template` for each wrapper.
        baseline: the state that the snapshot is compared with.
        objects: the Flux custom resources of the snapshot.
        cluster: the Kubernetes version, and the API versions that clusters store.
        history: what the pins and values files held before, from git's history.
        digests: the published digests of the artifacts whose digests are in the repository.
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
        """The CRDs by release and CRD name; empty if `releases` is absent."""
        return {} if isinstance(self.releases, Absent) else self.releases.crds

    @property
    def manifests(self) -> Mapping[str, Shipped]:
        """The content of releases that the tables do not have; empty if `releases` is absent."""
        return {} if isinstance(self.releases, Absent) else self.releases.manifests

    @property
    def stored(self) -> Mapping[str, tuple[str, ...]] | None:
        """`status.storedVersions` of a live cluster, by CRD name; None if no cluster was asked."""
        return None if isinstance(self.cluster, Absent) else self.cluster.stored

    @property
    def written(self) -> Written:
        """The API versions that objects may have been written at; empty if `cluster` is absent."""
        return {} if isinstance(self.cluster, Absent) else self.cluster.written

    @property
    def kubernetes(self) -> tuple[KubernetesPin, ...]:
        """The places that state the Kubernetes version; empty if `cluster` is absent."""
        return () if isinstance(self.cluster, Absent) else self.cluster.kubernetes

    @property
    def past(self) -> Past | None:
        """The releases that the pins have held; None if the history was not read."""
        return None if isinstance(self.history, Absent) else self.history.past

    @property
    def installed(self) -> str | None:
        """The Flux release that the repository installs; None if it does not say (`release_of`)."""
        return self.release_of(self.inventory)

    @property
    def why_not_installed(self) -> str:
        """The reason why `installed` is None, for people."""
        unlisted = next(iter(self.unlisted_charts), None)
        if unlisted is None:
            return "nothing in live code says which Flux release this repository installs"
        chart = f"flux2 {unlisted.value} ({unlisted.location})"
        return f"not known which Flux release {chart} ships: the chart index does not list it"

    @property
    def unlisted_charts(self) -> list[Pin]:
        """The pins that install a version of the chart whose Flux release is not known."""
        charts = installs(self.inventory.pins, FLUX2)
        return [pin for pin in charts if pin.form is Form.EXACT and self.shipped(pin)[0] is None]

    @property
    def oldest_kubernetes(self) -> str | None:
        """The oldest Kubernetes version that is pinned or stated; None if there is none."""
        pins = [(pin.minor, pin.version) for pin in self.kubernetes if pin.minor]
        return min(pins)[1] if pins else None

    def release_of(self, inventory: Inventory) -> str | None:
        """Return the Flux release that an inventory installs; None if it does not say.

        The first of these counts: an exact release, the release of the chart, a range, the images
        of controllers. A range stands for the newest known release that it admits.
        """
        held = current(inventory)
        chart = self.chart(held.get(FLUX2, ""))
        exact = held.get(FLUX) or (str(chart.app_version) if chart else None)
        return exact or self._by_range(inventory) or self.by_images(inventory)

    def by_images(self, inventory: Inventory) -> str | None:
        """Return the newest release that has the images of all controllers here.

        None if there is no such release, or if another kind of pin installs Flux.
        """
        if any(installs(inventory.pins, track) for track in (FLUX, FLUX2)):
            return None
        found = controller_images.installed(inventory)
        return found[1][-1] if found else None

    def _by_range(self, inventory: Inventory) -> str | None:
        """Return the oldest release that a range stands for; None if an install is exact."""
        known = self._come_to(inventory)
        return str(known[0]) if known else None

    def _come_to(self, inventory: Inventory) -> list[Version]:
        ranges = [] if installs(inventory.pins, FLUX2) else floating.installs(inventory)
        return floating.come_to(ranges, self.stable) if ranges else []

    @property
    def newer_by_range(self) -> tuple[str, ...]:
        """The newer releases that other ranges stand for; empty if an install is exact."""
        return tuple(str(release) for release in self._come_to(self.inventory)[1:])

    @property
    def stable(self) -> list[Version]:
        """The stable releases that are known without I/O, oldest first."""
        charts = {} if isinstance(self.index, Absent) else self.index
        return without_chart(ChartIndex("the chart index", tuple(charts.values()))).stable

    def chart(self, version: str) -> ChartRelease | None:
        """Return the chart release of a version; None if the index is absent or lacks it."""
        return None if isinstance(self.index, Absent) else self.index.get(version)

    def unknown_chart(self, pin: Pin) -> str | None:
        """Return why it is not known which release a chart ships.

        None if the index is newer than the chart, and so would have to list it.
        """
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
        """Return `: ` and the reason why a release is not known; empty if no source was asked."""
        unknown = {} if isinstance(self.releases, Absent) else self.releases.unknown
        return f": {unknown[release]}" if release in unknown else ""

    def shipped(self, pin: Pin, *, vendored: bool = True) -> tuple[str | None, str]:
        """Return the Flux release that a pinned chart ships, and the source of that, for people.

        The release is None, and the source empty, if that is not known.

        Args:
            pin: the pin of a version of the community chart.
            vendored: True to read the release from an archive in the wrapper's `charts/` folder
                first. False for a pin of the base, whose archives are not in the evidence.
        """
        for archive in self.charts.vendored if vendored else ():
            same = archive.named in (None, pin.value) and not archive.problem
            if archive.wrapper == pin.location.path and same:
                return archive.app_version.removeprefix("v"), f"its archive {archive.path}"
        release = self.chart(pin.value)
        return (
            (str(release.app_version), release.told_by or _CHART_INDEX) if release else (None, "")
        )
