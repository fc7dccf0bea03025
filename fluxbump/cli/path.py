"""`fluxbump path VERSION` and `fluxbump matrix`."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

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
    from collections.abc import Iterator, Sequence

    from fluxbump.bump.path_evidence import RouteAnswer
    from fluxbump.check.evidence import Evidence
    from fluxbump.discover.objects.resources import Resource
    from fluxbump.flux.upgrade_path import Route
    from fluxbump.model import Step, Unreadable

_NO_WAY = 1


class PathFormat(StrEnum):
    """How to print a route."""

    TEXT = "text"
    JSON = "json"
    MERMAID = "mermaid"
    HTML = "html"


class MatrixFormat(StrEnum):
    """The format of the matrix."""

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
        PathFormat, typer.Option("--output", "-o", help="The format of the route.")
    ] = PathFormat.TEXT,
    cluster: ClusterGroup,
    sources: ReleasesGroup,
    console: ConsoleGroup,
) -> int:
    """Print the upgrade path to a release, and each hop's work.

    At each hop: which CRDs need `flux migrate` first, and which manifests must move to which
    apiVersion. Exits with 1 if there is no route.
    """
    from fluxbump.bump.path_evidence import answer_of
    from fluxbump.cli.cluster_facts import known
    from fluxbump.cli.output.unread_files import say_unread
    from fluxbump.cli.workspace import open_session
    from fluxbump.workspace import at

    beside = known(cluster)
    with open_session(repo, at(rev), sources) as session:
        answer = answer_of(session, version, start, beside)
    _say(answer, output, console)
    say_unread(_unread(answer.gathered), console)
    return _NO_WAY if answer.found.problem else 0


def _say(answer: RouteAnswer, output: PathFormat, console: Console) -> None:
    from fluxbump.bump.repository_path import told
    from fluxbump.reports import upgrade_path as report
    from fluxbump.reports.index_source import index_line

    found, gathered, index = answer.found, answer.gathered, answer.index
    steps, answered = _steps(answer), index if index.releases else None
    if output is PathFormat.JSON:
        console.result(report.json_text(found, answer.newest, gathered.past, answered, steps))
    elif output is PathFormat.MERMAID:
        console.result(report.mermaid(found))
    elif output is PathFormat.HTML:
        console.result(_page(answer, steps))
    else:
        using = _using(found, gathered)
        used = _used(using)
        paint, history = console.paint(), told(found, gathered, index)
        console.report(report.text(found, answer.newest, paint, history, used))
        for part in _moving(found, gathered, using or {}):
            console.report("\n".join(["", *part]))
        line = index_line(answered, datetime.now(UTC)) if answered else ""
        console.report(f"\n{line}", steps)


def _unread(gathered: Evidence) -> Iterator[Unreadable]:
    """Yield the files that could not be read and may hold facts for the route."""
    from fluxbump.check.evidence_parts import optional

    objects, cluster = optional(gathered.objects), optional(gathered.cluster)
    yield from objects.unreadable if objects else ()
    yield from cluster.unsearched if cluster else ()
    yield from gathered.inventory.unreadable


def _steps(answer: RouteAnswer) -> list[Step]:
    from fluxbump.cli.output import typed_command
    from fluxbump.model import Step
    from fluxbump.reports.status_steps import first_steps

    if answer.found.problem:
        return [Step("fluxbump matrix", "which release serves which API version")]
    if not (answer.here and answer.found.hops):
        return []
    first = answer.found.hops[0]
    steps = first_steps(first, answer.newest, answer.migrated)
    stays = _why_it_stays(first.new, answer)
    if stays is not None:
        steps = [Step(f"fluxbump to {first.new} --dry-run", f"says {stays}")]
    return typed_command.placed(steps)


def _why_it_stays(release: str, answer: RouteAnswer) -> str | None:
    """Say what a dry run of a bump shows, if the plan moves no pin or cannot be made."""
    from fluxbump.bump.planning.plan import Options, plan
    from fluxbump.discover.tracks import available
    from fluxbump.errors import FluxbumpError
    from fluxbump.text import versions

    inventory, index, wanted = answer.gathered.inventory, answer.index, versions.parse(release)
    goal = available(inventory, index).goal(wanted) if wanted else None
    stopped = "what stops the first hop"
    if goal is None:
        return stopped
    try:
        moves = plan(inventory, goal, index, Options()).changes
    except FluxbumpError:
        return stopped
    return None if moves else "why no pin moves in the first hop"


def _using(found: Route, gathered: Evidence) -> dict[str, list[Resource]] | None:
    """Return the manifests that use the versions that each hop removes. None if not searched."""
    from fluxbump.check.evidence_parts import optional

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

    return Counter((resource.kind, resource.api_version.rpartition("/")[2]) for resource in using)


def _used(using: dict[str, list[Resource]] | None) -> dict[str, dict[tuple[str, str], int]] | None:
    return None if using is None else {hop: _counts(held) for hop, held in using.items()}


def _page(answer: RouteAnswer, steps: Sequence[Step]) -> str:
    from fluxbump.bump.repository_path import told
    from fluxbump.reports.html.path_page import RouteFacts, path_page

    found, gathered = answer.found, answer.gathered
    using = _using(found, gathered)
    facts = RouteFacts(
        answer.newest,
        told(found, gathered, answer.index),
        _used(using),
        [*_moving(found, gathered, using or {})],
    )
    return path_page(found, facts, steps)


def _moving(
    found: Route, gathered: Evidence, using: dict[str, list[Resource]]
) -> Iterator[list[str]]:
    """Yield, for each hop, the lines that list the manifests to move and the way to move them."""
    from fluxbump.bump.repository_path import movable
    from fluxbump.check.evidence_parts import optional

    resources = optional(gathered.objects)
    for hop in found.hops:
        held = using.get(hop.new, [])
        if resources is None or not held:
            continue
        files = len({resource.location.path for resource in held})
        where = "1 file" if files == 1 else f"{files} files"
        lines = [f"Manifests to move before {hop.new} ({len(held)} in {where}):"]
        lines += [
            f"  {resource.location}  {resource.kind} {resource.name}: {resource.api_version}"
            for resource in held
        ]
        moves = movable(gathered, resources, hop.old, hop.new)
        count = sum(resource.api_location in moves for resource in held)
        if count:
            which = "them" if count == len(held) else f"{count} of them"
            lines.append(f"fluxbump to {hop.new} --migrate-apis moves {which}, at {hop.old}")
        yield lines


def matrix(
    *,
    every: Annotated[
        bool,
        typer.Option("--all", help="Show every release. [default: one of each set of equal CRDs]"),
    ] = False,
    output: Annotated[
        MatrixFormat, typer.Option("--output", "-o", help="The format of the matrix.")
    ] = MatrixFormat.TEXT,
    color: ColorOption = Color.AUTO,
) -> None:
    """Print the API versions that each Flux release serves.

    The matrix marks those that it stores, deprecates, and removes.
    """
    from fluxbump.flux.tables import crds
    from fluxbump.reports import matrix as report
    from fluxbump.reports.html.matrix import matrix_page

    console = Console(color=color.value)
    found = report.matrix(crds.crds(), every=every)
    steps = _after_matrix(found.columns[-1][-1])
    if output is MatrixFormat.JSON:
        console.result(report.json_text(found, steps))
    elif output is MatrixFormat.HTML:
        console.result(matrix_page(found))
    else:
        console.report(report.text(found, steps, console.paint()))


def _after_matrix(newest: str) -> list[Step]:
    """Return the commands to type next. The route is only for a repository to start from."""
    from fluxbump.model import Step

    charts = Step("fluxbump releases", "the chart that ships each release")
    route = Step(f"fluxbump path {newest}", "the route to this release, hop by hop")
    return [route, charts] if _is_checkout() else [charts]


def _is_checkout() -> bool:
    """Whether the current folder is in a checkout, found without git: the matrix needs none."""
    try:
        here = Path.cwd()
        return any((folder / ".git").exists() for folder in (here, *here.parents))
    except OSError:
        return False
