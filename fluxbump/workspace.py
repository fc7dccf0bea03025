"""Where every journey starts: the repository, its configuration, and the chart index.

What only some runs need (HTTP, the models of the configuration) is imported when it is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar
from urllib.parse import urlsplit

from msgspec import Struct

from fluxbump.config.settings import (
    DEFAULT_FLUX_REPOSITORY,
    DEFAULT_RELEASES,
    FILE,
    Settings,
)
from fluxbump.errors import ResolveError
from fluxbump.flux.download import Upstream
from fluxbump.flux.gotk_source import Place, Texts, published
from fluxbump.flux.known_releases import Sources
from fluxbump.git import remote_url
from fluxbump.git.lineage import Lineage
from fluxbump.git.objects import CommitSnapshot
from fluxbump.git.repository import Repository
from fluxbump.git.worktree import EditableWorktree
from fluxbump.helm.index import places
from fluxbump.helm.index import source as indexes
from fluxbump.model import IndexSource, Snapshot
from fluxbump.text.live_code import decode

if TYPE_CHECKING:
    from fluxbump.flux.tagged_releases import FluxTags
    from fluxbump.system.http.fetch import Web

# Seconds and attempts, as in `web.Patience`: without a manifest a rule is not run, so a network
# that does not answer is not waited for as long as for the index.
_BRIEF = (5.0, 10.0, 30.0, 2)

STAGED = ":staged:"  # no revision: git allows no colon in names, and none is looked up

S_co = TypeVar("S_co", bound=Snapshot, covariant=True)


def _nothing(_: Repository) -> None:
    """Do nothing with a repository that was opened."""


class Workspace(Struct, Generic[S_co], frozen=True):
    """An open repository, one snapshot of it, and the configuration there.

    Attributes:
        repository: open.
        snapshot: of a revision, the index or the work tree.
        settings: its fluxbump.yaml.
    """

    repository: Repository
    snapshot: S_co
    settings: Settings

    @property
    def lineage(self) -> Lineage:
        """What files have held before, in the commits behind the snapshot and in all branches."""
        commit = self.snapshot.commit.sha if isinstance(self.snapshot, CommitSnapshot) else "HEAD"
        return partial(self.repository.lineage, commit)

    def ever_held(self, texts: Collection[str]) -> frozenset[str]:
        """Return those of some texts that a file has held before, or may have."""
        commit = self.snapshot.commit.sha if isinstance(self.snapshot, CommitSnapshot) else "HEAD"
        return self.repository.ever_held(commit, texts)

    def index(self, given: str | None, *, offline: bool) -> AbstractContextManager[IndexSource]:
        """Open the chart index that was given on the command line, or else the configured one."""
        root = None if self.repository.bare else self.repository.root
        return index_source(given, self.settings, root, offline=offline)

    def sources(
        self,
        source: IndexSource,
        *,
        index: str | None,
        releases: str | None,
        offline: bool,
        compare: bool = False,
        flux: str | None = None,
    ) -> AbstractContextManager[Sources]:
        """Open what tells about releases that the tables do not know; see `release_sources`."""
        root = None if self.repository.bare else self.repository.root
        return release_sources(
            source,
            self.settings,
            root,
            index=index,
            releases=releases,
            offline=offline,
            compare=compare,
            flux=flux,
        )


@contextmanager
def workspace(
    path: Path | None, revision: str, opened: Callable[[Repository], None] = _nothing
) -> Iterator[Workspace[CommitSnapshot]]:
    """Open a repository and read its configuration.

    Args:
        path: inside of it; None for where we are.
        revision: to take.
        opened: called with it before anything is read.

    Raises:
        RepositoryError: there is no such repository or revision.
        ConfigError: fluxbump.yaml cannot be used.
    """
    repository = Repository(path)
    try:
        opened(repository)
        snapshot = repository.snapshot(repository.commit(revision), revision)
        yield Workspace(repository, snapshot, settings_of(snapshot))
    finally:
        repository.close()


@contextmanager
def open_at(
    path: Path | None, what: str | None, opened: Callable[[Repository], None] = _nothing
) -> Iterator[Workspace[Snapshot]]:
    """Open a repository at a revision, at what is `STAGED`, or (None) at its work tree.

    See `workspace` for the arguments.

    Raises:
        RepositoryError: there is no such repository or revision.
        ConfigError: fluxbump.yaml cannot be used.
    """
    if what is not None and what != STAGED:
        with workspace(path, what, opened) as ws:
            yield ws
        return
    repository = Repository(path)
    try:
        opened(repository)
        snapshot: Snapshot = repository.staged() if what else repository.worktree()
        yield Workspace(repository, snapshot, settings_of(snapshot))
    finally:
        repository.close()


@contextmanager
def open_editable(
    path: Path | None, opened: Callable[[Repository], None] = _nothing
) -> Iterator[Workspace[EditableWorktree]]:
    """Open a repository at its work tree, to edit that.

    See `workspace` for the arguments.

    Raises:
        RepositoryError: there is no such repository, or it is bare.
        ConfigError: fluxbump.yaml cannot be used.
    """
    repository = Repository(path)
    try:
        opened(repository)
        snapshot = repository.editable()
        yield Workspace(repository, snapshot, settings_of(snapshot))
    finally:
        repository.close()


def settings_of(snapshot: Snapshot) -> Settings:
    """Return the configuration in a snapshot.

    Raises:
        ConfigError: fluxbump.yaml cannot be used.
    """
    try:
        data = snapshot.read(FILE)
    except KeyError:
        return Settings()
    # Imported only where there is a file to read: the models are slow to import.
    from fluxbump.config import file

    return file.parse(decode(data))


@contextmanager
def index_source(
    given: str | None, settings: Settings, root: Path | None, *, offline: bool
) -> Iterator[IndexSource]:
    """Open the chart index that was given, or else configured.

    A relative path from the command line starts at the current directory, one from the
    configuration at the repository's root.
    """
    spec = _from_root(given, settings.index, root)
    with ExitStack() as stack:

        def web() -> Web:
            # Imported for URLs only: an index in a file needs no HTTP.
            from fluxbump.system.http.fetch import Web

            return stack.enter_context(Web(offline=offline))

        def charts() -> places.Charts:
            from fluxbump.helm.registry.charts import RegistryCharts
            from fluxbump.helm.registry.client import Registry

            return RegistryCharts(Registry(web()))

        yield indexes.open_source(spec, web=web, charts=charts)


@contextmanager
def release_sources(
    source: IndexSource,
    settings: Settings,
    root: Path | None,
    *,
    index: str | None,
    releases: str | None,
    offline: bool,
    compare: bool = False,
    flux: str | None = None,
) -> Iterator[Sources]:
    """Open what tells about releases that the tables do not know; nothing is read yet.

    Args:
        source: the open chart index.
        settings: the configuration.
        root: where its relative paths start; None for the current directory.
        index: where the chart index is, as on the command line; None for the configured one.
        releases: where the manifests of releases are, likewise.
        offline: read from what is kept only.
        compare: whether charts may be fetched only to be compared with their release.
        flux: the flux CLI to ask for `gotk-components.yaml`; None to read it elsewhere.
    """
    with ExitStack() as stack:

        def web() -> Web:
            # Imported only when the tables do not know a release.
            from fluxbump.system.http.fetch import Patience, Web

            return stack.enter_context(Web(offline=offline, patience=Patience(*_BRIEF)))

        upstream = Upstream(_from_root(releases, settings.releases, root), cache(web))
        if flux:
            place = _written_by(flux)
        elif releases or settings.releases != DEFAULT_RELEASES:
            place = _kept_by(upstream)
        else:
            place = published(partial(_artifact, cache(web)), "flux-manifests")
        local = not urlsplit(index or settings.index).scheme
        tagged = _tags(settings, root, named=bool(releases), offline=offline)
        yield Sources(
            upstream.shipped,
            source.archive,
            compare=compare,
            local=local,
            data=upstream.data,
            checksums=upstream.checksums,
            components=Texts((place,)).manifest,
            tags=(lambda: tagged().released().releases) if tagged else None,
            operator=partial(_published_operator, settings.operator_chart, cache(web)),
            commit=(lambda release: tagged().commit(release)) if tagged else None,
        )


def _tags(
    settings: Settings, root: Path | None, *, named: bool, offline: bool
) -> Callable[[], FluxTags] | None:
    """Return what knows the tags of Flux's repository; None where only a named place counts.

    Args:
        settings: name the repository, and may name where manifests are.
        root: where relative paths start.
        named: the command line names where manifests are.
        offline: take what is kept.
    """
    elsewhere = named or settings.releases != DEFAULT_RELEASES
    if elsewhere and settings.flux_repository == DEFAULT_FLUX_REPOSITORY:
        return None

    def tagged() -> FluxTags:
        # Imported only where a tag is asked for.
        import platformdirs

        from fluxbump.flux.tagged_releases import FluxTags

        place = settings.flux_repository
        local = root is not None and remote_url.parse(place)[0].is_local
        kept = platformdirs.user_cache_path("fluxbump", appauthor=False)
        return FluxTags(kept, str(root / place) if local and root else place, offline=offline)

    return tagged


def _written_by(flux: str) -> Place:
    """Let a flux CLI write the manifest."""
    # Imported only where one is named.
    from fluxbump.flux.flux_cli import Flux

    return Flux(flux).export


def _published_operator(chart: str, web: Callable[[], Web], version: str) -> None:
    """Require a version of flux-operator to be in a registry.

    Raises:
        ResolveError: it is not.
        IndexSourceError: the registry cannot be read.
    """
    # Imported only where the operator moves.
    from fluxbump.helm.registry import reference
    from fluxbump.helm.registry.client import Registry

    if Registry(web()).manifest(reference.parse(chart), version) is None:
        raise ResolveError(
            f"no flux-operator {version} is published at {chart}",
            hint="use a version from its releases, or name your mirror as operator_chart in "
            "fluxbump.yaml",
        )


def _artifact(web: Callable[[], Web], release: str) -> Mapping[str, bytes]:
    """Read the manifests that Flux publishes in a registry."""
    # Imported only where a gotk-components.yaml moves and nobody says where its like is.
    from fluxbump.flux.manifests_artifact import flux_manifests
    from fluxbump.helm.registry.client import Registry

    return flux_manifests(release, Registry(web()))


def _kept_by(upstream: Upstream) -> Place:
    """Read the manifest beside that of a release: it has all components, whichever are wanted."""
    return lambda release, _: upstream.components(release)


def _from_root(given: str | None, configured: str, root: Path | None) -> str:
    """Return where something is; a configured relative path starts at the repository's root."""
    if given or root is None or urlsplit(configured).scheme:
        return given or configured
    return str(root / configured)
