"""The journey of a check: from a snapshot to a verdict."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from fluxbump.check import gate, gather, lost_install_files, rules
from fluxbump.check import self_test as selftest
from fluxbump.check.evidence import Evidence
from fluxbump.check.evidence_parts import NO_BASE, Absent, Baseline, Effort, Renders, Team
from fluxbump.check.gather import NOTHING_KNOWN, Known, Renderer, SnapshotFiles
from fluxbump.check.verdict import Verdict
from fluxbump.config.settings import Settings
from fluxbump.discover.inventory import discover
from fluxbump.discover.scope import Scope
from fluxbump.discover.tracks import require_pins
from fluxbump.errors import IndexSourceError, PinError
from fluxbump.flux import releases
from fluxbump.flux.release_sources import Sources
from fluxbump.git.file_history import Lineage
from fluxbump.helm.chart_releases import ChartIndex
from fluxbump.model import Snapshot
from fluxbump.system.parallel import Spread, serially

if TYPE_CHECKING:
    from fluxbump.workspace import Session


class Examined(Struct, frozen=True):
    """The evidence about a snapshot, ready to be judged.

    Attributes:
        subject: what it is, for people.
        evidence: about it.
        scope: of the search.
        settings: its configuration.
        renders: waits for the renders; None when rendering was not asked for.
    """

    subject: str
    evidence: Evidence
    scope: Scope
    settings: Settings
    renders: Renders | None = None


class Means(Struct, frozen=True):
    """What a check may use besides the files that it judges.

    Attributes:
        render: starts to render a wrapper; None when rendering was not asked for.
        lineage: gives what files have held; None when that is not to be asked.
        sources: of what the tables of releases do not hold; None when nothing is to be asked.
        spread: how work on many files is divided.
    """

    render: Renderer | None = None
    lineage: Lineage | None = None
    sources: Sources | None = None
    spread: Spread = serially


_FILES_ALONE = Means()


def means_of(
    session: Session[Snapshot],
    render: Renderer | None = None,
    *,
    compare: bool = False,
    spread: Spread = serially,
) -> Means:
    """Return all that a session has besides the files.

    Args:
        session: of the repository.
        render: starts to render a wrapper; None when rendering was not asked for.
        compare: whether charts may be fetched only to be compared with their release.
        spread: how work on many files is divided.
    """
    return Means(render, session.lineage, replace(session.releases, compare=compare), spread)


def examine_session(
    session: Session[Snapshot],
    *,
    base: Snapshot | Absent = NO_BASE,
    known: Known = NOTHING_KNOWN,
    codes: Iterable[str] = tuple(rules.RULES),
    means: Means = _FILES_ALONE,
) -> Examined:
    """Gather the evidence about the snapshot of a session; see `examine`.

    Raises:
        PinError: as `examine`.
    """
    return examine(
        session.snapshot,
        session.settings,
        session.chart_index,
        base=base,
        known=known,
        codes=codes,
        means=means,
    )


def examine(
    snapshot: Snapshot,
    settings: Settings,
    index: ChartIndex | IndexSourceError,
    *,
    base: Snapshot | Absent = NO_BASE,
    known: Known = NOTHING_KNOWN,
    codes: Iterable[str] = tuple(rules.RULES),
    means: Means = _FILES_ALONE,
) -> Examined:
    """Gather the evidence about a snapshot; see `examine_session` for the one of a session.

    Args:
        snapshot: in question.
        settings: its configuration.
        index: the chart index, or why there is none.
        base: the merge base, for the rules that compare, or why there is none.
        known: what is known beside the repository.
        codes: of the rules that will judge; what none of them needs is not looked for.
        means: what may be used besides the files.

    Raises:
        PinError: nothing is pinned, or two charts that move with Flux have the same name.
    """
    app_versions = (
        releases.app_versions(releases.known(index)) if isinstance(index, ChartIndex) else {}
    )
    codes = frozenset(codes)
    safety = rules.need_surroundings(codes)
    scope = settings.scope(app_versions, gather.NEEDLES if safety else ())
    scope = replace(scope, spread=means.spread)
    inventory = discover(snapshot, scope)
    require_pins(inventory, "no pin of Flux found, so there is nothing to check")
    found = gather.snapshot_files(snapshot, inventory)
    renders = gather.begin_renders(means.render, found)
    compare = base if isinstance(base, Absent) else _baseline(found, base, scope)
    around = None
    if safety:
        around = gather.surroundings(snapshot, scope, known, configured=settings.kubernetes)
    gathered = gather.gather(
        found,
        index,
        around=around,
        baseline=compare,
        team=Team(settings.bump != "none", settings.allowed_groups),
        effort=Effort(spread=means.spread),
        sources=means.sources if rules.need(codes, "releases", "digests") else None,
    )
    gathered = gather.with_history(gathered, means.lineage, scope)
    return Examined(snapshot.name, gathered, scope, settings, renders)


def _baseline(found: SnapshotFiles, base: Snapshot, scope: Scope) -> Baseline:
    changed = gather.changed_below(found.inventory.charts, base, found.snapshot)
    inventory = discover(base, scope)
    remains = lost_install_files.read(found.snapshot, found.inventory, inventory)
    return Baseline(inventory, changed, remains)


def judge(examined: Examined, codes: tuple[str, ...] = tuple(rules.RULES)) -> Verdict:
    """Run the rules over the evidence, and apply what is suppressed."""
    return gate.judge(
        examined.evidence, examined.settings, examined.subject, codes, examined.renders
    )


def compared(
    session: Session[Snapshot],
    verdict: Verdict,
    base: Snapshot,
    *,
    known: Known = NOTHING_KNOWN,
    means: Means = _FILES_ALONE,
) -> Verdict:
    """Tell which findings of a verdict a base has too.

    Only the rules that found something are asked again. What they find by comparing, they find
    at no base by itself, so it is new.

    Args:
        session: what was judged; its configuration judges the base too.
        verdict: of what was judged.
        base: the merge base.
        known: what is known beside the repository.
        means: what may be used besides the files, but for their history.
    """
    means = replace(means, lineage=None)
    codes = tuple(code for code in verdict.codes if any(f.code == code for f in verdict.findings))
    try:
        examined = examine(
            base, session.settings, session.chart_index, known=known, codes=codes, means=means
        )
    except PinError:  # the base pins nothing, so all of this is new
        return replace(verdict, inherited=frozenset())
    before = judge(examined, codes).findings
    return replace(verdict, inherited=gate.inherited(before, verdict.findings))


def self_test(examined: Examined) -> tuple[selftest.Trial, ...]:
    """Plant a fault at every pin and see whether the gate refuses it."""
    return selftest.run(examined.evidence, examined.scope)
