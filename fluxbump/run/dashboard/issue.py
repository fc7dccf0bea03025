"""Reads and writes the dashboard issue of a repository: one, edited in place."""

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
        wanted: the policy wants one, and the forge can have it.
        issue: that it is; None when there is none yet.
        ticked: what people ask for in it.
        problem: why there is none, one sentence; empty otherwise.
    """

    wanted: bool = False
    issue: Issue | None = None
    ticked: frozenset[Ticked] = frozenset()
    problem: str = ""

    @property
    def is_missing(self) -> bool:
        """Whether it is still to be opened."""
        return self.wanted and self.issue is None


def read(forge: Forge) -> Board:
    """Return the dashboard of a repository; what goes wrong is a sentence, and fails no run."""
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
    """Bring the dashboard to a text; return what was done, and the URL; empty for nothing.

    Raises:
        ForgeError: the forge refuses it.
    """
    issue = board.issue
    if issue is None:
        made = publisher.open_issue(dashboard.TITLE, text)
        return f"opened the dashboard{f' #{made.number}' if made.number else ''}", made.url
    if dashboard.is_same(issue.body, text):
        return "", ""
    publisher.edit_issue(issue.number, text)
    return f"changed the dashboard #{issue.number}", issue.url
