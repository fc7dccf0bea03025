"""Checks a snapshot: gathers the evidence, runs the rules, and returns the verdict."""

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
    """The evidence about a snapshot, ready for the rules.

    Attributes:
        subject: the name of the snapshot, for people.
        evidence: the evidence, without the renders.
        scope: the scope of the search for pins.
        settings: the configuration that applies.
        renders: the function that waits for the renders; None if rendering was not asked for.
    """

    subject: str
    evidence: Evidence
    scope: Scope
    settings: Settings
    renders: Renders | None = None


class Means(Struct, frozen=True):
    """The means of a check beside the files of the snapshot.

    Attributes:
        render: the function that starts to render a wrapper; None to render nothing.
        lineage: the function that returns what files have held; None to read no history.
        sources: the sources about releases that the tables do not have; None to ask no source.
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
    """Return the means that a session offers for a check.

    Args:
        session: the session of the repository.
        render: the function that starts to render a wrapper; None to render nothing.
        compare: True if charts may be fetched only to compare them with their release (FB206).
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
    """Gather the evidence about the snapshot of a session; `examine` describes the arguments.

    Raises:
        PinError: nothing is pinned, or two charts that move with Flux have the same name.
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
    """Gather the evidence about any snapshot; `examine_session` does so for that of a session.

    Args:
        snapshot: the snapshot to check.
        settings: the configuration that applies.
        index: the chart index, or the error that says why there is none.
        base: the merge base, for the rules that compare, or why there is none.
        known: the facts about clusters from outside of the repository.
        codes: the codes of the rules that will run. Evidence that none of them needs is not
            gathered.
        means: the means beside the files of the snapshot.

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
    """Run the rules called `codes` on the evidence, and set suppressed findings apart."""
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
    """Return a verdict that says which of its findings the base has too (`inherited`).

    Only the rules that found something run on the base. The base is compared with nothing there, so
    what a rule finds by comparing counts as new.

    Args:
        session: the session of the snapshot that was checked; its configuration applies to both.
        verdict: the verdict on that snapshot.
        base: the merge base.
        known: the facts about clusters from outside of the repository.
        means: the means of the check. The history is not read for the base.
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
    """Plant a fault at every pin, and return for each whether a rule refuses it."""
    return selftest.run(examined.evidence, examined.scope)
