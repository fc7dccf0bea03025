"""What there is, before anything is decided. The first step of every bump."""

from __future__ import annotations

from typing import Generic

from msgspec import Struct
from msgspec.structs import replace
from typing_extensions import TypeVar

from fluxbump.check import evidence, suppressions
from fluxbump.check.evidence import Known, Surroundings
from fluxbump.check.rules.rule import Evidence
from fluxbump.check.suppressions import Suppressed
from fluxbump.config.settings import Settings
from fluxbump.discover.inventory import Scope, discover
from fluxbump.discover.tracks import needs_chart
from fluxbump.errors import IndexSourceError
from fluxbump.flux import releases
from fluxbump.flux.known_releases import Sources
from fluxbump.git.objects import CommitSnapshot
from fluxbump.model import ChartIndex, IndexSource, Inventory, Snapshot
from fluxbump.system.process_pool import among_processes

S = TypeVar("S", bound=Snapshot)
S_co = TypeVar("S_co", bound=Snapshot, covariant=True, default=CommitSnapshot)


class Looked(Struct, Generic[S_co], frozen=True):
    """What there is, before anything is decided.

    Attributes:
        base: what was looked at.
        since: what clusters run, which a result is compared with; None when it is the base.
        scope: of the search.
        index: all chart releases; none where there is no index.
        inventory: the pins of the base.
        around: what a release meets.
        held: the evidence about the base.
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
    held: Evidence
    before: Evidence
    suppressed: Suppressed
    sources: Sources | None = None
    no_index: IndexSourceError | None = None

    @property
    def behind(self) -> str:
        """The commit whose history says what the pins have held."""
        commit = self.since or (self.base if isinstance(self.base, CommitSnapshot) else None)
        return commit.commit.sha if commit else "HEAD"


def look(
    base: S,
    settings: Settings,
    source: IndexSource,
    known: Known = evidence.NOTHING_KNOWN,
    since: CommitSnapshot | None = None,
    *,
    sources: Sources | None = None,
    may_lack_index: bool = False,
) -> Looked[S]:
    """Look at a base.

    Args:
        base: the commit to start from, or the work tree.
        settings: its configuration.
        source: where chart releases come from.
        known: what is known beside the repository.
        since: what clusters run; None when it is the base.
        sources: of what the tables of releases do not hold; None when nothing is to be asked.
        may_lack_index: whether a repository without a place of the chart needs no index.

    Raises:
        FluxbumpError: the index cannot be had, or the pins cannot be read.
    """
    loaded = _load(source, may_lack_index=may_lack_index)
    index = loaded if isinstance(loaded, ChartIndex) else ChartIndex("no chart index", ())
    no_index = loaded if isinstance(loaded, IndexSourceError) else None
    scope = settings.scope(releases.app_versions(index.releases), evidence.NEEDLES)
    scope = replace(scope, spread=among_processes)
    sources = sources.remembering() if sources else None
    # The chart that is left is not compared with its release, so it is not fetched for that.
    earlier = replace(sources, compare=False, local=False) if sources else None

    def seen(snapshot: Snapshot) -> tuple[Inventory, Surroundings, Evidence]:
        inventory = discover(snapshot, scope)
        around = evidence.surroundings(
            snapshot, scope, known, configured=settings.kubernetes, quick=True
        )
        gathered = evidence.gather(
            snapshot, inventory, loaded, around=around, sources=earlier, spread=scope.spread
        )
        return inventory, around, gathered

    inventory, around, held = seen(base)
    if no_index is not None and needs_chart(inventory):
        raise no_index
    before = held if since is None else seen(since)[2]
    suppressed = suppressions.ignores(held, settings)
    return Looked(
        base, since, scope, index, inventory, around, held, before, suppressed, sources, no_index
    )


def _load(source: IndexSource, *, may_lack_index: bool) -> ChartIndex | IndexSourceError:
    try:
        return source.load()
    except IndexSourceError as error:
        if not may_lack_index:
            raise
        return error
