"""The functions that get facts about releases which the shipped tables lack. Pure."""

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
    """Functions that get what the tables lack; they raise IndexSourceError unless said otherwise.

    Attributes:
        manifest: reads the manifest of a release.
        archive: returns the archive of a chart release, checked against the digest in the index;
            None if archives are not available.
        compare: whether charts may be fetched only to compare them with the release they claim
            (FB206). A chart beside an index on this machine is read anyway.
        local: whether the index is on this machine.
        data: returns the bytes of a release's manifest; None if they are not available.
        checksums: returns the file with the sha256 of each file of a release's flux CLI; None if
            such files are not available.
        tags: returns the releases with a tag in Flux's repository, or raises FluxbumpError; None to
            ask no repository.
        operator: requires a version of flux-operator to be published: raises ResolveError if it is
            not, and IndexSourceError if that is not known; None to skip that check.
        commit: returns the commit of a release, None if it has no tag, or raises FluxbumpError;
            None to ask no repository.
        components: returns the `gotk-components.yaml` of a release with at least these components;
            None if such files are not available.
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
        """Return the same sources, which remember answers and failures."""
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
        """Whether a chart's archive may be fetched to compare it with the release it claims."""
        beside = self.local and bool(chart.urls) and not any("://" in url for url in chart.urls)
        return self.archive is not None and (self.compare or beside)


def shipped_by(
    release: str, charts: Iterable[ChartRelease], vendored: Iterable[Vendored], sources: Sources
) -> Shipped:
    """Return what a release ships, as its manifest or a chart says.

    Raises:
        IndexSourceError: neither the manifest nor a chart can be read; the message says why the
            manifest cannot.
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
    """Yield functions that read the charts which claim a release, vendored charts first."""
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
    """Return a function that calls `get` once per key, and remembers results and failures."""
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
    """Return a function that calls `get` once, and remembers the tags or the failure."""
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
    """Return a function that remembers what `get` returned or raised for its two arguments."""

    def once(key: tuple[str, tuple[str, ...]]) -> GotkManifest:
        return get(*key)

    remembered = _remembered(once)
    return lambda release, components: remembered((release, components))
