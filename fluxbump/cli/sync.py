"""`fluxbump sync --from install-url|chart`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from fluxbump.cli.console import Console
from fluxbump.cli.options import (
    AcceptRiskOption,
    AllowDowngradeOption,
    BumpFormat,
    BumpOption,
    ClusterOption,
    ClusterStateOption,
    Color,
    ColorOption,
    ContextOption,
    DryRunOption,
    FluxOption,
    FormatOption,
    HelmOption,
    IndexOption,
    KubernetesOption,
    LeaveGotkOption,
    NoMentionsOption,
    OfflineOption,
    QuietOption,
    ReleasesOption,
    RenderOption,
    RepoOption,
    VerboseOption,
    left,
)

EPILOG = """
Examples: `fluxbump sync --from chart` after somebody has moved the flux2 dependency of the wrapper;
`fluxbump sync --from install-url --dry-run` shows what would follow the install URL.
"""


class From(StrEnum):
    """The pins whose release the others take."""

    INSTALL_URL = "install-url"
    CHART = "chart"


def sync(
    *,
    from_: Annotated[From, typer.Option("--from", help="The pins whose release the others take.")],
    repo: RepoOption = None,
    dry_run: DryRunOption = False,
    output: FormatOption = BumpFormat.TEXT,
    bump: BumpOption = None,
    allow_downgrade: AllowDowngradeOption = False,
    no_mentions: NoMentionsOption = False,
    render: RenderOption = False,
    helm: HelmOption = None,
    flux: FluxOption = None,
    leave_gotk: LeaveGotkOption = False,
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
    """Bring every other pin of the work tree to where the install URLs, or the chart, already are.

    Edits the work tree, all files or none; nothing is staged or committed.
    """
    from fluxbump.bump.bump import Request
    from fluxbump.bump.plan import Options
    from fluxbump.bump.sync_target import SyncSource
    from fluxbump.cli import in_place
    from fluxbump.cli.cluster_facts import accepted, known
    from fluxbump.cli.workspace import open_editable

    console = Console(quiet=quiet, verbose=verbose, color=color.value)
    with open_editable(repo) as ws:
        request = Request(
            target=SyncSource(from_.value),
            # Those that follow are brought to one version, whether they agreed before or not.
            options=Options(
                level=bump.value if bump else ws.settings.bump,
                allow_downgrade=allow_downgrade,
                align=True,
                leave=left(gotk=leave_gotk),
            ),
            mentions=ws.settings.mentions and not no_mentions,
            accepted=accepted(accept_risk),
            known=known(kubernetes, cluster_state, live=cluster, context=context),
        )
        return in_place.run(
            ws,
            request,
            console,
            index=index,
            releases=releases,
            offline=offline,
            helm=helm,
            flux=flux,
            render=render,
            output=output,
            dry_run=dry_run,
        )
