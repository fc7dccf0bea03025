"""`fluxbump to VERSION`."""

from __future__ import annotations

from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from fluxbump.cli.console import Console
from fluxbump.cli.options import (
    ClusterOption,
    ClusterStateOption,
    Color,
    ColorOption,
    ContextOption,
    HelmOption,
    IndexOption,
    KubernetesOption,
    OfflineOption,
    QuietOption,
    RepoOption,
    RevOption,
    VerboseOption,
)

if TYPE_CHECKING:
    from fluxbump.bump import Delivered, Prepared
    from fluxbump.cli.workspace import Workspace
    from fluxbump.evidence import Renderer
    from fluxbump.model import ChartIndex, IndexSource
    from fluxbump.objects import CommitSnapshot

EPILOG = """
Examples: `fluxbump to 2.5.1 --dry-run` shows what would change; `fluxbump to 2.5` takes the
newest 2.5.x that has a chart; `fluxbump to latest --output patch | git apply` changes the work
tree instead of making a branch.
"""

_FAILED_CHECK = 1


class Format(StrEnum):
    """How to print the result."""

    TEXT = "text"
    JSON = "json"
    PATCH = "patch"


class Bump(StrEnum):
    """How a chart's own version is raised."""

    PATCH = "patch"
    MINOR = "minor"
    MAJOR = "major"


def to(
    version: Annotated[
        str, typer.Argument(help="A Flux release (2.5.1), a line (2.5), latest, or latest-safe.")
    ],
    *,
    repo: RepoOption = None,
    rev: RevOption = "HEAD",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", "-n", help="Show the table and the diff; write nothing.")
    ] = False,
    output: Annotated[
        Format, typer.Option("--output", "-o", help="How to print the result.")
    ] = Format.TEXT,
    chart_version: Annotated[
        str | None,
        typer.Option("--chart-version", metavar="X.Y.Z", help="Take this chart of the release."),
    ] = None,
    bump: Annotated[
        Bump | None, typer.Option("--bump", help="How to raise your own charts. [default: patch]")
    ] = None,
    checkout: Annotated[
        bool, typer.Option("--checkout", help="Switch to the branch afterwards.")
    ] = False,
    force: Annotated[
        bool,
        typer.Option(
            "--force", help="Replace a branch of that name; its old tip stays under a ref."
        ),
    ] = False,
    allow_downgrade: Annotated[
        bool, typer.Option("--allow-downgrade", help="Let pins move to an older release.")
    ] = False,
    align: Annotated[
        bool,
        typer.Option(
            "--align", help="Set install URLs or wrappers that disagree among themselves."
        ),
    ] = False,
    no_mentions: Annotated[
        bool, typer.Option("--no-mentions", help="Leave mapping rows in comments and documents.")
    ] = False,
    migrate_apis: Annotated[
        bool,
        typer.Option(
            "--migrate-apis",
            help="First move manifests off API versions that the release removes or deprecates.",
        ),
    ] = False,
    render: Annotated[
        bool, typer.Option("--render", help="Let the gate run helm template too (FB105, FB106).")
    ] = False,
    helm: HelmOption = None,
    accept_risk: Annotated[
        str,
        typer.Option("--accept-risk", metavar="CODES", help="Go on although these rules refuse."),
    ] = "",
    kubernetes: KubernetesOption = None,
    cluster_state: ClusterStateOption = None,
    cluster: ClusterOption = False,
    context: ContextOption = None,
    index: IndexOption = None,
    offline: OfflineOption = False,
    color: ColorOption = Color.AUTO,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> int:
    """Move every pin to a Flux release, in one commit on a new branch.

    The work tree, the index and the current branch are not touched. The target is the release
    that cloud-init installs; the chart is the one whose appVersion is that release. With
    --migrate-apis, manifests that have to move come first, in a commit of their own.
    """
    from fluxbump import bump as journey
    from fluxbump import gate
    from fluxbump.cli.known import known
    from fluxbump.cli.workspace import workspace
    from fluxbump.plan import Options

    console = Console(quiet=quiet, verbose=verbose, color=color.value)
    with workspace(repo, rev) as ws:
        accepted = [code.strip() for code in accept_risk.split(",") if code.strip()]
        level = bump.value if bump else ws.settings.bump
        request = journey.Request(
            target=version,
            chart_version=chart_version,
            options=Options(level=level, allow_downgrade=allow_downgrade, align=align),
            mentions=ws.settings.mentions and not no_mentions,
            accepted=frozenset(gate.select(accepted, ()) if accepted else ()),
            migrate_apis=migrate_apis,
        )
        with ws.index(index, offline=offline) as source:
            console.progress("reading the chart index and the repository …")
            beside = known(kubernetes, cluster_state, live=cluster, context=context)
            prepared = journey.prepare(
                ws.repository,
                journey.look(ws.snapshot, ws.settings, source, beside),
                ws.settings,
                source,
                request,
                render=partial(_renderer, helm, source) if render else None,
            )
            console.progress("")
        dry_run = dry_run or output is Format.PATCH
        if checkout and not dry_run and not prepared.empty:
            ws.repository.require_switchable(prepared.branch, prepared.base, prepared.changes)
        result = None
        if prepared.passed and not prepared.empty and not dry_run:
            result = journey.deliver(ws.repository, prepared, force=force)
        _print(prepared, result, output, console, dry_run=dry_run)
        _remark_on_local_changes(ws, prepared, console)
        if checkout and result is not None:
            ws.repository.switch(prepared.branch)
            console.note(f"switched to {prepared.branch}")
    return 0 if prepared.passed else _FAILED_CHECK


