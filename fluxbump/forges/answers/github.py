"""The fields that fluxbump reads in the answers of GitHub. Pure.

https://docs.github.com/rest/pulls/pulls, /rest/issues, /rest/repos
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct, field

from fluxbump.forges.forge import PullRequest, RequestState


class _Repository(Struct, frozen=True, kw_only=True):
    full_name: str


class _Side(Struct, frozen=True, kw_only=True):
    ref: str
    sha: str
    repo: _Repository | None
    """None if the fork was deleted."""


class GitHubPull(Struct, frozen=True, kw_only=True):
    """A pull request."""

    number: int
    html_url: str
    node_id: str
    title: str
    body: str | None
    state: Literal["open", "closed"]
    merged_at: str | None
    draft: bool = False
    head: _Side
    base: _Side

    @property
    def is_ours(self) -> bool:
        """Whether the branch is in the repository itself, not in a fork.

        Both sides come from the same answer, so the comparison holds for a renamed repository.
        """
        return self.head.repo is not None and self.head.repo == self.base.repo

    def plain(self) -> PullRequest:
        """Return the pull request as the value that all adapters share."""
        state = RequestState.MERGED if self.merged_at else RequestState(self.state)
        return PullRequest(
            number=self.number, url=self.html_url, branch=self.head.ref, base=self.base.ref,
            title=self.title, body=self.body or "", state=state, draft=self.draft,
            head=self.head.sha,
        )  # fmt: skip


class GitHubBranch(Struct, frozen=True, kw_only=True):
    """A branch in a listing of branches."""

    name: str


class _User(Struct, frozen=True, kw_only=True):
    login: str


class GitHubIssue(Struct, frozen=True, kw_only=True):
    """The assignees of an issue or pull request, as the answer to a change of them lists them."""

    assignees: list[_User] = field(default_factory=list)


class _Rights(Struct, frozen=True, kw_only=True):
    push: bool | None = None


class GitHubRepository(Struct, frozen=True, kw_only=True):
    """The fields of a repository that explain why it refuses a pull request or a push."""

    archived: bool | None = None
    has_pull_requests: bool | None = None
    permissions: _Rights | None = None
