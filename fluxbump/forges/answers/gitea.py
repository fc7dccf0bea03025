"""The fields that fluxbump reads in the answers of Gitea and Forgejo. Pure.

Sources in their code: `templates/swagger/v1_json.tmpl`, `services/convert/pull.go`.
"""

from __future__ import annotations

import re
from typing import Literal

from msgspec import Struct

from fluxbump.forges.forge import PullRequest, RequestState
from fluxbump.text.patterns import lazy_pattern

_MARK = lazy_pattern(r"(?:(?:wip:|\[wip\]|draft:|\[draft\])\s*)+", re.IGNORECASE)
"""The prefixes that mark a title as a draft: `WORK_IN_PROGRESS_PREFIXES`, and common additions."""


class GiteaMergeStyle(Struct, frozen=True, kw_only=True):
    """The way in which a repository merges pull requests by default."""

    default_merge_style: str = "merge"


class _Side(Struct, frozen=True, kw_only=True):
    label: str
    """The name of the branch. `ref` does not hold it any more after the branch was deleted."""
    sha: str
    repo_id: int
    """-1 if the fork was deleted."""


class GiteaPull(Struct, frozen=True, kw_only=True):
    """A pull request."""

    number: int
    html_url: str
    title: str
    body: str | None
    state: Literal["open", "closed"]
    merged: bool = False
    draft: bool | None = None
    """None on servers that do not report it."""
    head: _Side
    base: _Side

    @property
    def is_ours(self) -> bool:
        """Whether the branch is in the repository itself, not in a fork."""
        return self.head.repo_id == self.base.repo_id

    def plain(self) -> PullRequest:
        """Return the pull request as the value that all adapters share."""
        mark = None if self.draft is False else _MARK.match(self.title)
        return PullRequest(
            number=self.number, url=self.html_url, branch=self.head.label, base=self.base.label,
            title=self.title[mark.end() :] if mark else self.title, body=self.body or "",
            state=RequestState.MERGED if self.merged else RequestState(self.state),
            draft=bool(mark or self.draft), head=self.head.sha,
        )  # fmt: skip


class GiteaUser(Struct, frozen=True, kw_only=True):
    """A user who can be assigned to a pull request."""

    login: str


class GiteaLabel(Struct, frozen=True, kw_only=True):
    """A label of the repository, with the id by which a pull request gets it."""

    id: int
    name: str


class _Rights(Struct, frozen=True, kw_only=True):
    push: bool | None = None


class GiteaRepository(Struct, frozen=True, kw_only=True):
    """The fields of a repository that explain why it refuses a pull request or a push."""

    archived: bool | None = None
    has_pull_requests: bool | None = None
    empty: bool | None = None
    permissions: _Rights | None = None


class GiteaBranch(Struct, frozen=True, kw_only=True):
    """The protection of a branch, and the status checks that it requires."""

    protected: bool = False
    enable_status_check: bool = False
    status_check_contexts: list[str] | None = None