def _renderer(helm: str | None, source: IndexSource, index: ChartIndex) -> Renderer:
    from fluxbump.cli.render import renderer

    return renderer(helm, source, index)


def _print(
    prepared: Prepared,
    result: Delivered | None,
    output: Format,
    console: Console,
    *,
    dry_run: bool,
) -> None:
    if output is Format.JSON:
        from fluxbump.reports import json as report

        console.result(report.bump(prepared, result))
    elif output is Format.PATCH:
        console.raw(prepared.built.patch)
    else:
        _print_text(prepared, result, console, dry_run=dry_run)
    if not prepared.passed:
        _refuse(prepared, output, console)


def _refuse(prepared: Prepared, output: Format, console: Console) -> None:
    """Say why no branch was made; and which way there is, when a release would break a cluster."""
    first, *more = prepared.refusals
    others = f" (and {len(more)} more)" if more else ""
    advice = ""
    if any(one.code.startswith("FB2") for one in prepared.refusals):
        from fluxbump.cli import way

        advice = way.advice(prepared, console if output is Format.TEXT else None)
    console.line(
        f"fluxbump: {first.location}: {first.code} {first.message}{others}; "
        f"the result fails its checks: no branch was made{advice}"
    )


def _print_text(
    prepared: Prepared, result: Delivered | None, console: Console, *, dry_run: bool
) -> None:
    from fluxbump.reports import text
    from fluxbump.reports.table import Paint

    paint = Paint(enabled=console.colored())
    if not console.quiet:
        console.result(text.preview(prepared, paint) + "\n\n")
    if prepared.empty:
        console.result(text.nothing_to_do(prepared))
    elif dry_run:
        console.result(text.patches(prepared, paint))
        console.note(f"dry run: branch {prepared.branch} was not made, nothing was written")
    elif result is not None:
        console.result(text.delivered(prepared, result, paint))


def _remark_on_local_changes(
    ws: Workspace[CommitSnapshot], prepared: Prepared, console: Console
) -> None:
    if console.quiet or prepared.empty:
        return
    for path in ws.repository.modified(prepared.changes.files):
        console.note(f"{path} has uncommitted changes, which are not part of this")
