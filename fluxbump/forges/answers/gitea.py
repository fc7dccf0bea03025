"""What Gitea and Forgejo answer: `templates/swagger/v1_json.tmpl`, `services/convert/pull.go`."""

from __future__ import annotations

import re
from typing import Literal

from msgspec import Struct

from fluxbump.forges.forge import PullRequest, RequestState
from fluxbump.text.patterns import lazy_pattern

_MARK = lazy_pattern(r"(?:(?:wip:|\[wip\]|draft:|\[draft\])\s*)+", re.IGNORECASE)
"""The prefixes of a draft's title: `WORK_IN_PROGRESS_PREFIXES`, and what is often added."""


class GiteaMergeStyle(Struct, frozen=True, kw_only=True):
    """A repository, as far as it says how it merges."""

    default_merge_style: str = "merge"


class _Side(Struct, frozen=True, kw_only=True):
    label: str
    """The branch; `ref` is not it any more when the branch is deleted."""
    sha: str
    repo_id: int
    """-1 when the fork is deleted."""


class GiteaPull(Struct, frozen=True, kw_only=True):
    """A pull request."""

    number: int
    html_url: str
    title: str
    body: str | None
    state: Literal["open", "closed"]
    merged: bool = False
    draft: bool | None = None
    """None on servers that do not say it."""
    head: _Side
    base: _Side

    @property
    def is_ours(self) -> bool:
        """Whether the branch is in the same repository."""
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
    """A user."""

    login: str


class GiteaLabel(Struct, frozen=True, kw_only=True):
    """A label."""

    id: int
    name: str


class _Rights(Struct, frozen=True, kw_only=True):
    push: bool | None = None


class GiteaRepository(Struct, frozen=True, kw_only=True):
    """A repository: the fields that explain a refusal."""

    archived: bool | None = None
    has_pull_requests: bool | None = None
    empty: bool | None = None
    permissions: _Rights | None = None


class GiteaBranch(Struct, frozen=True, kw_only=True):
    """A branch, and what protects it."""

    protected: bool = False
    enable_status_check: bool = False
    status_check_contexts: list[str] | None = None
