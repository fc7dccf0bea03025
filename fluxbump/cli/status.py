"""`fluxbump status`."""

from __future__ import annotations

from fluxbump.cli.console import Console
from fluxbump.cli.options import (
    Color,
    ColorOption,
    IndexOption,
    OfflineOption,
    Output,
    OutputOption,
    QuietOption,
    RepoOption,
    RevOption,
    VerboseOption,
)

_DISAGREE = 1


def status(
    *,
    repo: RepoOption = None,
    rev: RevOption = "HEAD",
    output: OutputOption = Output.TEXT,
    index: IndexOption = None,
    offline: OfflineOption = False,
    color: ColorOption = Color.AUTO,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> int:
    """Show where every pin is, what it holds, and whether they agree.

    Exits with 1 when they do not.
    """
    from fluxbump.cli.workspace import workspace
    from fluxbump.reports import json as as_json
    from fluxbump.reports import text
    from fluxbump.reports.table import Paint
    from fluxbump.survey import survey

    console = Console(quiet=quiet, verbose=verbose, color=color.value)
    with workspace(repo, rev) as ws:
        with ws.index(index, offline=offline) as source:
            console.progress("reading the chart index and the repository …")
            view = survey(ws.snapshot, ws.settings, source)
            console.progress("")
        if output is Output.JSON:
            console.result(as_json.status(view, ws.snapshot.commit.sha))
        else:
            console.result(text.status(view, Paint(enabled=console.colored())))
        for path in ws.repository.modified({pin.location.path for pin in view.inventory.pins}):
            console.note(f"{path} has uncommitted changes, which are not looked at")
    if view.problem:
        console.note(f"not checked against the chart index: {view.problem}")
    return _DISAGREE if view.findings else 0
