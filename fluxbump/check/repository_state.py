"""What there is, before anything is decided. The first step of every bump."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from typing import Generic

from msgspec import Struct
from msgspec.structs import replace
from semver import Version
from typing_extensions import TypeVar

from fluxbump.check import gather, suppressions
from fluxbump.check.evidence import Evidence
from fluxbump.check.evidence_parts import Effort
from fluxbump.check.gather import Known, Surroundings
from fluxbump.check.suppressions import Suppressed
from fluxbump.config.settings import Settings
from fluxbump.discover.inventory import discover
from fluxbump.discover.scope import Scope
from fluxbump.discover.tracks import available, needs_chart
from fluxbump.errors import FluxbumpError, IndexSourceError, NoAnswerError
from fluxbump.flux import releases
from fluxbump.flux.available import Available
from fluxbump.flux.release_sources import Sources
from fluxbump.git.objects import CommitSnapshot
from fluxbump.helm.chart_releases import ChartIndex
from fluxbump.model import Inventory, Snapshot, Step
from fluxbump.system.process_pool import among_processes
from fluxbump.workspace import Session

S = TypeVar("S", bound=Snapshot)
S_co = TypeVar("S_co", bound=Snapshot, covariant=True, default=CommitSnapshot)


class RepositoryState(Struct, Generic[S_co], frozen=True):
    """What a repository holds and what is known of releases, before anything is decided.

    Attributes:
        base: the snapshot in question.
        since: what clusters run, which a result is compared with; None when it is the base.
        scope: of the search.
        index: all chart releases; none where there is no index.
        inventory: the pins of the base.
        around: what a release meets.
        evidence: about the base.
        before: the evidence about what clusters run.
        suppressed: tells which findings the base says are accepted.
        sources: of what the tables of releases do not hold, which ask for nothing twice; None
            when nothing is to be asked.
        no_index: why there is no index, where no place of the chart needs one.
    """

    base: S_co
    since: CommitSnapshot | None
    scope: Scope
    index: ChartIndex
    inventory: Inventory
    around: Surroundings
    evidence: Evidence
    before: Evidence
    suppressed: Suppressed
    sources: Sources | None = None
    no_index: IndexSourceError | None = None

    @property
    def behind(self) -> str:
        """The commit whose history says what the pins have held."""
        commit = self.since or (self.base if isinstance(self.base, CommitSnapshot) else None)
        return commit.commit.sha if commit else "HEAD"

    @property
    def needs_chart(self) -> bool:
        """Whether a place of the chart is pinned, so that a release needs a chart."""
        return needs_chart(self.inventory)

    @property
    def undecided(self) -> NoAnswerError | None:
        """Why no chart can be chosen: a table of other charts stands in for the team's index."""
        index = self.index
        if not index.instead_of or not self.needs_chart:
            return None
        command = shlex.join(["fluxbump", "releases", "--index", index.instead_of])
        return NoAnswerError(
            "no answer from the chart index",
            where=index.instead_of,
            facts=[
                index.silent,
                "fluxbump has no copy of this index",
                "the table that ships with fluxbump can have charts that the index lacks",
            ],
            hint="give another index with --index",
            next=[Step(command, "asks the index again")],
        )

    def available(self, *, asking: bool = True) -> Available:
        """Return the releases that a bump can lead to.

        Args:
            asking: for the tags of Flux too, where no place of the chart is pinned.
        """
        tagged = self.tagged() if asking else ()
        return available(self.inventory, self.index, tagged)

    def tagged(self, *, strict: bool = False) -> Iterable[Version]:
        """Return the releases that have a tag; none where a chart is needed, or nothing is pinned.

        Args:
            strict: tags that cannot be read are an error.

        Raises:
            FluxbumpError: they cannot be read.
        """
        if self.needs_chart or self.sources is None or self.sources.tags is None:
            return ()
        if not self.inventory.pins:  # there is nothing to move, so a network has no say in it
            return ()
        try:
            return self.sources.tags()
        except FluxbumpError:
            if strict:
                raise
            return ()

    @property
    def no_tags(self) -> str | None:
        """Why the tags of Flux are not known, so that newer releases may be missing."""
        if self.needs_chart or self.sources is None or self.sources.tags is None:
            return None
        try:
            self.sources.tags()
        except FluxbumpError as error:
            return str(error)
        return None


def read_state(
    session: Session[S],
    known: Known = gather.NOTHING_KNOWN,
    since: CommitSnapshot | None = None,
    *,
    compare: bool = False,
) -> RepositoryState[S]:
    """Read the state of the repository of a session.

    Args:
        session: the commit to start from, or the working tree.
        known: what is known beside the repository.
        since: what clusters run; None when it is the base.
        compare: whether charts may be fetched only to be compared with their release.

    Raises:
        FluxbumpError: the index is not available though a place of the chart is pinned, or the
            pins cannot be read.
    """
    sources = replace(session.releases, compare=compare)
    return state_of(
        session.snapshot, session.settings, session.chart_index, known, since, sources=sources
    )


def state_of(
    base: S,
    settings: Settings,
    loaded: ChartIndex | IndexSourceError,
    known: Known = gather.NOTHING_KNOWN,
    since: CommitSnapshot | None = None,
    *,
    sources: Sources | None = None,
) -> RepositoryState[S]:
    """Read the state of a base from what a session holds of it; see `read_state`.

    Args:
        base: the commit to start from, or the working tree.
        settings: its configuration.
        loaded: the chart index, or why there is none.
        known: what is known beside the repository.
        since: what clusters run; None when it is the base.
        sources: of what the tables of releases do not hold; None when nothing is to be asked.

    Raises:
        FluxbumpError: as `read_state`.
    """
    index = loaded if isinstance(loaded, ChartIndex) else ChartIndex("no chart index", ())
    no_index = loaded if isinstance(loaded, IndexSourceError) else None
    scope = settings.scope(releases.app_versions(releases.known(index)), gather.NEEDLES)
    scope = replace(scope, spread=among_processes)
    sources = sources.remembering() if sources else None
    # The chart that is left is not compared with its release, so it is not fetched for that.
    earlier = replace(sources, compare=False, local=False) if sources else None

    def seen(snapshot: Snapshot) -> tuple[Inventory, Surroundings, Evidence]:
        inventory = discover(snapshot, scope)
        around = gather.surroundings(snapshot, scope, known, configured=settings.kubernetes)
        found = gather.snapshot_files(snapshot, inventory)
        gathered = gather.gather(
            found, loaded, around=around, sources=earlier, effort=Effort(spread=scope.spread)
        )
        return inventory, around, gathered

    inventory, around, held = seen(base)
    if no_index is not None and needs_chart(inventory):
        raise no_index
    before = held if since is None else seen(since)[2]
    suppressed = suppressions.ignores(held, settings)
    return RepositoryState(
        base, since, scope, index, inventory, around, held, before, suppressed, sources, no_index
    )
