"""Finds the commands to type after `status`, `releases` and `path`. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from semver import Version

from fluxbump.bump.planning import foreseen
from fluxbump.bump.planning.plan import Options
from fluxbump.check import rules
from fluxbump.check.rules.rule import Trait
from fluxbump.check.status import Listed, Survey
from fluxbump.discover import chart_installs, floating, release_lines
from fluxbump.discover.pins import traits
from fluxbump.discover.tracks import available, installs, moves
from fluxbump.flux import controller_images, releases
from fluxbump.flux.available import Available
from fluxbump.flux.tables import crds
from fluxbump.flux.upgrade_path import Hop
from fluxbump.helm.chart_releases import ChartIndex
from fluxbump.model import FLUX, FLUX2, Form, Pin, Severity, Step
from fluxbump.reports.next_steps import typed
from fluxbump.text import versions


def status_steps(view: Survey) -> list[Step]:
    """Return the commands to type after a survey. Empty if there is nothing to do."""
    if view.disagree:
        return list(_realign(view))
    if view.problem:
        return [Step("fluxbump releases", "which charts are known, and how old that is")]
    newest, held = view.newest, versions.parse(_held(view) or "")
    if newest is None:
        return []
    if held is None:
        return [*_behind(view, newest.app_version)]
    return [*_ahead(view, held, newest.app_version)] if newest.app_version > held else []


def _ahead(view: Survey, held: Version, newest: Version) -> Iterator[Step]:
    """Yield the commands that lead from the installed release to the newest one."""
    bumps = not _waits(view)
    stopped = _stopped(view, newest)
    if {str(held), str(newest)} <= crds.crds().keys():
        yield Step(f"fluxbump path {newest}", "the route to the newest release")
        if stopped and bumps:
            yield stopped
        elif bumps:
            yield Step("fluxbump to latest-safe --dry-run", "the newest that passes in one step")
        return
    # Without tables of its CRDs, a release is known by its manifest alone, which may be missing.
    if bumps:
        told = Step(f"fluxbump to {newest} --dry-run", "what moves, and what is not known of it")
        yield stopped or told
    yield Step("fluxbump matrix --all", "the releases whose CRDs fluxbump knows")


def _behind(view: Survey, newest: Version) -> Iterator[Step]:
    """Yield the command to the newest release if the installed release is not known.

    Such a repository has tools and ranges alone.
    """
    pins = [pin for pin in view.inventory.pins if pin.track == FLUX and moves(pin)]
    if any(_moves_to(pin, newest) for pin in pins) and not _waits(view):
        move = f"fluxbump to {newest} --dry-run"
        yield _stopped(view, newest) or Step(move, "shows what moves to the newest release")


def _moves_to(pin: Pin, newest: Version) -> bool:
    held = release_lines.lowest(pin.value)
    if held is None or held >= newest:
        return False
    return pin.form is Form.EXACT or release_lines.moved(pin, str(newest)) is not None


def releases_steps(rows: list[Listed], held: str | None) -> list[Step]:
    """Return the commands to type after a list of releases.

    Args:
        rows: the releases, newest first.
        held: the release that the repository installs. None if it is not known.
    """
    newest = max((row.best.app_version for row in rows), default=None)
    now = versions.parse(held or "")
    if newest is None or now is None or newest.prerelease or newest <= now:
        return []
    return [Step(f"fluxbump path {newest}", f"the route from {now} to the newest release")]


def first_steps(hop: Hop, newest: str | None, migrated: str | None) -> list[Step]:
    """Return the commands that make the first hop of a route.

    Args:
        hop: the first hop.
        newest: the newest release that passes with the manifests as they are. None if there is
            none.
        migrated: the newest release that passes after `--migrate-apis`. None if there is none.
    """
    if _reaches(newest, hop.new):
        return [Step(f"fluxbump to {hop.new}", "makes the first hop")]
    if _reaches(migrated, hop.new):
        return [Step(f"fluxbump to {hop.new} --migrate-apis", "makes the first hop, after a move")]
    return [
        Step("flux migrate", f"in every cluster, while it is at {hop.old}"),
        Step(f"fluxbump to {hop.new} --cluster", "makes the first hop, if the cluster can take it"),
    ]


def _reaches(newest: str | None, release: str) -> bool:
    found, wanted = versions.parse(newest or ""), versions.parse(release)
    return found is not None and wanted is not None and found >= wanted


def _held(view: Survey) -> str | None:
    exact = view.current.get(FLUX) or view.chart_release
    if exact or installs(view.inventory.pins, FLUX2):
        return exact
    images = controller_images.installed(view.inventory)
    return _by_range(view) or (images[1][-1] if images else None)


def _by_range(view: Survey) -> str | None:
    """Return the oldest release to which a range resolves. None if there is no range."""
    ranges = floating.installs(view.inventory)
    known = floating.come_to(ranges, _choice(view).stable) if ranges else []
    return str(known[0]) if known else None


def _choice(view: Survey) -> Available:
    return available(view.inventory, view.index or ChartIndex("no chart index", ()))


def _realign(view: Survey) -> Iterator[Step]:
    """Yield the commands that make pins agree, at the newest release that is pinned.

    A cluster may run that release already, and must not go back.
    """
    wrong = [finding for finding in view.findings if finding.severity is Severity.ERROR]
    loose = {pin.location for pin in view.loose}
    moved = rules.having(Trait.REALIGNED)
    by_hand = [
        finding for finding in wrong if finding.code not in moved or finding.location in loose
    ]
    if by_hand:
        code = by_hand[0].code
        yield Step(f"fluxbump rule {code}", "how to fix what no bump moves")
        return
    goal = _goal(view)
    if goal is None:
        yield Step(f"fluxbump rule {wrong[0].code}", "why, and how to fix it")
        return
    together = _together(view)
    move = typed(["fluxbump", "to", str(goal), *(["--align"] if together else [])])
    stopped = _stopped(view, goal, align=together)
    if stopped:
        yield stopped
        return
    installed = view.current.get(FLUX)
    if installed in (None, str(goal)):
        when = " (the chart index must answer)" if _waits(view) else ""
        yield Step(move, f"moves every outdated pin to the newest pinned{when}")
    else:
        # The dry run says whether a cluster at the older release can take the newer one.
        yield Step(f"{move} --dry-run", "shows what moves to the newest pinned")
        yield Step(f"fluxbump path {goal}", f"what comes before, for clusters at {installed}")


def _stopped(view: Survey, release: Version, *, align: bool = False) -> Step | None:
    """Return the command that shows why a bump would be refused. None if it would not be."""
    goal = None if _waits(view) else _choice(view).goal(release)
    if goal is None:
        return None
    index = view.index or ChartIndex("no chart index", ())
    if foreseen.refusal(view.inventory, goal, index, Options(align=align)) is None:
        return None
    command = ["fluxbump", "to", str(release), *(["--align"] if align else []), "--dry-run"]
    return Step(typed(command), "says what stops a bump here, and what to do")


def _waits(view: Survey) -> bool:
    """Whether a bump is refused until the chart index answers."""
    return view.index is not None and bool(view.index.instead_of) and view.needs_chart


def _goal(view: Survey) -> Version | None:
    """Return the newest release that a pin installs, or the next newer one that has a chart.

    None if no exact pin installs a release, or none can be the goal of a bump.
    """
    ships = releases.app_versions(releases.known(view.index)) if view.index else {}
    pins = view.inventory.pins
    held = [pin.value for pin in installs(pins, FLUX) if pin.form is Form.EXACT]
    held += [ships.get(pin.value, "") for pin in installs(pins, FLUX2) if pin.form is Form.EXACT]
    newest = max(filter(None, map(versions.parse, held)), default=None)
    if newest is None:
        return None
    choice = _choice(view)
    if choice.goal(newest) is not None:
        return newest
    return min((version for version in choice.stable if version > newest), default=None)


def _together(view: Survey) -> bool:
    pins = [pin for pin in view.inventory.pins if pin.form is Form.EXACT]
    several = any(
        len({pin.value for pin in pins if pin.kind == kind and pin.track in (FLUX, FLUX2)}) > 1
        for kind in traits.ALIGNED
    )
    return several or bool(chart_installs.disagreeing(view.inventory))
