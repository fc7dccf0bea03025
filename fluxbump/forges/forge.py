"""What all forges share: the seam, and the values that cross it."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from msgspec import Struct


class RequestState(StrEnum):
    """What became of a pull request."""

    OPEN = "open"
    CLOSED = "closed"
    """Closed, and not merged."""
    MERGED = "merged"


class PullRequest(Struct, frozen=True):
    """A pull request (GitLab: merge request), as the forge has it.

    Attributes:
        number: what people call it by.
        url: of its page, for people.
        branch: that it comes from.
        base: that it goes to.
        title: as it stands.
        body: as it stands, Markdown.
        state: what became of it.
        draft: it is not ready to be merged.
        head: the branch's tip as the forge knows it; may lag behind a push.
    """

    number: int
    url: str
    branch: str
    base: str
    title: str
    body: str
    state: RequestState
    draft: bool = False
    head: str = ""


class Proposal(Struct, frozen=True):
    """A pull request as it should be.

    Attributes:
        branch: that it comes from.
        base: that it goes to.
        title: one line.
        body: Markdown, within the forge's `body_limit`.
        draft: it is not ready to be merged.
        labels: to set when it is opened; what people add or remove later stays.
        assignees: names as the forge has them, likewise.
        reviewers: names as the forge has them, likewise; on GitHub `org/team` is a team.
        auto_merge: merge it when its checks have passed.
    """

    branch: str
    base: str
    title: str
    body: str
    draft: bool = False
    labels: tuple[str, ...] = ()
    assignees: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()
    auto_merge: bool = False


class Capabilities(Struct, frozen=True):
    """What a forge can do. What it cannot do is said in the report, never dropped in silence.

    Attributes:
        name: of the forge, for people: `GitHub`.
        noun: what it calls a pull request, for people: `merge request`.
        body_limit: characters that a body may have.
        drafts: a pull request can be a draft.
        labels: it can have labels.
        assignees: it can have assignees.
        reviewers: it can ask for reviews.
        auto_merge: it can be told to merge itself.
        hidden: an HTML comment in a body is kept and not shown, and `<details>` is folded.
        diagrams: a code block of the language `mermaid` is drawn.
        tasks: a list item that begins with `[ ]` is a box to click.
        closed_can_change: the body of a closed pull request can change.
        refuses_second: it refuses a second pull request of a branch, also if two programs open one
            in the same moment.
    """

    name: str
    noun: str = "pull request"
    body_limit: int = 65_536
    drafts: bool = True
    labels: bool = True
    assignees: bool = True
    reviewers: bool = True
    auto_merge: bool = True
    hidden: bool = True
    diagrams: bool = False
    tasks: bool = True
    closed_can_change: bool = True
    refuses_second: bool = True


class StatusState(StrEnum):
    """What a commit status says in a word."""

    PENDING = "pending"
    SUCCESS = "success"
    FAILURE = "failure"


class CommitStatus(Struct, frozen=True):
    """A line beside the checks of a commit.

    Attributes:
        state: in a word.
        text: one line, 140 characters at most.
    """

    state: StatusState
    text: str


class CommitStatuses(Protocol):
    """The statuses of the commits of a repository; each method raises ForgeError."""

    def get(self, commit: str) -> CommitStatus | None:
        """Return our status of a commit, None if there is none."""
        ...

    def put(self, commit: str, status: CommitStatus, url: str) -> None:
        """Set our status of a commit.

        Args:
            commit: its name, whole.
            status: takes the place of the one before.
            url: of the page that it leads to, where the forge asks for one.
        """
        ...


class Issue(Struct, frozen=True):
    """An issue of a repository.

    Attributes:
        number: what people call it by.
        url: of its page, for people.
        body: as it stands, Markdown.
        is_open: it is not closed.
    """

    number: int
    url: str
    body: str
    is_open: bool = True


class Issues(Protocol):
    """The issues of a repository; each method raises ForgeError."""

    def ours(self) -> tuple[Issue, ...] | None:
        """Return every issue that the account of the token opened, open or closed.

        None if the repository has no issues.
        """
        ...

    def open(self, title: str, body: str) -> Issue:
        """Open an issue."""
        ...

    def edit(self, number: int, body: str) -> None:
        """Replace the text of an issue."""
        ...


class Standing(Struct, frozen=True):
    """The state of a repository, as far as the forge tells it; None for what it does not tell.

    Attributes:
        archived: nobody can change anything in it.
        requests: it takes pull requests.
        writable: the account of the token may push to it.
        empty: it has no commit.
    """

    archived: bool | None = None
    requests: bool | None = None
    writable: bool | None = None
    empty: bool | None = None


class OwnedRepository(Struct, frozen=True):
    """A repository in a listing.

    Attributes:
        path: on the forge, `owner/name`; GitLab: `group/subgroup/name`.
        archived: nobody can push to it.
        fork: it was made from another one.
        empty: it has no commit, as far as the forge says so.
    """

    path: str
    archived: bool
    fork: bool
    empty: bool


class Forge(Protocol):
    """Where pull requests live.

    Every method raises ForgeError: the forge cannot be reached, refuses the token (401, 403),
    has no such repository (404), or answers what its documentation does not allow. Rate limits and
    passing failures are waited for, within bounds, before that.
    """

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""
        ...

    @property
    def statuses(self) -> CommitStatuses:
        """The statuses of its commits."""
        ...

    @property
    def issues(self) -> Issues | None:
        """Its issues; None if the forge has none that we use."""
        ...

    def find(self, branch: str) -> tuple[PullRequest, ...]:
        """Return every pull request that comes from a branch of this repository, newest first.

        Open, closed and merged ones; those from forks are not ours.
        """
        ...

    def list(self, prefix: str) -> tuple[PullRequest, ...]:
        """Return the open pull requests whose branch begins with `prefix`, newest first."""
        ...

    def open(self, proposal: Proposal) -> tuple[PullRequest, tuple[str, ...]]:
        """Open a pull request; return the one that is there when the branch has one already.

        Labels, assignees, reviewers and auto-merge are set after it is opened. One that cannot be
        set (no such user, no right) does not fail the whole; it is returned as a sentence.
        """
        ...

    def update(self, number: int, proposal: Proposal) -> PullRequest:
        """Bring title, body, base and draft of an open pull request in line with a proposal."""
        ...

    def auto_merge(self, pull: PullRequest) -> tuple[str, ...]:
        """Have an open pull request merged when its checks have passed.

        Returns:
            A sentence for each thing that is in the way; nothing when it is set.
        """
        ...

    def describe(self, number: int, body: str) -> None:
        """Replace the body of a pull request; a closed one only where `closed_can_change`."""
        ...

    def comment(self, number: int, text: str) -> None:
        """Add a comment to a pull request."""
        ...

    def close(self, number: int, body: str = "") -> None:
        """Close a pull request without merging it; one that is closed already stays closed.

        Args:
            number: of the pull request.
            body: what it says from then on, in the same call, where a closed one can be opened
                again; empty for what it says already.
        """
        ...

    def protects(self, branch: str) -> bool | None:
        """Tell whether a branch of this repository is protected; None if the forge does not tell.

        It does not tell if the token may not ask, or if there is no such branch.
        """
        ...

    def standing(self) -> Standing:
        """Return the state of the repository: asked when something was refused, to say why."""
        ...

    def file_url(self, path: str, line: int, revision: str) -> str:
        """Return the address of a line of a file at a commit, for people."""
        ...
