"""`fluxbump status`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from fluxbump.cli.job_options import ExitCodeOption, exit_code_for
from fluxbump.cli.options import (
    ConsoleGroup,
    Output,
    OutputOption,
    ReleasesGroup,
    RepoOption,
    RevOption,
)
from fluxbump.errors import IndexSourceError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from fluxbump.check.repository_state import RepositoryState
    from fluxbump.check.status import Survey
    from fluxbump.cli.console import Console
    from fluxbump.config.settings import Policy
    from fluxbump.model import Snapshot
    from fluxbump.workspace import Session

_DISAGREE = 1  # and where nobody can tell, the code that `check` has for the same: no chart index


def status(
    *,
    repo: RepoOption = None,
    rev: RevOption = "HEAD",
    worktree: Annotated[
        bool,
        typer.Option("--worktree", help="Read the working tree, uncommitted changes included."),
    ] = False,
    output: OutputOption = Output.TEXT,
    exit_code: ExitCodeOption = False,
    sources: ReleasesGroup,
    console: ConsoleGroup,
) -> int:
    """Show every pin, its version, and whether the pins agree.

    Exits with 1 if the pins disagree, and with 7 if fluxbump cannot check that. With --exit-code,
    it also prints the release for which `fluxbump run` would open a pull request.
    """
    from fluxbump.check.status import survey
    from fluxbump.cli.output.local_changes import say_what_differs
    from fluxbump.cli.workspace import open_session
    from fluxbump.git.repository import Repository
    from fluxbump.workspace import at

    if worktree and rev != "HEAD":
        raise UsageError("--worktree and --rev exclude each other")
    take: Callable[[Repository], Snapshot] = at(rev)
    with open_session(repo, Repository.worktree if worktree else take, sources) as session:
        console.progress("reading the chart index and the repository …")
        state, outcome = None, ""
        if exit_code:
            state, view = _state(session)
        else:
            view = survey(session)
        undecided = state.undecided if state else None
        if state is not None and undecided is None:
            outcome = _outcome(state, session.settings.run, console)
        console.progress("")
        _say(view, session.snapshot, output, console)
        instead = "fluxbump status --worktree reads them"
        say_what_differs(session, view.inventory, view.index, console, instead)
        if undecided is not None:
            console.note(f"no release is chosen: {undecided}")
    if view.disagree:
        return _DISAGREE
    if view.problem:
        # The report may go to a file, so the reason of the exit code goes to standard error.
        console.note(f"not checked against the chart index: {view.problem}")
        return IndexSourceError.exit_code
    if undecided is not None:
        return undecided.exit_code
    return exit_code_for(outcome) if exit_code else 0


def _say(view: Survey, snapshot: Snapshot, output: Output, console: Console) -> None:
    from fluxbump.cli.output import typed_command
    from fluxbump.git.objects import CommitSnapshot
    from fluxbump.reports.status_steps import status_steps

    steps = typed_command.placed(status_steps(view))
    if output is Output.JSON:
        from fluxbump.reports.result_json import status as status_json

        commit = snapshot.commit.sha if isinstance(snapshot, CommitSnapshot) else None
        console.result(status_json.status(view, commit, steps))
        return
    from fluxbump.reports import status_text

    console.report(status_text.status(view, steps, console.paint(), datetime.now(UTC)))


def _state(session: Session[Snapshot]) -> tuple[RepositoryState[Snapshot] | None, Survey]:
    """Read the state as a scheduled run does. Without an index, return None and the survey."""
    from fluxbump.check.repository_state import read_state
    from fluxbump.check.status import survey, survey_of
    from fluxbump.errors import IndexSourceError

    try:
        state = read_state(session)
    except IndexSourceError:
        return None, survey(session)
    return state, survey_of(state)


def _outcome(state: RepositoryState[Snapshot], policy: Policy, console: Console) -> str:
    """Decide as a scheduled run does, print the decision, and return the outcome."""
    from fluxbump.run.decision import describe, outcome
    from fluxbump.run.next_release.decide import decide

    now = datetime.now(UTC)
    decision = decide(
        state.before,
        state.index,
        policy,
        now,
        state.suppressed,
        tagged=state.tagged(),
    )
    console.note(describe(decision))
    return outcome(decision).value
