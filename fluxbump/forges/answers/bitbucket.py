"""The fields that fluxbump reads in the answers of Bitbucket Cloud. Pure.

https://developer.atlassian.com/cloud/bitbucket/rest/api-group-pullrequests/
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct, field

from fluxbump.forges.forge import PullRequest, RequestState

_FULL = 40

_State = Literal["OPEN", "DRAFT", "QUEUED", "MERGED", "DECLINED", "SUPERSEDED"]
_ENDED: dict[_State, RequestState] = {
    "MERGED": RequestState.MERGED,
    "DECLINED": RequestState.CLOSED,
    "SUPERSEDED": RequestState.CLOSED,
}


class _Repository(Struct, frozen=True, kw_only=True):
    uuid: str


class _Branch(Struct, frozen=True, kw_only=True):
    name: str


class _Commit(Struct, frozen=True, kw_only=True):
    hash: str


class _Side(Struct, frozen=True, kw_only=True):
    branch: _Branch
    commit: _Commit | None = None
    repository: _Repository | None = None
    """None if the fork was deleted."""


class _Link(Struct, frozen=True, kw_only=True):
    href: str


class _Links(Struct, frozen=True, kw_only=True):
    html: _Link


class _Text(Struct, frozen=True, kw_only=True):
    raw: str | None = None


class _User(Struct, frozen=True, kw_only=True):
    uuid: str


class BitbucketPull(Struct, frozen=True, kw_only=True):
    """A pull request. Some answers have its text in `description`, others in `summary`."""

    id: int
    title: str
    description: str | None = None
    summary: _Text = field(default_factory=_Text)
    state: _State
    draft: bool = False
    source: _Side
    destination: _Side
    links: _Links
    reviewers: list[_User] = field(default_factory=list)

    @property
    def is_ours(self) -> bool:
        """Whether the branch is in the repository itself, not in a fork."""
        there = self.source.repository
        return there is not None and there == self.destination.repository

    def plain(self) -> PullRequest:
        """Return the pull request as the value that all adapters share."""
        # Most answers cut a hash to 12 digits, which may fit other commits too.
        commit = self.source.commit.hash if self.source.commit else ""
        return PullRequest(
            number=self.id, url=self.links.html.href, branch=self.source.branch.name,
            base=self.destination.branch.name, title=self.title,
            body=self.description or self.summary.raw or "",
            state=_ENDED.get(self.state, RequestState.OPEN), draft=self.draft,
            head=commit if len(commit) == _FULL else "",
        )  # fmt: skip


class BitbucketPage(Struct, frozen=True, kw_only=True):
    """A page of a listing of pull requests. `next` is the URL of the next page, or None."""

    values: list[BitbucketPull]
    next: str | None = None
