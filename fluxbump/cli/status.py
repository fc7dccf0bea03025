"""`fluxbump status`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from fluxbump.cli.console import Console
from fluxbump.cli.options import (
    Color,
    ColorOption,
    ExitCodeOption,
    IndexOption,
    OfflineOption,
    Output,
    OutputOption,
    QuietOption,
    ReleasesOption,
    RepoOption,
    RevOption,
    VerboseOption,
    exit_code_for,
)

if TYPE_CHECKING:
    from fluxbump.check.starting_point import Looked
    from fluxbump.check.status import Survey
    from fluxbump.flux.known_releases import Sources
    from fluxbump.git.objects import CommitSnapshot
    from fluxbump.model import IndexSource
    from fluxbump.workspace import Workspace

_DISAGREE = 1


def status(
    *,
    repo: RepoOption = None,
    rev: RevOption = "HEAD",
    output: OutputOption = Output.TEXT,
    exit_code: ExitCodeOption = False,
    index: IndexOption = None,
    releases: ReleasesOption = None,
    offline: OfflineOption = False,
    color: ColorOption = Color.AUTO,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> int:
    """Show where every pin is, what it holds, and whether they agree.

    Exits with 1 when they do not. With --exit-code it says too what `fluxbump run` would propose.
    """
    from fluxbump.check.status import survey
    from fluxbump.cli.workspace import workspace
    from fluxbump.reports import result_json, text
    from fluxbump.reports.table import Paint

    console = Console(quiet=quiet, verbose=verbose, color=color.value)
    with workspace(repo, rev) as ws:
        with (
            ws.index(index, offline=offline) as source,
            ws.sources(source, index=index, releases=releases, offline=offline) as sources,
        ):
            console.progress("reading the chart index and the repository …")
            looked, outcome = None, ""
            if exit_code:
                looked, view = _look(ws, source, sources)
            else:
                view = survey(ws.snapshot, ws.settings, source)
            if looked is not None:
                outcome = _outcome(ws, looked, console)
            console.progress("")
        if output is Output.JSON:
            console.result(result_json.status(view, ws.snapshot.commit.sha))
        else:
            console.result(text.status(view, Paint(enabled=console.colored())))
        for path in ws.repository.modified({pin.location.path for pin in view.inventory.pins}):
            console.note(f"{path} has uncommitted changes, which are ignored")
    if view.problem:
        console.note(f"not checked against the chart index: {view.problem}")
    if view.disagree or not exit_code:
        return _DISAGREE if view.disagree else 0
    return exit_code_for(outcome)


def _look(
    ws: Workspace[CommitSnapshot], source: IndexSource, sources: Sources
) -> tuple[Looked | None, Survey]:
    """Look as a scheduled run does; without an index only as far as `status` needs."""
    from fluxbump.check import status as survey
    from fluxbump.check.starting_point import look
    from fluxbump.errors import IndexSourceError

    try:
        looked = look(ws.snapshot, ws.settings, source, sources=sources, may_lack_index=True)
    except IndexSourceError as error:
        return None, survey.against(ws.snapshot, ws.settings, error)
    return looked, survey.of(looked)


def _outcome(ws: Workspace[CommitSnapshot], looked: Looked, console: Console) -> str:
    """Decide as a scheduled run does, and say it."""
    from fluxbump.run import next_release
    from fluxbump.run.decision import describe, outcome

    now = datetime.now(UTC)
    decision = next_release.decide(
        looked.before,
        looked.index,
        ws.settings.run,
        now,
        looked.suppressed,
        tagged=looked.tagged(),
    )
    console.note(describe(decision))
    return outcome(decision).value
