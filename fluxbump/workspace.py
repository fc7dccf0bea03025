"""Where every journey starts: a session, of a repository, its configuration, and the sources.

The models of the configuration are imported when there is a configuration.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property, partial
from pathlib import Path
from typing import Generic, Self, TypeVar

from msgspec import Struct, field

from fluxbump import sources
from fluxbump.config.settings import FILE, Settings
from fluxbump.config.source_options import AS_CONFIGURED, SourceOptions
from fluxbump.errors import IndexSourceError
from fluxbump.flux.release_sources import Sources
from fluxbump.git.file_history import Lineage
from fluxbump.git.objects import CommitSnapshot
from fluxbump.git.repository import Repository
from fluxbump.helm.chart_releases import ChartIndex, IndexSource
from fluxbump.model import Snapshot
from fluxbump.text.live_code import decode

S = TypeVar("S", bound=Snapshot)
S_co = TypeVar("S_co", bound=Snapshot, covariant=True)


def _nothing(_: Repository) -> None:
    """Do nothing with a repository that was opened."""


class Session(Struct, Generic[S_co], frozen=True, dict=True):
    """An open repository, one snapshot of it, the configuration there, and the sources of facts.

    The sources are opened when they are first asked for, and closed when the block is left; the
    repository is closed by whoever opened it.

    Attributes:
        repository: open.
        snapshot: of a revision, the index or the working tree.
        settings: its fluxbump.yaml.
        options: where facts come from.
        root: where relative paths in the configuration start; None where there is no working tree.
        index_must_answer: nothing stands in for a chart index that does not answer.
    """

    repository: Repository
    snapshot: S_co
    settings: Settings
    options: SourceOptions
    root: Path | None
    index_must_answer: bool = False
    _opened: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        """Return the session itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the sources."""
        self._opened.close()

    @cached_property
    def index(self) -> IndexSource:
        """The source of the chart index; nothing of it is read yet.

        Raises:
            IndexSourceError: it cannot be there.
        """
        opened = sources.index_source(
            self.options, self.settings, self.root, must_answer=self.index_must_answer
        )
        return self._opened.enter_context(opened)

    @cached_property
    def chart_index(self) -> ChartIndex | IndexSourceError:
        """The chart index, or why it is not available; it is read once."""
        source = self.index
        try:
            return source.load()
        except IndexSourceError as error:
            return error

    @cached_property
    def releases(self) -> Sources:
        """What tells about releases that the tables do not know; nothing of it is read yet."""
        opened = sources.release_sources(self.index, self.options, self.settings, self.root)
        return self._opened.enter_context(opened)

    @property
    def lineage(self) -> Lineage:
        """What files have held before, in the commits behind the snapshot and in all branches."""
        return partial(self.repository.lineage, self._commit)

    def ever_held(self, texts: Collection[str]) -> frozenset[str]:
        """Return those of some texts that a file has held before, or may have."""
        return self.repository.ever_held(self._commit, texts)

    @property
    def _commit(self) -> str:
        return self.snapshot.commit.sha if isinstance(self.snapshot, CommitSnapshot) else "HEAD"


@contextmanager
def open_session(
    path: Path | None,
    take: Callable[[Repository], S],
    options: SourceOptions = AS_CONFIGURED,
    opened: Callable[[Repository], None] = _nothing,
) -> Iterator[Session[S]]:
    """Open a repository, and read its configuration.

    Args:
        path: inside of it; None for where we are.
        take: gives the snapshot in question: `at` a revision, or `Repository.staged`,
            `Repository.worktree` or `Repository.editable`.
        options: where facts come from.
        opened: called with the repository before anything is read.

    Raises:
        RepositoryError: there is no such repository or revision, or no working tree.
        ConfigError: fluxbump.yaml cannot be used.
    """
    repository = Repository(path)
    try:
        opened(repository)
        snapshot = take(repository)
        root = None if repository.bare else repository.root
        with Session(repository, snapshot, settings_of(snapshot), options, root) as session:
            yield session
    finally:
        repository.close()


def at(revision: str) -> Callable[[Repository], CommitSnapshot]:
    """Return what takes the snapshot of a revision; it raises RepositoryError for none."""
    return lambda repository: repository.snapshot(repository.commit(revision), revision)


def settings_of(snapshot: Snapshot) -> Settings:
    """Return the configuration in a snapshot.

    Raises:
        ConfigError: fluxbump.yaml cannot be used.
    """
    try:
        data = snapshot.read(FILE)
    except KeyError:
        data = None
        if FILE not in snapshot.links():
            return Settings()
    # Imported only where there is a file to read: the models are slow to import.
    from fluxbump.config import file

    if data is None:
        raise file.not_followed()
    return file.parse(decode(data))
