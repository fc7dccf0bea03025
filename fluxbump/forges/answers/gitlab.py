"""The fields that fluxbump reads in the answers of GitLab. Pure.

https://docs.gitlab.com/api/merge_requests/, /api/projects/, /api/users/
"""

from __future__ import annotations

import re
from typing import Literal

from msgspec import Struct, field

from fluxbump.forges.forge import PullRequest, RequestState
from fluxbump.text.patterns import lazy_pattern

_MARK = lazy_pattern(r"(?:(?:draft:|\[draft\]|\(draft\))\s*)+", re.IGNORECASE)
"""The prefixes that mark the title of a merge request as a draft.

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
    """None if the fork was deleted."""
    target_project_id: int
    sha: str | None = None

    @property
    def is_ours(self) -> bool:
        """Whether the branch is in the project itself, not in a fork."""
        return self.source_project_id == self.target_project_id

    def plain(self) -> PullRequest:
        """Return the pull request as the value that all adapters share."""
        # A merge request is `locked` while GitLab merges it, so it counts as open.
        states = {"closed": RequestState.CLOSED, "merged": RequestState.MERGED}
        mark = _MARK.match(self.title) if self.draft else None
        return PullRequest(
            number=self.iid, url=self.web_url, branch=self.source_branch, base=self.target_branch,
            title=self.title[mark.end() :] if mark else self.title, body=self.description or "",
            state=states.get(self.state, RequestState.OPEN), draft=self.draft, head=self.sha or "",
        )  # fmt: skip


class GitLabProject(Struct, frozen=True, kw_only=True):
    """The fields of a project that explain why it refuses a merge request."""

    archived: bool | None = None
    merge_requests_access_level: str = ""


class GitLabBranch(Struct, frozen=True, kw_only=True):
    """The protection of a branch."""

    protected: bool


class GitLabUser(Struct, frozen=True, kw_only=True):
    """A user, with the id by which a merge request gets its assignees and reviewers."""

    id: int
    username: str


class GitLabPeople(Struct, frozen=True, kw_only=True):
    """The people of a merge request, as the answer to a change of them lists them."""

    assignees: list[GitLabUser] = field(default_factory=list)
    reviewers: list[GitLabUser] = field(default_factory=list)
