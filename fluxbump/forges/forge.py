"""The interface that all forges implement, and the values that it takes and returns."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from msgspec import Struct


class RequestState(StrEnum):
    """The state of a pull request."""

    OPEN = "open"
    CLOSED = "closed"
    """Closed without a merge."""
    MERGED = "merged"


class PullRequest(Struct, frozen=True):
    """A pull request (GitLab: merge request), as the forge has it.

    Attributes:
        number: its number in the forge's pages.
        url: the URL of its page.
        branch: the branch with the change.
        base: the branch that the change goes to.
        title: the current title.
        body: the current body, in Markdown.
        state: whether it is open, closed or merged.
        draft: whether it is marked as not ready to be merged.
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
    """The wanted content of a pull request.

    Attributes:
        branch: the branch with the change.
        base: the branch that the change goes to.
        title: the title, one line.
        body: the body in Markdown, within the forge's `body_limit`.
        draft: whether to mark it as not ready to be merged.
        labels: labels to set when it is opened; later changes by users stay.
        assignees: users to assign when it is opened; later changes by users stay.
        reviewers: users to ask for a review when it is opened; on GitHub `org/team` is a team.
        auto_merge: whether the forge is to merge it when its checks have passed.
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
    """The features of a forge. The report names a wanted feature that the forge lacks.

    Attributes:
        name: the forge's name for messages: `GitHub`.
        noun: its word for a pull request, for messages: `merge request`.
        body_limit: the most characters of a body.
        drafts: whether a pull request can be a draft.
        labels: whether it can have labels.
        assignees: whether it can have assignees.
        reviewers: whether it can ask for reviews.
        auto_merge: whether the forge can merge it by itself after its checks.
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
    """The state of a commit status."""

    PENDING = "pending"
    SUCCESS = "success"
    FAILURE = "failure"


class CommitStatus(Struct, frozen=True):
    """A line beside the checks of a commit.

    Attributes:
        state: the state that the forge shows.
        text: a description of one line and at most 140 characters.
    """

    state: StatusState
    text: str


class CommitStatuses(Protocol):
    """The statuses of the commits of a repository; each method raises ForgeError."""

    def get(self, commit: str) -> CommitStatus | None:
        """Return fluxbump's status of a commit; None if there is none."""
        ...

    def put(self, commit: str, status: CommitStatus, url: str) -> None:
        """Set fluxbump's status of a commit.

        Args:
            commit: the full name of the commit.
            status: the status, which replaces the one before.
            url: the URL of the page to link, if the forge asks for one.
        """
        ...


class Issue(Struct, frozen=True):
    """An issue of a repository.

    Attributes:
        number: its number in the forge's pages.
        url: the URL of its page.
        body: the current text, in Markdown.
        is_open: whether it is not closed.
    """

    number: int
    url: str
    body: str
    is_open: bool = True


class Issues(Protocol):
    """The issues of a repository; each method raises ForgeError."""

    def ours(self) -> tuple[Issue, ...] | None:
        """Return all issues that the token's account has opened, open or closed.

        None means that the repository has issues disabled.
        """
        ...

    def open(self, title: str, body: str) -> Issue:
        """Open an issue."""
        ...

    def edit(self, number: int, body: str) -> None:
        """Replace the text of an issue."""
        ...


class Standing(Struct, frozen=True):
    """The state of a repository; a field is None if the forge does not tell.

    Attributes:
        archived: whether the repository is read-only for all.
        requests: whether it accepts pull requests.
        writable: whether the token's account may push to it.
        empty: whether it has no commit.
    """

    archived: bool | None = None
    requests: bool | None = None
    writable: bool | None = None
    empty: bool | None = None


class OwnedRepository(Struct, frozen=True):
    """A repository in the listing of an owner.

    Attributes:
        path: its path on the forge, `owner/name`; GitLab: `group/subgroup/name`.
        archived: whether nobody can push to it.
        fork: whether it is a fork of another repository.
        empty: whether it has no commit; False if the forge does not say.
    """

    path: str
    archived: bool
    fork: bool
    empty: bool


class Forge(Protocol):
    """A repository on a forge, with its pull requests.

    Each method raises ForgeError if the forge cannot be reached, refuses the token (401, 403), has
    no such repository (404), or answers in a way that its documentation does not allow. Before
    that, rate limits and temporary failures are waited for, within limits.
    """

    @property
    def capabilities(self) -> Capabilities:
        """The features of this forge."""
        ...

    @property
    def statuses(self) -> CommitStatuses:
        """The statuses of the repository's commits."""
        ...

    @property
    def issues(self) -> Issues | None:
        """The repository's issues; None if fluxbump does not use this forge's issues."""
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
        """Open a pull request, or return the one that the branch has already.

        Labels, assignees, reviewers and auto-merge are set after it is opened. One that cannot be
        set (no such user, no right) does not fail the whole; it is returned as a sentence.
        """
        ...

    def update(self, number: int, proposal: Proposal) -> PullRequest:
        """Set title, body, base and draft of an open pull request to those of a proposal."""
        ...

    def auto_merge(self, pull: PullRequest) -> tuple[str, ...]:
        """Tell the forge to merge an open pull request when its checks have passed.

        Returns:
            A sentence for each obstacle; empty if auto-merge is set.
        """
        ...

    def describe(self, number: int, body: str) -> None:
        """Replace the body of a pull request; for a closed one, `closed_can_change` must be set."""
        ...

    def comment(self, number: int, text: str) -> None:
        """Add a comment to a pull request."""
        ...

    def close(self, number: int, body: str = "") -> None:
        """Close a pull request without merging it; one that is closed already stays closed.

        Args:
            number: the pull request's number.
            body: the new body, set in the same call if the forge can reopen closed ones; empty to
                keep the old one.
        """
        ...

    def protects(self, branch: str) -> bool | None:
        """Whether a branch of this repository is protected; None if the forge does not tell.

        It does not tell if the token may not ask, or if there is no such branch.
        """
        ...

    def standing(self) -> Standing:
        """Return the state of the repository, in order to explain a refusal."""
        ...

    def file_url(self, path: str, line: int, revision: str) -> str:
        """Return the URL of the page for a line of a file at a commit."""
        ...
