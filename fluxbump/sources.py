"""Opens the sources of facts: the chart index, and the sources about Flux releases.

Modules that only some runs need, such as HTTP, are imported on first use.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from fluxbump.config.settings import (
    DEFAULT_FLUX_REPOSITORY,
    DEFAULT_INDEX,
    DEFAULT_OPERATOR_CHART,
    DEFAULT_RELEASES,
    FILE,
    Settings,
)
from fluxbump.config.source_options import SourceOptions
from fluxbump.errors import ConfigError, ResolveError
from fluxbump.flux.download import Upstream
from fluxbump.flux.gotk_source import Place, Texts, published
from fluxbump.flux.index_fallback import BRIEF, IndexOrTable, IndexReach, LocalIndex
from fluxbump.flux.release_sources import Sources
from fluxbump.git import remote_url
from fluxbump.helm.chart_releases import IndexSource
from fluxbump.helm.index import places

if TYPE_CHECKING:
    from fluxbump.flux.fetch_tags import FluxTags
    from fluxbump.system.allowed_servers import AllowedServers
    from fluxbump.system.http.fetch import Web

# Seconds and attempts, as in `web.Patience`: without a manifest a rule is not run, so a network
# that does not answer is not waited for as long as for the index.
_BRIEF = (5.0, 10.0, 30.0, 2)


@contextmanager
def index_source(
    options: SourceOptions, settings: Settings, root: Path | None, *, must_answer: bool = False
) -> Iterator[IndexSource]:
    """Open the chart index that the command line names, or else the configured one.

    A relative path from the command line starts at the current directory, one from the
    configuration at the repository's root.

    Args:
        options: the sources that the command line names.
        settings: the configuration.
        root: the directory where relative paths in the configuration start; None if there is no
            working tree.
        must_answer: True if neither a copy nor a table may replace an index that does not answer.

    Raises:
        ConfigError: the configured path is relative, and `root` is None.
    """
    spec = options.index or _from_root("index", settings.index, root)
    servers = options.limit(options.index, settings.index, DEFAULT_INDEX)
    with ExitStack() as stack:

        def reach(*, offline: bool = options.offline, brief: bool = False) -> IndexReach:
            @cache
            def web() -> Web:
                # Imported for URLs only: an index in a file needs no HTTP.
                from fluxbump.system.http.fetch import Patience, Web

                patience = Patience(*BRIEF) if brief else Patience()
                opened = Web(offline=offline, patience=patience, servers=servers)
                return stack.enter_context(opened)

            def charts() -> places.Charts:
                from fluxbump.helm.registry.charts import RegistryCharts
                from fluxbump.helm.registry.client import Registry

                return RegistryCharts(Registry(web()))

            return IndexReach(spec, web, charts)

        if "://" not in spec:
            yield LocalIndex(reach().source())
        elif must_answer:
            yield reach().source()
        else:
            community = spec.removesuffix("/index.yaml").rstrip("/") == DEFAULT_INDEX
            mirror = "" if community else places.public(spec)
            brief = None if options.offline else reach(brief=True)
            yield IndexOrTable(brief, reach(offline=True), reach(), mirror=mirror)


@contextmanager
def release_sources(
    index: IndexSource, options: SourceOptions, settings: Settings, root: Path | None
) -> Iterator[Sources]:
    """Open the sources about releases that the tables do not have. Nothing is read yet.

    Args:
        index: the chart index, whose archives are one of the sources.
        options: the sources that the command line names.
        settings: the configuration.
        root: the directory where relative paths in the configuration start; None if there is no
            working tree.

    Raises:
        ConfigError: a configured path is relative, and `root` is None.
    """
    with ExitStack() as stack:

        @cache
        def web(servers: AllowedServers | None = None) -> Web:
            # Imported only when the tables do not know a release.
            from fluxbump.system.http.fetch import Patience, Web

            patience = Patience(*_BRIEF)
            opened = Web(offline=options.offline, patience=patience, servers=servers)
            return stack.enter_context(opened)

        limit = options.limit(options.releases, settings.releases, DEFAULT_RELEASES)
        spec = options.releases or _from_root("releases", settings.releases, root)
        upstream = Upstream(spec, partial(web, limit))
        if options.flux:
            place = _written_by(options.flux)
        elif options.releases or settings.releases != DEFAULT_RELEASES:
            place = _kept_by(upstream)
        else:
            place = published(partial(_artifact, web), "flux-manifests")
        local = "://" not in (options.index or settings.index)
        tagged = _tags(settings, root, options)
        chart = settings.operator_chart
        mirror = partial(web, options.limit(None, chart, DEFAULT_OPERATOR_CHART))
        yield Sources(
            upstream.shipped,
            index.archive,
            local=local,
            data=upstream.data,
            checksums=upstream.checksums,
            components=Texts((place,)).manifest,
            tags=(lambda: tagged().released().releases) if tagged else None,
            operator=partial(_published_operator, chart, mirror),
            commit=(lambda release: tagged().commit(release)) if tagged else None,
        )


def _tags(
    settings: Settings, root: Path | None, options: SourceOptions
) -> Callable[[], FluxTags] | None:
    """Return a function that opens the tags of Flux's repository.

    None if a place for releases is named, but no repository: then only that place counts.
    """
    elsewhere = bool(options.releases) or settings.releases != DEFAULT_RELEASES
    if elsewhere and settings.flux_repository == DEFAULT_FLUX_REPOSITORY:
        return None

    def tagged() -> FluxTags:
        # Imported only where a tag is asked for.
        import platformdirs

        from fluxbump.flux.fetch_tags import FluxTags

        place = settings.flux_repository
        local = remote_url.parse(place)[0].is_local
        kept = platformdirs.user_cache_path("fluxbump", appauthor=False)
        url = _from_root("flux_repository", place, root) if local else place
        limit = options.limit(None, place, DEFAULT_FLUX_REPOSITORY)
        return FluxTags(kept, url, offline=options.offline, redirects=limit is None)

    return tagged


def _written_by(flux: str) -> Place:
    """Return the function that lets a flux CLI, which `flux` names, write gotk-components.yaml."""
    # Imported only where one is named.
    from fluxbump.flux.flux_cli import Flux

    return Flux(flux).export


def _published_operator(chart: str, web: Callable[[], Web], version: str) -> None:
    """Require a version of flux-operator to be in a registry.

    Raises:
        ResolveError: the registry has no such version.
        IndexSourceError: the registry cannot be read.
    """
    # Imported only where the operator moves.
    from fluxbump.helm.registry import reference
    from fluxbump.helm.registry.client import Registry

    if Registry(web()).manifest(reference.parse(chart), version) is None:
        raise ResolveError(
            f"no flux-operator {version} at {chart}",
            hint="use a published version, or set operator_chart in fluxbump.yaml to your mirror",
        )


def _artifact(web: Callable[[], Web], release: str) -> Mapping[str, bytes]:
    """Read the manifests of a release from the artifact that Flux publishes in a registry."""
    # Imported only where a gotk-components.yaml moves and nobody says where its like is.
    from fluxbump.flux.manifests_artifact import flux_manifests
    from fluxbump.helm.registry.client import Registry

    return flux_manifests(release, Registry(web()))


def _kept_by(upstream: Upstream) -> Place:
    """Return a function that reads `gotk-components.yaml` beside the manifest of a release.

    That file has all components, so the function ignores which ones are wanted.
    """
    return lambda release, _: upstream.components(release)


def _from_root(key: str, configured: str, root: Path | None) -> str:
    """Return a configured URL or path; a relative path is joined to the repository's root.

    Args:
        key: the key in fluxbump.yaml, for the message.
        configured: the URL or path.
        root: the root of the working tree; None if there is none.

    Raises:
        ConfigError: the path is relative, and there is no working tree. The current directory is no
            replacement, because it is not the repository's.
    """
    if "://" in configured or Path(configured).is_absolute():
        return configured
    if root is None:
        raise ConfigError(
            f"{key} is a relative path, and there is no working tree that has it",
            where=FILE,
            hint="configure a URL",
        )
    return str(root / configured)
