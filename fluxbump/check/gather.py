"""Gathers what rules judge, part by part: `check/evidence` says what each is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from msgspec import Struct, field
from msgspec.structs import replace

from fluxbump.check import mirror_history, pin_history
from fluxbump.check.evidence import Evidence
from fluxbump.check.evidence_parts import (
    NO_BASE,
    NO_WRAPPER,
    NOT_RENDERED,
    Absent,
    Baseline,
    ChartFiles,
    Cluster,
    Effort,
    History,
    Render,
    Renders,
    Team,
    optional,
)
from fluxbump.check.rules.crds.existing_clusters import unsure
from fluxbump.check.vendored import vendored_charts
from fluxbump.discover import kubernetes_pins as kubernetes
from fluxbump.discover.digests import published
from fluxbump.discover.digests.published import PublishedDigests, Publishers
from fluxbump.discover.kubernetes_pins import KubernetesPin
from fluxbump.discover.objects import flux_objects as resources
from fluxbump.discover.objects.resources import Resources, versions_written
from fluxbump.discover.scope import Scope
from fluxbump.errors import IndexSourceError
from fluxbump.flux import known_releases, releases
from fluxbump.flux.chart_contents import Vendored
from fluxbump.flux.release_sources import Sources
from fluxbump.flux.releases import Goal
from fluxbump.flux.removed_versions import Written
from fluxbump.git.file_history import Lineage
from fluxbump.git.text_reader import TextReader, text_of
from fluxbump.helm.chart_releases import ChartIndex, ChartRelease
from fluxbump.model import Chart, Inventory, Snapshot

NEEDLES = (*resources.NEEDLES, *kubernetes.NEEDLES)
"""What `surroundings` looks for."""

Renderer = Callable[[Chart, Snapshot, tuple[Vendored, ...]], Callable[[], Render]]
"""Starts to render one wrapper, and gives what waits for the result.

