"""What GitLab answers: https://docs.gitlab.com/api/merge_requests/, /api/projects/, /api/users/."""

from __future__ import annotations

import re
from typing import Literal

from msgspec import Struct, field

from fluxbump.forges.forge import PullRequest, RequestState
from fluxbump.text.patterns import lazy_pattern

_MARK = lazy_pattern(r"(?:(?:draft:|\[draft\]|\(draft\))\s*)+", re.IGNORECASE)
"""The prefixes that mark a title as that of a draft.

https://docs.gitlab.com/user/project/merge_requests/drafts/
"""


class MergeRequest(Struct, frozen=True, kw_only=True):
    """A merge request."""

    iid: int
    web_url: str
    title: str
    description: str | None
    state: Literal["opened", "closed", "locked", "merged"]
    draft: bool = False
    source_branch: str
    target_branch: str
    source_project_id: int | None
    """None when the fork is deleted."""
    target_project_id: int
    sha: str | None = None

    @property
    def is_ours(self) -> bool:
        """Whether the branch is in the same project."""
        return self.source_project_id == self.target_project_id

    def plain(self) -> PullRequest:
        """Return the pull request as the value that all adapters share."""
        # It is locked for the moments in which it is merged.
        states = {"closed": RequestState.CLOSED, "merged": RequestState.MERGED}
        mark = _MARK.match(self.title) if self.draft else None
        return PullRequest(
            number=self.iid, url=self.web_url, branch=self.source_branch, base=self.target_branch,
            title=self.title[mark.end() :] if mark else self.title, body=self.description or "",
            state=states.get(self.state, RequestState.OPEN), draft=self.draft, head=self.sha or "",
        )  # fmt: skip


class GitLabProject(Struct, frozen=True, kw_only=True):
    """A project: the fields that explain a refusal."""

    archived: bool | None = None
    merge_requests_access_level: str = ""


class GitLabBranch(Struct, frozen=True, kw_only=True):
    """A branch."""

    protected: bool


class GitLabUser(Struct, frozen=True, kw_only=True):
    """A user."""

    id: int
    username: str


class GitLabPeople(Struct, frozen=True, kw_only=True):
    """A merge request after people were set: those that it has then."""

    assignees: list[GitLabUser] = field(default_factory=list)
    reviewers: list[GitLabUser] = field(default_factory=list)
