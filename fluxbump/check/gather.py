"""Gathers the evidence that rules check, part by part; `check/evidence` describes the parts."""

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
"""The texts that `surroundings` searches a snapshot for."""

Renderer = Callable[[Chart, Snapshot, tuple[Vendored, ...]], Callable[[], Render]]
"""A function that starts to render one wrapper, and returns a function that waits for the result.

It takes the wrapper, its snapshot, and the vendored charts. The context manager that made it
(`rendering/renderer`) ends the processes that it started.
"""


class SnapshotFiles(Struct, frozen=True):
    """A snapshot that is checked, with the charts and pins that were found in it.

    Attributes:
        snapshot: the snapshot.
        inventory: its charts and pins.
        vendored: the community charts in the wrappers' `charts/` folders.
    """

    snapshot: Snapshot
    inventory: Inventory
    vendored: tuple[Vendored, ...]

    @property
    def wrappers(self) -> tuple[Chart, ...]:
        """The charts that depend on the community chart. They are the charts to render."""
        return tuple(chart for chart in self.inventory.charts if chart.wrapper)


def snapshot_files(snapshot: Snapshot, inventory: Inventory) -> SnapshotFiles:
    """Return a snapshot with its inventory, and read the vendored charts beside it."""
    return SnapshotFiles(snapshot, inventory, tuple(vendored_charts(snapshot, inventory)))


class Surroundings(Struct, frozen=True):
    """The Flux resources and clusters that a release has to work with.

    Attributes:
        objects: the Flux custom resources of the snapshot.
        cluster: the Kubernetes version, and the API versions that clusters store.
    """

    objects: Resources
    cluster: Cluster


class Known(Struct, frozen=True):
    """Facts about clusters from outside of the repository: from the user, or a live cluster.

    Attributes:
        kubernetes: the Kubernetes version that the user or the cluster states. It overrides the
            repository's pins. None if nobody states it.
        stored: `status.storedVersions` of a live cluster, by CRD name; None if none was asked.
        written: the API versions in the managedFields of the cluster's objects, by group and kind.
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
    """Find the Flux resources and the Kubernetes version that a release has to work with.

    Args:
        snapshot: the snapshot to search.
        scope: the scope of the search.
        known: the facts about clusters from outside of the repository.
        configured: the Kubernetes version in fluxbump.yaml. `known` overrides it, and it overrides
            the pins in other files.
    """
    stated = known.kubernetes or configured
    reader = TextReader(snapshot)
    pins = (stated,) if stated else kubernetes.find(reader, scope.excludes)
    objects = resources.find(snapshot, scope.excludes, spread=scope.spread)
    written = together(versions_written(objects), known.written)
    return Surroundings(objects, Cluster(pins, known.stored, written, reader.refused))


def together(*several: Written) -> Written:
    """Unite several maps of the API versions that objects may have been written at."""
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
        found: the snapshot that is checked, with its charts and pins.
        index: the chart index, or the error that says why there is none.
        around: the Flux resources and clusters. None if no rule that needs them is run: then the
            evidence has no `releases`, `objects` and `cluster`.
        baseline: the state to compare with, or why there is none.
        team: the settings of the team that change what rules accept.
        effort: how much work rules do, and how they divide it.
        sources: the sources about releases that the tables do not have; None to ask no source.
        also: releases that matter beside those that the pins hold.
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
    """Add to the evidence what is known of a release that no pin holds yet.

    Args:
        gathered: the evidence about the snapshot as it is.
        goal: the release that a bump leads to.
        sources: the sources about releases that the tables do not have; None to ask no source.
    """
    if isinstance(gathered.releases, Absent):
        return gathered
    known = gathered.releases.including(goal, gathered.charts.vendored, sources)
    return replace(gathered, releases=known)


def begin_renders(render: Renderer | None, found: SnapshotFiles) -> Renders | None:
    """Start to render every wrapper, and return a function that waits for all of them.

    None if rendering was not asked for, or if there is no wrapper.
    """
    if render is None or not found.wrappers:
        return None
    begun = [render(chart, found.snapshot, found.vendored) for chart in found.wrappers]
    return lambda: tuple(finish() for finish in begun)


def with_history(gathered: Evidence, lineage: Lineage | None, scope: Scope) -> Evidence:
    """Add git's history to the evidence, for the two rules that can use it.

    FB104 (values-mirror) accepts a wrapper without a values mirror, unless another wrapper has one
    or its own values files once had one. FB202 (upgrade-conflict) can rule out stored API versions
    if it knows which releases the pins have held. The history is read only if one of them would say
    more with it.

    Args:
        gathered: the evidence without the history.
        lineage: the function that returns what files have held; None to read no history.
        scope: the scope of the search.
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
