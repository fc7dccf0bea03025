"""Finds the dashboard issue of a repository on the forge, and opens or edits it."""

from __future__ import annotations

from msgspec import Struct

from fluxbump.errors import ForgeError
from fluxbump.forges.forge import Forge, Issue
from fluxbump.run.dashboard import body as dashboard
from fluxbump.run.pull_request import boxes
from fluxbump.run.pull_request.boxes import Ticked
from fluxbump.run.remote_and_forge import Publisher


class Board(Struct, frozen=True):
    """The dashboard as a run finds it.

    Attributes:
        wanted: whether the policy wants a dashboard, and the forge can have it.
        issue: the issue of the dashboard. None if there is none yet.
        ticked: the boxes that people ticked in it.
        problem: the reason why there can be no dashboard, one sentence. Empty otherwise.
    """

    wanted: bool = False
    issue: Issue | None = None
    ticked: frozenset[Ticked] = frozenset()
    problem: str = ""

    @property
    def is_missing(self) -> bool:
        """Whether the run has to open the issue."""
        return self.wanted and self.issue is None


def read(forge: Forge) -> Board:
    """Read the dashboard of a repository. A failure is in `problem`, and does not fail the run."""
    name = forge.capabilities.name
    if forge.issues is None:
        return Board(problem=f"no dashboard: fluxbump keeps none on {name}")
    try:
        issues = forge.issues.ours()
    except ForgeError as error:
        return Board(problem=f"no dashboard: {error.message}")
    if issues is None:
        return Board(problem=f"no dashboard: the repository has issues disabled on {name}")
    issue = dashboard.find(issues)
    if issue is not None and not issue.is_open:
        return Board(problem=f"no dashboard: #{issue.number} is closed (reopen it to get it back)")
    ticked = boxes.asked(issue.body) if issue is not None else frozenset[Ticked]()
    return Board(wanted=True, issue=issue, ticked=ticked)


def write(board: Board, publisher: Publisher, text: str) -> tuple[str, str]:
    """Write the text of the dashboard if it has changed.

    Returns:
        What was done, and the URL of the issue. Both are empty if nothing has changed.

    Raises:
        ForgeError: the forge refuses the change.
    """
    issue = board.issue
    if issue is None:
        made = publisher.open_issue(dashboard.TITLE, text)
        return f"opened the dashboard{f' #{made.number}' if made.number else ''}", made.url
    if dashboard.is_same(issue.body, text):
        return "", ""
    publisher.edit_issue(issue.number, text)
    return f"changed the dashboard #{issue.number}", issue.url
