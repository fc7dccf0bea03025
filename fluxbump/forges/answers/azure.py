"""The fields that fluxbump reads in the answers of Azure DevOps. Pure.

https://learn.microsoft.com/rest/api/azure/devops/git/pull-requests
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct, field

from fluxbump.forges.forge import PullRequest, RequestState

HEADS = "refs/heads/"
"""The prefix of the full name of a branch."""

_SHOWN = 400
"""The length at which listings cut descriptions: /git/pull-requests/get-pull-requests."""


class _Identity(Struct, frozen=True, kw_only=True):
    id: str


class _Commit(Struct, frozen=True, kw_only=True):
    commit: str = field(name="commitId")


class AzureRepository(Struct, frozen=True, kw_only=True):
    """A repository: its id, and whether it is disabled, which explains a refusal."""

    id: str
    is_disabled: bool = field(default=False, name="isDisabled")


class AzurePull(Struct, frozen=True, kw_only=True):
    """A pull request. In a listing its description may be cut off."""

    number: int = field(name="pullRequestId")
    title: str
    description: str | None = None
    status: Literal["notSet", "active", "abandoned", "completed"]
    draft: bool = field(default=False, name="isDraft")
    source: str = field(name="sourceRefName")
    target: str = field(name="targetRefName")
    head: _Commit | None = field(default=None, name="lastMergeSourceCommit")
    fork: dict[str, object] | None = field(default=None, name="forkSource")
    repository: AzureRepository
    author: _Identity = field(name="createdBy")

    @property
    def branch(self) -> str:
        """The name of the branch with the change, without `refs/heads/`."""
        return self.source.removeprefix(HEADS)

    @property
    def base(self) -> str:
        """The name of the branch that the change goes to, without `refs/heads/`."""
        return self.target.removeprefix(HEADS)

    @property
    def is_cut(self) -> bool:
        """Whether the description is so long that a listing may have cut it off."""
        return len(self.description or "") >= _SHOWN

    def plain(self, site: str) -> PullRequest:
        """Return the pull request as the value that all adapters share.

        Args:
            site: the URL of the repository, to make the URL of the pull request.
        """
        states = {"completed": RequestState.MERGED, "abandoned": RequestState.CLOSED}
        return PullRequest(
            number=self.number, url=f"{site}/pullrequest/{self.number}", branch=self.branch,
            base=self.base, title=self.title, body=self.description or "",
            state=states.get(self.status, RequestState.OPEN), draft=self.draft,
            head=self.head.commit if self.head else "",
        )  # fmt: skip


class AzurePulls(Struct, frozen=True, kw_only=True):
    """A page of a listing of pull requests."""

    value: list[AzurePull]
