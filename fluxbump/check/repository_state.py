"""Reads what a repository holds and what is known of releases: the first step of every bump."""

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
        base: the snapshot that a bump starts from.
        since: the commit that clusters run, with which a result is compared; None if that is the
            base.
        scope: the scope of the search for pins.
        index: the chart index; without releases if there is no index.
        inventory: the charts and pins of the base.
        around: the Flux resources and clusters that a release has to work with.
        evidence: the evidence about the base.
        before: the evidence about what clusters run.
        suppressed: the function that says which findings the base accepts.
        sources: the sources about releases that the tables do not have. They remember each answer.
            None to ask no source.
        no_index: the error that says why there is no index, if no pin of the chart needs one.
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
        """The revision whose history says what the pins have held."""
        commit = self.since or (self.base if isinstance(self.base, CommitSnapshot) else None)
        return commit.commit.sha if commit else "HEAD"

    @property
    def needs_chart(self) -> bool:
        """Whether the community chart is pinned, so that a bump needs a chart of the release."""
        return needs_chart(self.inventory)

    @property
    def undecided(self) -> NoAnswerError | None:
        """Why no chart can be chosen; None if one can be, or none is needed.

        The team's index did not answer, and the table that replaces it lists other charts.
        """
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
            asking: True to read the tags of Flux's repository too, if no chart is pinned.
        """
        tagged = self.tagged() if asking else ()
        return available(self.inventory, self.index, tagged)

    def tagged(self, *, strict: bool = False) -> Iterable[Version]:
        """Return the releases that have a tag; empty if a chart is needed, or nothing is pinned.

        Args:
            strict: True to raise an error if the tags cannot be read, instead of returning none.

        Raises:
            FluxbumpError: the tags cannot be read, and `strict` is True.
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
        """Why the tags of Flux cannot be read, so that newer releases may be missing; else None."""
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
        session: the session of the commit to start from, or of the working tree.
        known: the facts about clusters from outside of the repository.
        since: the commit that clusters run; None if it is the base.
        compare: True if charts may be fetched only to compare them with their release (FB206).

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
        settings: the configuration that applies.
        loaded: the chart index, or the error that says why there is none.
        known: the facts about clusters from outside of the repository.
        since: the commit that clusters run; None if it is the base.
        sources: the sources about releases that the tables do not have; None to ask no source.

    Raises:
        FluxbumpError: the index is not available though a place of the chart is pinned, or the
            pins cannot be read.
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
