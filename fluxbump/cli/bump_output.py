"""What a bump says, wherever it is delivered: its result, and what the gate has against it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from fluxbump.cli.console import Console
from fluxbump.cli.options import BumpFormat

if TYPE_CHECKING:
    from fluxbump.bump.bump import Prepared
    from fluxbump.model import Snapshot
    from fluxbump.reports.table import Paint


def say(
    prepared: Prepared[Snapshot],
    output: BumpFormat,
    console: Console,
    *,
    as_json: Callable[[], str],
    outcome: Callable[[Paint], None],
    not_done: str,
) -> None:
    """Print a bump.

    Args:
        prepared: the bump.
        output: how.
        console: where to.
        as_json: makes the report.
        outcome: prints what came of a bump that changes something.
        not_done: what has not happened when the gate refuses it.
    """
    if output is BumpFormat.JSON:
        console.result(as_json())
    elif output is BumpFormat.PATCH:
        console.raw(prepared.built.patch)
    else:
        _say_as_text(prepared, console, outcome)
    for doubt in prepared.doubts:
        console.note(doubt)
    if not prepared.passed:
        _refuse(prepared, console, not_done, route=output is BumpFormat.TEXT)


def _say_as_text(
    prepared: Prepared[Snapshot], console: Console, outcome: Callable[[Paint], None]
) -> None:
    from fluxbump.reports import text
    from fluxbump.reports.table import Paint

    paint = Paint(enabled=console.colored())
    if not console.quiet:
        console.result(text.preview(prepared, paint) + "\n\n")
    if prepared.empty:
        console.result(text.nothing_to_do(prepared))
    else:
        outcome(paint)
    for line in text.floating(prepared.plan.kept):
        console.note(line)


def _refuse(prepared: Prepared[Snapshot], console: Console, not_done: str, *, route: bool) -> None:
    """Say what stops a bump, and which way there is when a release would break a cluster.

    The route is among the results where they are text.
    """
    from fluxbump.check.rules import need_surroundings

    first, *more = prepared.refusals
    others = f" (and {len(more)} more)" if more else ""
    advice = ""
    if need_surroundings(refusal.code for refusal in prepared.refusals):
        advice = _advice(prepared, console if route else None)
    console.line(
        f"fluxbump: {first.location}: {first.code} {first.message}{others}; "
        f"the result fails its checks: {not_done}{advice}"
    )


def _advice(prepared: Prepared[Snapshot], console: Console | None) -> str:
    """Print the route that a refused bump should take; return what to say in the error line."""
    from fluxbump.bump import upgrade_route
    from fluxbump.check import rules
    from fluxbump.check.evidence import optional
    from fluxbump.check.rules.rule import Trait
    from fluxbump.discover.tracks import current
    from fluxbump.model import FLUX
    from fluxbump.reports import upgrade_path
    from fluxbump.reports.table import Paint

    gathered, index = prepared.before, prepared.index
    start = current(gathered.inventory).get(FLUX, "")
    goal = prepared.plan.targets[FLUX]
    asked = prepared.migration is not None
    best = upgrade_route.newest_safe(gathered, index, prepared.suppressed, migrate_apis=asked)
    if console and not console.quiet and {start, goal} <= gathered.crds.keys():
        found = upgrade_route.find(start, goal, gathered, index)
        note = upgrade_route.told(found, gathered, index)
        console.result(
            "\n" + upgrade_path.text(found, best, Paint(enabled=console.colored()), note)
        )
    migrated = rules.having(Trait.MIGRATED)
    refused = {found.location for found in prepared.refusals if found.code in migrated}
    manifests = optional(gathered.objects) if refused and not asked else None
    moves = refused & upgrade_route.movable(gathered, manifests, start, goal) if manifests else ()
    first = f"; --migrate-apis moves {len(moves)} of these manifests first" if moves else ""
    codes = ",".join(sorted({found.code for found in prepared.refusals}))
    best_way = f"{best} --migrate-apis" if asked else best
    newest = f"; the newest that passes: fluxbump to {best_way}" if best and best != start else ""
    return f"{first}{newest}; to go on all the same: --accept-risk {codes}"
