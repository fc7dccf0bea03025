"""What Azure DevOps answers: https://learn.microsoft.com/rest/api/azure/devops/git/pull-requests."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from fluxbump.forges.forge import PullRequest, RequestState

HEADS = "refs/heads/"
"""What the full name of a branch begins with."""

_SHOWN = 400
"""Characters of a description that listings have: /git/pull-requests/get-pull-requests."""


class _Identity(BaseModel):
    id: str


class _Commit(BaseModel):
    commit: str = Field(alias="commitId")


class AzureRepository(BaseModel):
    """A repository."""

    id: str
    is_disabled: bool = Field(default=False, alias="isDisabled")


class AzurePull(BaseModel):
    """A pull request; in a listing its description may be cut."""

    number: int = Field(alias="pullRequestId")
    title: str
    description: str | None = None
    status: Literal["notSet", "active", "abandoned", "completed"]
    draft: bool = Field(default=False, alias="isDraft")
    source: str = Field(alias="sourceRefName")
    target: str = Field(alias="targetRefName")
    head: _Commit | None = Field(default=None, alias="lastMergeSourceCommit")
    fork: dict[str, object] | None = Field(default=None, alias="forkSource")
    repository: AzureRepository
    author: _Identity = Field(alias="createdBy")

    @property
    def branch(self) -> str:
        """That it comes from."""
        return self.source.removeprefix(HEADS)

    @property
    def base(self) -> str:
        """The branch that it goes to."""
        return self.target.removeprefix(HEADS)

    @property
    def is_cut(self) -> bool:
        """The description may go on."""
        return len(self.description or "") >= _SHOWN

    def plain(self, site: str) -> PullRequest:
        """Return it as every forge has it.

        Args:
            site: address of the repository, for people.
        """
        states = {"completed": RequestState.MERGED, "abandoned": RequestState.CLOSED}
        return PullRequest(
            number=self.number, url=f"{site}/pullrequest/{self.number}", branch=self.branch,
            base=self.base, title=self.title, body=self.description or "",
            state=states.get(self.status, RequestState.OPEN), draft=self.draft,
            head=self.head.commit if self.head else "",
        )  # fmt: skip


class AzurePulls(BaseModel):
    """A page of a listing."""

    value: list[AzurePull]
