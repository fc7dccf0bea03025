"""How to get what the tables do not hold of a release: a manifest, a chart that ships it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from functools import partial
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace
from semver import Version

from fluxbump.errors import FluxbumpError, IndexSourceError
from fluxbump.flux import install_manifest as manifests
from fluxbump.flux.available import Tags
from fluxbump.flux.chart_contents import Vendored
from fluxbump.flux.gotk import GotkManifest
from fluxbump.flux.gotk_source import Components
from fluxbump.flux.install_manifest import Shipped
from fluxbump.helm import archive
from fluxbump.helm.chart_releases import ChartRelease


class Sources(Struct, frozen=True):
    """How to get what the tables do not hold. Both functions raise IndexSourceError.

    Attributes:
        manifest: reads the manifest of a release.
        archive: returns the archive of a chart release, held to the digest in the index; None
            when none is available.
        compare: whether charts may be fetched only to be compared with the release they claim
            (FB206). One that an index on this machine has beside it is read anyway.
        local: the index is on this machine.
        data: returns the bytes of a release's manifest; None when none is available.
        checksums: returns the file with the sha256 of each file of the flux CLI of a release; None
            when none is available.
        tags: returns the releases that Flux's repository has a tag of; None when it is not to be
            asked.
        operator: requires a version of flux-operator to be published: raises ResolveError if it is
            not, and IndexSourceError if nobody can tell; None when that is not to be asked.
        commit: returns the commit of a release; None when that is not to be asked.
        components: gives the `gotk-components.yaml` of a release with these components at least;
            None when there is none available.
    """

    manifest: Callable[[str], Shipped]
    archive: Callable[[ChartRelease], bytes] | None = None
    compare: bool = False
    local: bool = False
    data: Callable[[str], bytes] | None = None
    checksums: Callable[[str], str] | None = None
    tags: Tags | None = None
    components: Components | None = None
    commit: Callable[[str], str | None] | None = None
    operator: Callable[[str], None] | None = None

    def remembering(self) -> Sources:
        """Return the same sources, which ask for nothing twice, whether it was there or not."""
        archive_ = _remembered(self.archive) if self.archive else None
        tags = _remembered_call(self.tags) if self.tags else None
        asked = _pairwise(self.components) if self.components else None
        return replace(
            self,
            manifest=_remembered(self.manifest),
            archive=archive_,
            tags=tags,
            components=asked,
        )

    def may_compare(self, chart: ChartRelease) -> bool:
        """Whether the archive of a chart may be fetched to be compared."""
        beside = self.local and bool(chart.urls) and not any("://" in url for url in chart.urls)
        return self.archive is not None and (self.compare or beside)


def shipped_by(
    release: str, charts: Iterable[ChartRelease], vendored: Iterable[Vendored], sources: Sources
) -> Shipped:
    """Find out what a release ships.

    Raises:
        IndexSourceError: neither its manifest nor a chart says so; tells why there is no manifest.
    """
    try:
        return sources.manifest(release)
    except IndexSourceError as error:
        for read in _claiming(release, charts, vendored, sources):
            try:
                return read()
            except IndexSourceError:
                continue
        raise error from None


def _claiming(
    release: str, charts: Iterable[ChartRelease], vendored: Iterable[Vendored], sources: Sources
) -> Iterator[Callable[[], Shipped]]:
    """Yield what reads the charts that claim to ship a release, those that are here first."""
    for local in vendored:
        if local.app_version.removeprefix("v") == release and local.contents:
            yield local.contents
    for chart in charts:
        if str(chart.app_version) == release and sources.archive:
            yield partial(_unpacked, chart, sources.archive)


def _unpacked(chart: ChartRelease, get: Callable[[ChartRelease], bytes]) -> Shipped:
    title = f"{chart.name} {chart.version}"
    return manifests.chart(archive.read_chart(get(chart), where=title).files, title)


K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


def _remembered(get: Callable[[K], V]) -> Callable[[K], V]:
    """Return a function that remembers results, and failures too."""
    known: dict[K, V | IndexSourceError] = {}

    def remembered(key: K) -> V:
        if key not in known:
            try:
                known[key] = get(key)
            except IndexSourceError as error:
                known[key] = error
        found = known[key]
        if isinstance(found, IndexSourceError):
            raise found
        return found

    return remembered


def _remembered_call(get: Tags) -> Tags:
    """Return the same function, which asks once, whether it is answered or not."""
    known: list[tuple[Version, ...] | FluxbumpError] = []

    def remembered() -> tuple[Version, ...]:
        if not known:
            try:
                known.append(tuple(get()))
            except FluxbumpError as error:
                known.append(error)
        if isinstance(known[0], FluxbumpError):
            raise known[0]
        return known[0]

    return remembered


def _pairwise(get: Components) -> Components:
    """Return what remembers the manifests that `get` gave, likewise."""

    def once(key: tuple[str, tuple[str, ...]]) -> GotkManifest:
        return get(*key)

    remembered = _remembered(once)
    return lambda release, components: remembered((release, components))