What it needs besides is bound before, and whoever bound it ends what was started.
"""


class SnapshotFiles(Struct, frozen=True):
    """A snapshot in question, and what was found in it.

    Attributes:
        snapshot: in question.
        inventory: its charts and pins.
        vendored: community charts under the wrappers' `charts/`.
    """

    snapshot: Snapshot
    inventory: Inventory
    vendored: tuple[Vendored, ...]

    @property
    def wrappers(self) -> tuple[Chart, ...]:
        """The charts that can be rendered."""
        return tuple(chart for chart in self.inventory.charts if chart.wrapper)


def snapshot_files(snapshot: Snapshot, inventory: Inventory) -> SnapshotFiles:
    """Return a snapshot with its inventory, and read the vendored charts beside it."""
    return SnapshotFiles(snapshot, inventory, tuple(vendored_charts(snapshot, inventory)))


class Surroundings(Struct, frozen=True):
    """What a release meets.

    Attributes:
        objects: the Flux custom resources of the snapshot.
        cluster: which Kubernetes runs, and what clusters store.
    """

    objects: Resources
    cluster: Cluster


class Known(Struct, frozen=True):
    """What is known beside the repository, and overrides what is found there.

    Attributes:
        kubernetes: the version that runs, stated by the user or the cluster.
        stored: `status.storedVersions` of a live cluster.
        written: the API versions in the managedFields of its objects.
    """

    kubernetes: KubernetesPin | None = None
    stored: Mapping[str, tuple[str, ...]] | None = None
    written: Written = field(default_factory=dict)


NOTHING_KNOWN = Known()
_ANY_TEAM, _EVERYTHING = Team(), Effort()


def surroundings(
    snapshot: Snapshot,
    scope: Scope,
    known: Known = NOTHING_KNOWN,
    *,
    configured: KubernetesPin | None = None,
) -> Surroundings:
    """Look for what a release meets.

    Args:
        snapshot: in question.
        scope: of the search.
        known: what overrides that.
        configured: the Kubernetes that runs as the configuration says; `known` goes before it.
    """
    stated = known.kubernetes or configured
    reader = TextReader(snapshot)
    pins = (stated,) if stated else kubernetes.find(reader, scope.excludes)
    objects = resources.find(snapshot, scope.excludes, spread=scope.spread)
    written = together(versions_written(objects), known.written)
    return Surroundings(objects, Cluster(pins, known.stored, written, reader.refused))


def together(*several: Written) -> Written:
    """Put together what objects may have been written at."""
    keys = {key for versions_of in several for key in versions_of}
    return {
        key: frozenset().union(*(versions_of.get(key, ()) for versions_of in several))
        for key in keys
    }


def gather(
    found: SnapshotFiles,
    index: ChartIndex | IndexSourceError,
    *,
    around: Surroundings | None = None,
    baseline: Baseline | Absent = NO_BASE,
    team: Team = _ANY_TEAM,
    effort: Effort = _EVERYTHING,
    sources: Sources | None = None,
    also: Iterable[str] = (),
) -> Evidence:
    """Gather the evidence about a snapshot.

    Args:
        found: the snapshot in question, and what was found in it.
        index: the chart index, or why there is none.
        around: what a release meets; None when the safety rules are not to be run.
        baseline: what to compare with, or why there is nothing.
        team: what the team sets.
        effort: how much is to be judged, and how that is divided.
        sources: of what the tables do not know; None when nothing is to be asked.
        also: releases that matter, beside those that pins hold.
    """
    loaded = index if isinstance(index, ChartIndex) else None
    charts = (
        {str(chart_release.version): chart_release for chart_release in releases.known(loaded)}
        if loaded
        else {}
    )
    given = Evidence(
        found.inventory,
        ChartFiles(found.vendored, dict(_locks(found))),
        team,
        effort,
        index=Absent("no chart index", str(index)) if loaded is None else charts,
        renders=NOT_RENDERED if found.wrappers else NO_WRAPPER,
        baseline=baseline,
        digests=_digests(found.inventory, charts, sources),
    )
    if around is None:
        return given
    base = () if isinstance(baseline, Absent) else (baseline.inventory,)
    inventories = (found.inventory, *base)
    known = known_releases.gather(inventories, charts, found.vendored, sources, also)
    return replace(given, releases=known, objects=around.objects, cluster=around.cluster)


def _digests(
    inventory: Inventory, charts: Mapping[str, ChartRelease], sources: Sources | None
) -> PublishedDigests:
    data, checksums = (sources.data, sources.checksums) if sources else (None, None)
    return published.read(inventory, Publishers(charts, data, checksums))


def knowing(gathered: Evidence, goal: Goal, sources: Sources | None) -> Evidence:
    """Return the evidence with what is known of a release that no pin holds yet.

    Args:
        gathered: about the snapshot as it is.
        goal: the release.
        sources: of what the tables do not know; None when nothing is to be asked.
    """
    if isinstance(gathered.releases, Absent):
        return gathered
    known = gathered.releases.including(goal, gathered.charts.vendored, sources)
    return replace(gathered, releases=known)


def begin_renders(render: Renderer | None, found: SnapshotFiles) -> Renders | None:
    """Start to render every wrapper, and give what waits for all; None where nothing was begun."""
    if render is None or not found.wrappers:
        return None
    begun = [render(chart, found.snapshot, found.vendored) for chart in found.wrappers]
    return lambda: tuple(finish() for finish in begun)


def with_history(gathered: Evidence, lineage: Lineage | None, scope: Scope) -> Evidence:
    """Read the history of the pins, where FB104 or FB202 has something that it could narrow.

    Args:
        gathered: what is known without it.
        lineage: gives what files have held; None where that is not to be asked.
        scope: of the search.
    """
    if lineage is None:
        return gathered
    mirrored, past = None, None
    if mirror_history.missing(gathered.inventory):
        mirrored = mirror_history.once(lineage, gathered.inventory)
    if unsure(gathered):
        before = optional(gathered.baseline)
        inventories = (*((before.inventory,) if before else ()), gathered.inventory)
        past = pin_history.read(lineage, inventories, scope, gathered.crds)
    return replace(gathered, history=History(past, mirrored or frozenset()))


def changed_below(charts: tuple[Chart, ...], before: Snapshot, after: Snapshot) -> frozenset[str]:
    """Return the paths in the charts' directories that differ between two snapshots."""
    changed: set[str] = set()
    for chart in charts:
        old = {path for path in before.paths() if path.startswith(chart.directory)}
        new = {path for path in after.paths() if path.startswith(chart.directory)}
        common = sorted(old & new)
        pairs = zip(before.read_many(common), after.read_many(common), strict=True)
        changed |= (old ^ new) | {path for (path, earlier), (_, other) in pairs if earlier != other}
    return frozenset(changed)


def _locks(found: SnapshotFiles) -> Iterator[tuple[str, str]]:
    for chart in found.inventory.charts:
        path = f"{chart.directory}Chart.lock"
        if path in found.snapshot.below(chart.directory):
            yield path, text_of(found.snapshot, path)
