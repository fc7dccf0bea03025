"""`fluxbump releases`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from fluxbump.cli.options import (
    ConsoleGroup,
    IndexGroup,
    Output,
    OutputOption,
    RepoOption,
    RevOption,
)

if TYPE_CHECKING:
    from pathlib import Path

    from fluxbump.cli.console import Console
    from fluxbump.config.source_options import SourceOptions
    from fluxbump.helm.chart_releases import ChartIndex
    from fluxbump.model import Track


def releases(
    *,
    repo: RepoOption = None,
    rev: RevOption = "HEAD",
    limit: Annotated[
        int, typer.Option("--limit", min=0, help="How many to list. 0 lists all.")
    ] = 20,
    prereleases: Annotated[
        bool, typer.Option("--prereleases", help="List prereleases too.")
    ] = False,
    output: OutputOption = Output.TEXT,
    sources: IndexGroup,
    console: ConsoleGroup,
) -> None:
    """List the Flux releases, and the chart that ships each.

    In a repository, the column HERE marks the release of its pins.
    """
    from fluxbump.check.status import listed
    from fluxbump.cli.output import typed_command
    from fluxbump.model import FLUX
    from fluxbump.reports import status_text
    from fluxbump.reports.result_json import status as status_json
    from fluxbump.reports.status_steps import releases_steps

    chart_index, held = _look(repo, rev, sources, console)
    rows = listed(chart_index, held, prereleases=prereleases)
    shown = rows[:limit] if limit else rows
    steps = typed_command.placed(releases_steps(rows, held.get(FLUX)))
    if output is Output.JSON:
        console.result(status_json.releases(shown, chart_index, steps))
        return
    if len(shown) < len(rows):
        console.note(
            f"{len(rows) - len(shown)} older releases are not listed (--limit 0 lists all)"
        )
    paint = console.paint()
    console.report(status_text.releases(shown, chart_index, steps, paint, datetime.now(UTC)))


def _look(
    repo: Path | None, rev: str, sources: SourceOptions, console: Console
) -> tuple[ChartIndex, dict[Track, str]]:
    from fluxbump.cli.output.unread_files import say_unread
    from fluxbump.cli.workspace import open_session
    from fluxbump.config.settings import Settings
    from fluxbump.discover.inventory import discover
    from fluxbump.discover.tracks import current
    from fluxbump.errors import RepositoryError
    from fluxbump.flux import releases as resolve
    from fluxbump.sources import index_source
    from fluxbump.workspace import at

    try:
        with open_session(repo, at(rev), sources) as session:
            loaded = session.index.load()
            scope = session.settings.scope(resolve.app_versions(resolve.known(loaded)))
            inventory = discover(session.snapshot, scope)
            say_unread(inventory.unreadable, console)
            return loaded, current(inventory)
    except RepositoryError as error:
        if repo is not None:
            raise
        console.note(f"the column HERE is empty: {error.message}")
    with index_source(sources, Settings(), None) as source:
        return source.load(), {}
