"""`fluxbump status`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from fluxbump.cli.options import (
    ConsoleGroup,
    ExitCodeOption,
    Output,
    OutputOption,
    ReleasesGroup,
    RepoOption,
    RevOption,
    exit_code_for,
)

if TYPE_CHECKING:
    from fluxbump.check.starting_point import Looked
    from fluxbump.check.status import Survey
    from fluxbump.cli.console import Console
    from fluxbump.config.settings import Policy
    from fluxbump.git.objects import CommitSnapshot
    from fluxbump.workspace import Session

_DISAGREE = 1


def status(
    *,
    repo: RepoOption = None,
    rev: RevOption = "HEAD",
    output: OutputOption = Output.TEXT,
    exit_code: ExitCodeOption = False,
    sources: ReleasesGroup,
    console: ConsoleGroup,
) -> int:
    """Show where every pin is, what it holds, and whether they agree.

    Exits with 1 when they do not. With --exit-code it says too what `fluxbump run` would propose.
    """
    from fluxbump.check.status import survey
    from fluxbump.cli.workspace import open_session
    from fluxbump.reports import result_json, text
    from fluxbump.reports.table import Paint
    from fluxbump.workspace import at

    with open_session(repo, at(rev), sources) as session:
        console.progress("reading the chart index and the repository …")
        looked, outcome = None, ""
        if exit_code:
            looked, view = _look(session)
        else:
            view = survey(session.snapshot, session.settings, session.index)
        if looked is not None:
            outcome = _outcome(looked, session.settings.run, console)
        console.progress("")
        if output is Output.JSON:
            console.result(result_json.status(view, session.snapshot.commit.sha))
        else:
            console.result(text.status(view, Paint(enabled=console.colored())))
        for path in session.repository.modified({pin.location.path for pin in view.inventory.pins}):
            console.note(f"{path} has uncommitted changes, which are ignored")
    if view.problem:
        console.note(f"not checked against the chart index: {view.problem}")
    if view.disagree or not exit_code:
        return _DISAGREE if view.disagree else 0
    return exit_code_for(outcome)


def _look(session: Session[CommitSnapshot]) -> tuple[Looked | None, Survey]:
    """Look as a scheduled run does; without an index only as far as `status` needs."""
    from fluxbump.check import status as survey
    from fluxbump.check.starting_point import look
    from fluxbump.errors import IndexSourceError

    snapshot, settings = session.snapshot, session.settings
    try:
        looked = look(
            snapshot, settings, session.index, sources=session.releases, may_lack_index=True
        )
    except IndexSourceError as error:
        return None, survey.against(snapshot, settings, error)
    return looked, survey.of(looked)


def _outcome(looked: Looked, policy: Policy, console: Console) -> str:
    """Decide as a scheduled run does, and say it."""
    from fluxbump.run import next_release
    from fluxbump.run.decision import describe, outcome

    now = datetime.now(UTC)
    decision = next_release.decide(
        looked.before,
        looked.index,
        policy,
        now,
        looked.suppressed,
        tagged=looked.tagged(),
    )
    console.note(describe(decision))
    return outcome(decision).value
