"""Opens a session, where every journey starts: a repository, its configuration, and the sources.

The models of the configuration are imported only if there is a configuration.
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
    """An open repository, one snapshot of it, its configuration, and the sources of facts.

    A session is a context manager. It opens a source on first use, and closes all sources at the
    end of the block. The caller that opened the repository closes it.

    Attributes:
        repository: the open repository.
        snapshot: the files of a revision, of the index or of the working tree.
        settings: the content of the snapshot's fluxbump.yaml, or the defaults.
        options: the sources of facts that the command line names.
        root: the directory where relative paths in the configuration start; None if there is no
            working tree.
        index_must_answer: True if neither a copy nor a table may replace a chart index that does
            not answer.
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
        """The source of the chart index, which has not been read yet.

        Raises:
            IndexSourceError: the configured place is of no kind that can hold an index.
            ConfigError: the configured path is relative, and there is no working tree.
        """
        opened = sources.index_source(
            self.options, self.settings, self.root, must_answer=self.index_must_answer
        )
        return self._opened.enter_context(opened)

    @cached_property
    def chart_index(self) -> ChartIndex | IndexSourceError:
        """The chart index, or the error that says why it is not available. It is read once."""
        source = self.index
        try:
            return source.load()
        except IndexSourceError as error:
            return error

    @cached_property
    def releases(self) -> Sources:
        """The sources about releases that the tables do not have; nothing of them is read yet."""
        opened = sources.release_sources(self.index, self.options, self.settings, self.root)
        return self._opened.enter_context(opened)

    @property
    def lineage(self) -> Lineage:
        """A function that returns what files held in the snapshot's history and in all branches."""
        return partial(self.repository.lineage, self._commit)

    def ever_held(self, texts: Collection[str]) -> frozenset[str]:
        """Return those of `texts` that some file has held before, or may have held."""
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
        path: a path inside of the repository; None for the current directory.
        take: a function that returns the snapshot to read: `at(revision)`, `Repository.staged`,
            `Repository.worktree` or `Repository.editable`.
        options: the sources of facts that the command line names.
        opened: a function that is called with the repository before anything is read.

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
    """Return a function that takes the snapshot of a revision.

    The function raises RepositoryError if the repository has no such revision.
    """
    return lambda repository: repository.snapshot(repository.commit(revision), revision)


def settings_of(snapshot: Snapshot) -> Settings:
    """Return the configuration in a snapshot, or the defaults if it has no fluxbump.yaml.

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
