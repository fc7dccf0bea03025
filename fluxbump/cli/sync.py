"""`fluxbump sync --from install-url|chart`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from fluxbump.cli.options import (
    BumpFormat,
    BumpSourcesGroup,
    ConsoleGroup,
    DryRunOption,
    EditedRepoOption,
    FormatOption,
    RenderOption,
    RiskGroup,
    SyncGroup,
)


class From(StrEnum):
    """The pins whose release the others take."""

    INSTALL_URL = "install-url"
    CHART = "chart"


def sync(
    *,
    from_: Annotated[From, typer.Option("--from", help="The pins whose release the others take.")],
    repo: EditedRepoOption = None,
    dry_run: DryRunOption = False,
    output: FormatOption = BumpFormat.TEXT,
    asked: SyncGroup,
    render: RenderOption = False,
    risk: RiskGroup,
    sources: BumpSourcesGroup,
    console: ConsoleGroup,
) -> int:
    """Move every pin to the release of the install URL or chart.

    Edits the working tree, all files or none. It stages and commits nothing.
    """
    from functools import partial

    from msgspec.structs import replace

    from fluxbump.bump.sync_target import SyncSource
    from fluxbump.cli import in_place
    from fluxbump.cli.bump_request import request
    from fluxbump.cli.workspace import WITH_A_WORKING_TREE, open_session
    from fluxbump.git.repository import Repository

    # The pins that follow get one version, whether they agreed before or not.
    asked = replace(asked, align=True)
    take = partial(Repository.editable, instead=WITH_A_WORKING_TREE)
    with open_session(repo, take, sources) as session:
        target = SyncSource(from_.value)
        wanted = request(target, asked, risk, session.settings)
        return in_place.run(session, wanted, console, render=render, output=output, dry_run=dry_run)
