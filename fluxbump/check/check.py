"""The journey of a check: from a snapshot to a verdict."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from fluxbump.check import (
    evidence,
    gate,
    lost_install_files,
    rules,
)
from fluxbump.check import (
    self_test as selftest,
)
from fluxbump.check.evidence import NOTHING_KNOWN, Base, Known, Renderer
from fluxbump.check.rules.rule import Evidence, Renders
from fluxbump.check.verdict import Verdict
from fluxbump.config.settings import Settings
from fluxbump.discover.inventory import Scope, discover
from fluxbump.discover.tracks import require_pins
from fluxbump.errors import IndexSourceError
from fluxbump.flux import releases
from fluxbump.flux.known_releases import JUDGED_BY, Sources
from fluxbump.git.history import Lineage
from fluxbump.model import ChartIndex, Snapshot
from fluxbump.system.parallel import Spread, serially


class Examined(Struct, frozen=True):
    """A snapshot that was looked at, ready to be judged.

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


def examine(
    snapshot: Snapshot,
    settings: Settings,
    index: ChartIndex | IndexSourceError,
    *,
    base: Snapshot | None = None,
    render: Renderer | None = None,
    known: Known = NOTHING_KNOWN,
    lineage: Lineage | None = None,
    codes: Iterable[str] = tuple(rules.RULES),
    sources: Sources | None = None,
    spread: Spread = serially,
) -> Examined:
    """Look at a snapshot.

    Args:
        snapshot: in question.
        settings: its configuration.
        index: the chart index, or why there is none.
        base: the merge base, for the rules that compare.
        render: starts to render a wrapper; None when rendering was not asked for.
        known: what is known beside the repository.
        lineage: gives what files have held; None when that is not to be asked.
        codes: of the rules that will judge; what none of them needs is not looked for.
        sources: of what the tables of releases do not hold; None when nothing is to be asked.
        spread: how work on many files is divided.

    Raises:
        PinError: nothing is pinned, or two charts that move with Flux have the same name.
    """
    app_versions = releases.app_versions(index.releases) if isinstance(index, ChartIndex) else {}
    codes = frozenset(codes)
    safety = rules.about_safety(codes)
    scope = settings.scope(app_versions, evidence.NEEDLES if safety else ())
    scope = replace(scope, spread=spread)
    inventory = discover(snapshot, scope)
    require_pins(inventory, "nothing here pins Flux, so there is nothing to check")
    vendored = evidence.vendored_charts(snapshot, inventory)
    renders = evidence.begin_renders(render, snapshot, inventory, vendored)
    compare, left = None, dict[str, str]()
    if base is not None:
        changed = evidence.changed_below(inventory.charts, base, snapshot)
        compare = Base(discover(base, scope), changed)
        left = lost_install_files.read(snapshot, inventory, compare.inventory)
    around = None
    if safety:
        around = evidence.surroundings(snapshot, scope, known, configured=settings.kubernetes)
    gathered = evidence.gather(
        snapshot,
        inventory,
        index,
        around=around,
        vendored=vendored,
        base=compare,
        allowed_groups=settings.allowed_groups,
        raises=settings.bump != "none",
        sources=sources if codes & set(JUDGED_BY) else None,
        spread=spread,
    )
    gathered = replace(evidence.with_past(gathered, lineage, scope), remains=left)
    return Examined(snapshot.name, gathered, scope, settings, renders)


def compared_with_nothing(examined: Examined) -> Examined:
    """Say of what was looked at that the user asked for no comparison."""
    reason = "compared with nothing, as --no-base asks"
    return replace(examined, evidence=replace(examined.evidence, no_base=reason))


def judge(examined: Examined, codes: tuple[str, ...] = tuple(rules.RULES)) -> Verdict:
    """Judge what was looked at."""
    return gate.judge(
        examined.evidence, examined.settings, examined.subject, codes, examined.renders
    )


def self_test(examined: Examined) -> tuple[selftest.Trial, ...]:
    """Plant a fault at every pin and see whether the gate refuses it."""
    return selftest.run(examined.evidence, examined.scope)
