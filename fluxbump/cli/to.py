"""`fluxbump to VERSION`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from fluxbump.cli import bump_output
from fluxbump.cli.console import Console
from fluxbump.cli.options import (
    AcceptRiskOption,
    AllowDowngradeOption,
    BumpOption,
    ClusterOption,
    ClusterStateOption,
    Color,
    ColorOption,
    ContextOption,
    DryRunOption,
    FixOption,
    Format,
    FormatOption,
    HelmOption,
    IndexOption,
    KubernetesOption,
    NoMentionsOption,
    OfflineOption,
    QuietOption,
    ReleasesOption,
    RenderOption,
    RepoOption,
    RevOption,
    VerboseOption,
)
from fluxbump.errors import UsageError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from fluxbump.bump.bump import Delivered, Prepared
    from fluxbump.check.evidence import Renderer
    from fluxbump.cli.workspace import Workspace
    from fluxbump.config.settings import Settings
    from fluxbump.git.objects import CommitSnapshot
    from fluxbump.model import ChartIndex, IndexSource
    from fluxbump.reports.table import Paint

EPILOG = """
Examples: `fluxbump to 2.5.1 --dry-run` shows what would change; `fluxbump to 2.5` takes the
newest 2.5.x that has a chart; `fluxbump to latest --in-place` edits the work tree instead of making
a branch.
"""

_FAILED_CHECK = 1


def to(
    version: Annotated[
        str, typer.Argument(help="A Flux release (2.5.1), a line (2.5), latest, or latest-safe.")
    ],
    *,
    repo: RepoOption = None,
    rev: RevOption = "HEAD",
    dry_run: DryRunOption = False,
    output: FormatOption = Format.TEXT,
    chart_version: Annotated[
        str | None,
        typer.Option("--chart-version", metavar="X.Y.Z", help="Take this chart of the release."),
    ] = None,
    bump: BumpOption = None,
    in_place: Annotated[
        bool, typer.Option("--in-place", help="Edit the work tree; make no branch, no commit.")
    ] = False,
    checkout: Annotated[
        bool, typer.Option("--checkout", help="Switch to the branch afterwards.")
    ] = False,
    force: Annotated[
        bool,
        typer.Option(
            "--force", help="Replace a branch of that name; its old tip stays under a ref."
        ),
    ] = False,
    allow_downgrade: AllowDowngradeOption = False,
    align: Annotated[
        bool,
        typer.Option(
            "--align", help="Set install URLs or wrappers that disagree among themselves."
        ),
    ] = False,
    operator: Annotated[
        str | None,
        typer.Option(
            "--operator",
            metavar="X.Y.Z",
            help="Move flux-operator too: its charts and its artifact. [default: they stay]",
        ),
    ] = None,
    no_mentions: NoMentionsOption = False,
    migrate_apis: Annotated[
        bool,
        typer.Option(
            "--migrate-apis",
            help="First move manifests off API versions that the release removes or deprecates.",
        ),
    ] = False,
    fix: FixOption = "",
    render: RenderOption = False,
    helm: HelmOption = None,
    accept_risk: AcceptRiskOption = "",
    kubernetes: KubernetesOption = None,
    cluster_state: ClusterStateOption = None,
    cluster: ClusterOption = False,
    context: ContextOption = None,
    index: IndexOption = None,
    releases: ReleasesOption = None,
    offline: OfflineOption = False,
    color: ColorOption = Color.AUTO,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> int:
    """Move every pin to a Flux release, in one commit on a new branch.

    The work tree, the index and the current branch are not touched, save by --in-place. The
    target is the Flux release to install; the chart is the one whose appVersion is that
    release. With --migrate-apis, manifests that have to move come first, in a commit of their own;
    with --fix, settings of the HelmRelease that owns Flux, likewise.
    """
    from fluxbump.bump import bump as journey
    from fluxbump.bump.plan import Options
    from fluxbump.check.starting_point import look
    from fluxbump.cli.cluster_facts import accepted, known
    from fluxbump.cli.fix import chosen
    from fluxbump.cli.workspace import open_editable, workspace

    fixes = chosen(fix)

    def request(settings: Settings) -> journey.Request:
        level = bump.value if bump else settings.bump
        return journey.Request(
            target=version,
            chart_version=chart_version,
            options=Options(
                level=level,
                allow_downgrade=allow_downgrade,
                align=align,
                operator=_operator(operator),
            ),
            mentions=settings.mentions and not no_mentions,
            accepted=accepted(accept_risk),
            known=known(kubernetes, cluster_state, live=cluster, context=context),
            migrate_apis=migrate_apis,
            fixes=fixes,
        )

    console = Console(quiet=quiet, verbose=verbose, color=color.value)
    if in_place:
        from fluxbump.cli import in_place as edit

        _require_no_branch(rev, checkout=checkout, force=force)
        with open_editable(repo) as here:
            return edit.run(
                here,
                request(here.settings),
                console,
                index=index,
                releases=releases,
                offline=offline,
                helm=helm,
                render=render,
                output=output,
                dry_run=dry_run,
            )
    with workspace(repo, rev) as ws:
        with (
            ws.index(index, offline=offline) as source,
            ws.sources(
                source, index=index, releases=releases, offline=offline, compare=render
            ) as sources,
        ):
            console.progress("reading the chart index and the repository …")
            asked = request(ws.settings)
            prepared = journey.prepare(
                ws.repository,
                look(ws.snapshot, ws.settings, source, asked.known, sources=sources),
                ws.settings,
                source,
                asked,
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


def _operator(version: str | None) -> str | None:
    """Return the version of flux-operator that was asked for."""
    from fluxbump.text import versions

    if version is None:
        return None
    if versions.parse(version) is None:
        raise UsageError(
            f"--operator {version} is not a full version",
            hint="use a release of flux-operator such as 0.33.0",
        )
    return version.removeprefix("v")


def _require_no_branch(rev: str, *, checkout: bool, force: bool) -> None:
    given = {"--rev": rev != "HEAD", "--checkout": checkout, "--force": force}
    for option, named in given.items():
        if named:
            raise UsageError(
                f"--in-place and {option} exclude each other",
                hint="--in-place edits the work tree as it is, and makes no branch",
            )


def _renderer(
    helm: str | None, source: IndexSource, index: ChartIndex
) -> AbstractContextManager[Renderer]:
    from fluxbump.cli.helm_options import renderer

    return renderer(helm, source, index)


def _print(
    prepared: Prepared,
    result: Delivered | None,
    output: Format,
    console: Console,
    *,
    dry_run: bool,
) -> None:
    def as_json() -> str:
        from fluxbump.reports import result_json

        return result_json.bump(prepared, result)

    def outcome(paint: Paint) -> None:
        from fluxbump.reports import text

        if dry_run:
            console.result(text.patches(prepared, paint))
            console.note(f"dry run: branch {prepared.branch} was not made, nothing was written")
        elif result is not None:
            console.result(text.delivered(prepared, result, paint))

    bump_output.say(
        prepared, output, console,
        as_json=as_json, outcome=outcome, not_done="no branch was made",
    )  # fmt: skip


def _remark_on_local_changes(
    ws: Workspace[CommitSnapshot], prepared: Prepared, console: Console
) -> None:
    if console.quiet or prepared.empty:
        return
    for path in ws.repository.modified(prepared.changes.files):
        console.note(f"{path} has uncommitted changes, which are not part of this")
