"""Gathers what rules judge: the chart index, vendored charts, locks, renders, the merge base."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from msgspec import Struct, field
from msgspec.structs import replace

from fluxbump.check import mirror_history, pin_history
from fluxbump.check.rules.rule import Evidence, Render, Renders
from fluxbump.check.rules.stored_versions import unsure
from fluxbump.discover import flux_objects as resources
from fluxbump.discover import kubernetes_pins as kubernetes
from fluxbump.discover.flux_objects import Resources
from fluxbump.discover.inventory import Scope
from fluxbump.discover.kubernetes_pins import KubernetesPin
from fluxbump.errors import IndexSourceError
from fluxbump.flux import install_manifest as manifests
from fluxbump.flux import known_releases
from fluxbump.flux.chart_contents import Vendored
from fluxbump.flux.known_releases import Sources
from fluxbump.flux.upgrade_path import Written
from fluxbump.git.history import Lineage
from fluxbump.helm import archive
from fluxbump.model import Chart, ChartIndex, Inventory, Snapshot
from fluxbump.system.parallel import Spread, serially
from fluxbump.text import yaml
from fluxbump.text.live_code import decode

NEEDLES = (*resources.NEEDLES, *kubernetes.NEEDLES)
"""What `surroundings` looks for."""

_ARCHIVE = re.compile(r"flux2-(?P<version>v?\d[^/]*)\.tgz")

Renderer = Callable[[Chart, Snapshot, tuple[Vendored, ...]], Callable[[], Render]]
"""Starts to render one wrapper, and gives what waits for the result.

What it needs besides is bound before, and whoever bound it ends what was started.
"""


class Base(Struct, frozen=True):
    """What a snapshot is compared with.

    Attributes:
        inventory: of the base.
        changed: paths that differ from it, below the directories of the charts.
    """

    inventory: Inventory
    changed: frozenset[str]


class Surroundings(Struct, frozen=True):
    """What a release meets: manifests, Kubernetes, and what clusters store.

    Attributes:
        resources: the Flux custom resources of the snapshot.
        kubernetes: which Kubernetes runs, and who says so.
        stored: `status.storedVersions` of a live cluster; None when none was asked.
        written: the API versions that objects may have been written at: what manifests hold or
            held, and the managedFields of a live cluster; by group and kind.
    """

    resources: Resources
    kubernetes: tuple[KubernetesPin, ...]
    stored: Mapping[str, tuple[str, ...]] | None = None
    written: Written = field(default_factory=dict)


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


def surroundings(
    snapshot: Snapshot,
    scope: Scope,
    known: Known = NOTHING_KNOWN,
    *,
    configured: KubernetesPin | None = None,
    quick: bool = False,
) -> Surroundings:
    """Look for what a release meets.

    Args:
        snapshot: in question.
        scope: of the search.
        known: what overrides that.
        configured: the Kubernetes that runs as the configuration says; `known` goes before it.
        quick: see `resources.find`.
    """
    stated = known.kubernetes or configured
    found = (stated,) if stated else kubernetes.find(snapshot, scope.excludes)
    manifests = resources.find(snapshot, scope.excludes, quick=quick, spread=scope.spread)
    written = together(resources.written(manifests), known.written)
    return Surroundings(manifests, found, known.stored, written)


def together(*several: Written) -> Written:
    """Put together what objects may have been written at."""
    keys = {key for one in several for key in one}
    return {key: frozenset().union(*(one.get(key, ()) for one in several)) for key in keys}


def gather(
    snapshot: Snapshot,
    inventory: Inventory,
    index: ChartIndex | IndexSourceError,
    *,
    around: Surroundings | None = None,
    vendored: tuple[Vendored, ...] | None = None,
    base: Base | None = None,
    allowed_groups: tuple[str, ...] = (),
    raises: bool = True,
    compared_with: str | None = None,
    sources: Sources | None = None,
    also: Iterable[str] = (),
    spread: Spread = serially,
) -> Evidence:
    """Gather the evidence about a snapshot.

    Args:
        snapshot: in question.
        inventory: of the snapshot.
        index: the chart index, or why there is none.
        around: what a release meets; None when the safety rules are not to be run.
        vendored: what `vendored_charts` finds; None when nobody has looked yet.
        base: what to compare with; None when no base was given.
        allowed_groups: API groups that a fresh cluster has beside the known ones.
        raises: whether the team raises the versions of its own charts.
        compared_with: a release; what it refuses already need not be found again.
        sources: of what the tables do not know; None when nothing is to be asked.
        also: releases that matter, beside those that pins hold.
        spread: how a rule that looks at many files divides that.
    """
    if vendored is None:
        vendored = vendored_charts(snapshot, inventory)
    loaded = index if isinstance(index, ChartIndex) else None
    charts = {str(one.version): one for one in loaded.releases} if loaded else {}
    inventories = (inventory, base.inventory) if base else (inventory,)
    known = known_releases.gather(inventories, charts, vendored, sources, also) if around else None
    return Evidence(
        inventory=inventory,
        index=charts,
        no_index=None if loaded else str(index),
        vendored=vendored,
        locks=dict(_locks(snapshot, inventory)),
        base=base.inventory if base else None,
        changed=base.changed if base else frozenset(),
        allowed_groups=allowed_groups,
        raises=raises,
        crds=known.crds if known else {},
        manifests=known.manifests if known else {},
        unknown=known.unknown if known else {},
        fetched=known.fetched if known else {},
        stored=around.stored if around else None,
        written=around.written if around else {},
        resources=around.resources if around else None,
        kubernetes=around.kubernetes if around else None,
        compared_with=compared_with,
        spread=spread,
    )


def begin_renders(
    render: Renderer | None,
    snapshot: Snapshot,
    inventory: Inventory,
    vendored: tuple[Vendored, ...],
) -> Renders | None:
    """Start to render every wrapper, and give what waits for all; None where none was asked for."""
    if render is None:
        return None
    begun = [render(chart, snapshot, vendored) for chart in inventory.charts if chart.wrapper]
    return lambda: tuple(one() for one in begun)


def with_past(gathered: Evidence, lineage: Lineage | None, scope: Scope) -> Evidence:
    """Read the history of the pins, where FB104 or FB202 has something that it could narrow.

    Args:
        gathered: what is known without it.
        lineage: gives what files have held; None where that is not to be asked.
        scope: of the search.
    """
    if lineage is None:
        return gathered
    if mirror_history.missing(gathered.inventory):
        gathered = replace(gathered, mirrored=mirror_history.once(lineage, gathered.inventory))
    if not unsure(gathered):
        return gathered
    inventories = [one for one in (gathered.base, gathered.inventory) if one]
    return replace(gathered, past=pin_history.read(lineage, inventories, scope, gathered.crds))


def changed_below(charts: tuple[Chart, ...], before: Snapshot, after: Snapshot) -> frozenset[str]:
    """Return the paths in the charts' directories that differ between two snapshots."""
    changed: set[str] = set()
    for chart in charts:
        old = {path for path in before.paths() if path.startswith(chart.directory)}
        new = {path for path in after.paths() if path.startswith(chart.directory)}
        common = sorted(old & new)
        pairs = zip(before.read_many(common), after.read_many(common), strict=True)
        changed |= (old ^ new) | {path for (path, one), (_, other) in pairs if one != other}
    return frozenset(changed)


