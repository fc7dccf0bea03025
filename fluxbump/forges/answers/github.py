"""What GitHub answers: https://docs.github.com/rest/pulls/pulls, /rest/issues, /rest/repos."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from fluxbump.forges.forge import PullRequest, RequestState


class _Repository(BaseModel):
    full_name: str


class _Side(BaseModel):
    ref: str
    sha: str
    repo: _Repository | None
    """None when the fork is deleted."""


class GitHubPull(BaseModel):
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
        """The branch is in the same repository; compared so, a renamed one does no harm."""
        return self.head.repo is not None and self.head.repo == self.base.repo

    def plain(self) -> PullRequest:
        """Return it as every forge has it."""
        state = RequestState.MERGED if self.merged_at else RequestState(self.state)
        return PullRequest(
            number=self.number, url=self.html_url, branch=self.head.ref, base=self.base.ref,
            title=self.title, body=self.body or "", state=state, draft=self.draft,
            head=self.head.sha,
        )  # fmt: skip


class GitHubBranch(BaseModel):
    """A branch, in a listing."""

    name: str


class _User(BaseModel):
    login: str


class GitHubIssue(BaseModel):
    """An issue or pull request after assignees were set: those that it has then."""

    assignees: list[_User] = Field(default_factory=list)


class _Rights(BaseModel):
    push: bool | None = None


class GitHubRepository(BaseModel):
    """A repository, as far as it is looked at to say why something was refused."""

    archived: bool | None = None
    has_pull_requests: bool | None = None
    permissions: _Rights | None = None
