"""`fluxbump path VERSION` and `fluxbump matrix`."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec import Struct

from fluxbump.cli.console import Console
from fluxbump.cli.options import (
    ClusterGroup,
    Color,
    ColorOption,
    ConsoleGroup,
    ReleasesGroup,
    RepoOption,
    RevOption,
)
from fluxbump.cli.shell import completion

if TYPE_CHECKING:
    from fluxbump.check.evidence import Evidence
    from fluxbump.discover.flux_objects import Resource
    from fluxbump.errors import IndexSourceError
    from fluxbump.flux.upgrade_path import Route
    from fluxbump.git.objects import CommitSnapshot
    from fluxbump.model import ChartIndex, IndexSource
    from fluxbump.reports.next_steps import Step
    from fluxbump.workspace import Session

_NO_WAY = 1


class PathFormat(StrEnum):
    """How to print a route."""

    TEXT = "text"
    JSON = "json"
    MERMAID = "mermaid"


class MatrixFormat(StrEnum):
    """How to print the matrix."""

    TEXT = "text"
    JSON = "json"
    HTML = "html"


def path(
    version: Annotated[
        str,
        typer.Argument(
            autocompletion=completion.releases,
            help="The target: a Flux release (2.8.5), a line (2.8), or latest.",
        ),
    ],
    *,
    start: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="X.Y.Z",
            help="The release to start from. [default: the installed one]",
        ),
    ] = None,
    repo: RepoOption = None,
    rev: RevOption = "HEAD",
    output: Annotated[
        PathFormat, typer.Option("--output", "-o", help="How to print the route.")
    ] = PathFormat.TEXT,
    cluster: ClusterGroup,
    sources: ReleasesGroup,
    console: ConsoleGroup,
) -> int:
    """Print the upgrade path to a release, and each hop's work.

    At each hop: which CRDs need `flux migrate` first, and which manifests must move to which
    apiVersion. Exits with 1 if there is no route.
    """
    from msgspec.structs import replace

    from fluxbump.bump.upgrade_route import find, newest_safe
    from fluxbump.check import gather, pin_history, suppressions
    from fluxbump.check.evidence import Effort, History
    from fluxbump.cli.cluster_facts import known
    from fluxbump.cli.workspace import open_session
    from fluxbump.discover.inventory import discover
    from fluxbump.discover.tracks import available, current, needs_chart
    from fluxbump.flux import releases as resolve
    from fluxbump.model import FLUX
    from fluxbump.system.process_pool import among_processes
    from fluxbump.workspace import at

    beside = known(cluster)
    with open_session(repo, at(rev), sources) as session:
        loaded, no_index = _index(session.index)
        scope = session.settings.scope(resolve.app_versions(resolve.known(loaded)), gather.NEEDLES)
        scope = replace(scope, spread=among_processes)
        inventory = discover(session.snapshot, scope)
        if no_index is not None and needs_chart(inventory):
            raise no_index
        goal = str(available(inventory, loaded).find(version).app_version)
        around = gather.surroundings(
            session.snapshot, scope, beside, configured=session.settings.kubernetes
        )
        gathered = gather.gather(
            gather.found(session.snapshot, inventory),
            loaded,
            around=around,
            effort=Effort(spread=scope.spread),
            sources=session.releases,
            also=(goal, (start or goal).removeprefix("v")),
        )
        found = find(_start(start, gathered), goal, gathered, loaded)
        # Of a cluster elsewhere, neither the history nor the pins of this repository say anything.
        here = found.start == current(inventory).get(FLUX)
        if here and not all(stored.certain for stored in found.migrate):
            held = pin_history.read(session.lineage, [inventory], scope, gathered.crds)
            gathered = replace(gathered, history=History(held))
            found = find(found.start, goal, gathered, loaded)
        if here and gathered.stored is None:
            found, gathered = _with_history(found, gathered, loaded, session)
    accepted = suppressions.ignores(gathered, session.settings)
    answer = _Answer(
        found,
        newest_safe(gathered, loaded, accepted) if here else None,
        newest_safe(gathered, loaded, accepted, migrate_apis=True) if here else None,
        gathered,
        loaded,
        here=here,
    )
    _say(answer, output, console)
    return _NO_WAY if found.problem else 0


class _Answer(Struct, frozen=True):
    """A route, and what is known beside it.

    Attributes:
        found: the route.
        newest: the newest release that passes as things stand; None where that is not known.
        migrated: likewise, once manifests have moved to other API versions.
        gathered: the evidence.
        index: the chart index; without a release where there is none.
        here: whether the route starts where this repository is.
    """

    found: Route
    newest: str | None
    migrated: str | None
    gathered: Evidence
    index: ChartIndex
    here: bool


def _say(answer: _Answer, output: PathFormat, console: Console) -> None:
    from fluxbump.bump.upgrade_route import told
    from fluxbump.reports import next_steps
    from fluxbump.reports import upgrade_path as report
    from fluxbump.reports.index_line import index_line

    found, gathered, index = answer.found, answer.gathered, answer.index
    steps, answered = _steps(answer), index if index.releases else None
    if output is PathFormat.JSON:
        console.result(report.json_text(found, answer.newest, gathered.past, answered, steps))
    elif output is PathFormat.MERMAID:
        console.result(report.mermaid(found))
    else:
        using = _using(found, gathered)
        used = None if using is None else {hop: _counts(held) for hop, held in using.items()}
        paint, history = console.paint(), told(found, gathered, index)
        console.result(report.text(found, answer.newest, paint, history, used))
        _say_the_rest(found, gathered, using or {}, console)
        lines = [index_line(answered, datetime.now(UTC))] if answered else []
        console.result("\n".join(["", *lines, *next_steps.lines(steps)]))


def _steps(answer: _Answer) -> list[Step]:
    from fluxbump.reports.next_steps import Step
    from fluxbump.reports.status_steps import first_steps

    if answer.found.problem:
        return [Step("fluxbump matrix", "which release serves which API version")]
    if not (answer.here and answer.found.hops):
        return []
    return first_steps(answer.found.hops[0], answer.newest, answer.migrated)


def _index(source: IndexSource) -> tuple[ChartIndex, IndexSourceError | None]:
    """Load the index; an empty one, and why, where it is not available."""
    from fluxbump.errors import IndexSourceError
    from fluxbump.model import ChartIndex

    try:
        return source.load(), None
    except IndexSourceError as error:
        return ChartIndex("no chart index", ()), error


def _with_history(
    found: Route, gathered: Evidence, index: ChartIndex, session: Session[CommitSnapshot]
) -> tuple[Route, Evidence]:
    """Count what manifests have held before, which objects may still name in managedFields.

    What manifests of some kind hold now asks for the migration anyway, so only the other versions
    are looked for in the history, where their kinds cannot be told.
    """
    from msgspec.structs import replace

    from fluxbump.bump.upgrade_route import find
    from fluxbump.check.evidence import needed
    from fluxbump.check.gather import together

    now = {(group, v) for (group, _), held in gathered.written.items() for v in held}
    gone = {
        f"{crd.group}/{version}": (crd.group, version)
        for hop in found.hops
        for crd in hop.removed
        for version in crd.versions
        if (crd.group, version) not in now
    }
    if not gone:
        return found, gathered
    held = {gone[text] for text in session.ever_held(sorted(gone))}
    before = [
        {(crd.group, crd.kind): {v for v in crd.versions if (crd.group, v) in held}}
        for hop in found.hops
        for crd in hop.removed
    ]
    written = together(gathered.written, *before)
    gathered = replace(gathered, cluster=replace(needed(gathered.cluster), written=written))
    return find(found.start, found.goal, gathered, index), gathered


def _start(given: str | None, gathered: Evidence) -> str:
    from fluxbump.discover.tracks import current
    from fluxbump.errors import UsageError
    from fluxbump.model import FLUX

    held = given or current(gathered.inventory).get(FLUX)
    if held is None:
        raise UsageError("no version of Flux found", hint="use --from X.Y.Z")
    return held.removeprefix("v")


def _using(found: Route, gathered: Evidence) -> dict[str, list[Resource]] | None:
    """Return the manifests that use what each hop removes; None where none were looked for."""
    from fluxbump.check.evidence import optional

    resources = optional(gathered.objects)
    if resources is None:
        return None
    using = {}
    for hop in found.hops:
        gone = {
            (crd.kind, f"{crd.group}/{version}") for crd in hop.removed for version in crd.versions
        }
        using[hop.new] = [
            resource
            for resource in resources.resources
            if (resource.kind, resource.api_version) in gone
        ]
    return using


def _counts(using: list[Resource]) -> dict[tuple[str, str], int]:
    from collections import Counter

    return Counter((one.kind, one.api_version.rpartition("/")[2]) for one in using)


def _say_the_rest(
    found: Route, gathered: Evidence, using: dict[str, list[Resource]], console: Console
) -> None:
    """Say which manifests of this repository have to move before a hop, and what moves them."""
    from fluxbump.bump.upgrade_route import movable
    from fluxbump.check.evidence import optional

    resources = optional(gathered.objects)
    for hop in found.hops:
        held = using.get(hop.new, [])
        if resources is None or not held:
            continue
        files = len({one.location.path for one in held})
        where = "1 file" if files == 1 else f"{files} files"
        lines = ["", f"Manifests to move before {hop.new} ({len(held)} in {where}):"]
        lines += [
            f"  {resource.location}  {resource.kind} {resource.name}: {resource.api_version}"
            for resource in held
        ]
        moves = movable(gathered, resources, hop.old, hop.new)
        count = sum(resource.api_location in moves for resource in held)
        if count:
            which = "them" if count == len(held) else f"{count} of them"
            lines.append(f"fluxbump to {hop.new} --migrate-apis moves {which}, at {hop.old}")
        console.result("\n".join(lines))


def matrix(
    *,
    every: Annotated[
        bool, typer.Option("--all", help="Every release; else one of each set of equal CRDs.")
    ] = False,
    output: Annotated[
        MatrixFormat, typer.Option("--output", "-o", help="How to print the matrix.")
    ] = MatrixFormat.TEXT,
    color: ColorOption = Color.AUTO,
) -> None:
    """Print the API versions that each Flux release serves.

    The matrix marks those that it stores, deprecates, and removes.
    """
    from fluxbump.flux.tables import crds
    from fluxbump.reports import matrix as report

    console = Console(color=color.value)
    found = report.matrix(crds.crds(), every=every)
    if output is MatrixFormat.JSON:
        console.result(report.json_text(found))
    elif output is MatrixFormat.HTML:
        console.result(report.html(found))
    else:
        console.result(report.text(found, console.paint()))