def _locks(snapshot: Snapshot, inventory: Inventory) -> Iterator[tuple[str, str]]:
    for chart in inventory.charts:
        path = f"{chart.directory}Chart.lock"
        if path in snapshot.below(chart.directory):
            yield path, decode(snapshot.read(path))


def vendored_charts(snapshot: Snapshot, inventory: Inventory) -> tuple[Vendored, ...]:
    """Read the community charts under the wrappers' `charts/`."""
    return tuple(_vendored(snapshot, inventory))


def _vendored(snapshot: Snapshot, inventory: Inventory) -> Iterator[Vendored]:
    for chart in inventory.charts:
        if not chart.wrapper:
            continue
        folder = f"{chart.directory}charts/"
        for path in snapshot.below(folder):
            name = path.removeprefix(folder)
            packed = _ARCHIVE.fullmatch(name)
            if packed:
                yield _archive(path, chart.path, packed["version"], snapshot.read(path))
            elif name == "flux2/Chart.yaml":
                yield _unpacked(path, chart.path, snapshot)


def _archive(path: str, wrapper: str, named: str, data: bytes) -> Vendored:
    if archive.lfs_pointer(data):
        problem = "is a Git LFS pointer, its content is not here (git lfs pull)"
        return Vendored(path, wrapper, named, problem=problem)
    try:
        chart = archive.read_chart(data)
    except IndexSourceError as error:
        return Vendored(path, wrapper, named, problem=f"cannot be read: {error.message}")
    return Vendored(
        path,
        wrapper,
        named,
        name=chart.name,
        version=chart.version,
        app_version=chart.app_version or "",
        sha256=archive.sha256(data),
        contents=known_releases.contents(chart.files, path),
    )


def _unpacked(path: str, wrapper: str, snapshot: Snapshot) -> Vendored:
    document = yaml.documents(decode(snapshot.read(path)), path)[0]
    name, version, app_version = (
        yaml.text_of(document.root, key) or "" for key in ("name", "version", "appVersion")
    )
    problem = document.problem[1] if document.problem else None
    folder = path.removesuffix("Chart.yaml")
    inside = [one for one in snapshot.below(folder) if manifests.tells(one.removeprefix(folder))]
    files = {one.removeprefix(folder): data for one, data in snapshot.read_many(inside)}
    contents = known_releases.contents(files, folder)
    return Vendored(
        path, wrapper, None, name, version, app_version, problem=problem, contents=contents
    )
