"""Read and write the issues that the token's account has opened, such as a dashboard.

https://docs.github.com/rest/issues/issues, https://docs.gitlab.com/api/issues/,
https://docs.gitea.com/api/ (`issueSearchIssues`).
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from fluxbump.forges.client import Client
from fluxbump.forges.forge import Issue

At = Callable[..., str]
"""A function that makes a path of the repository's API from segments."""

_PAGE = 100
_GITEA_PAGE = 50


class _Person(Struct, frozen=True, kw_only=True):
    login: str


class _Numbered(Struct, frozen=True, kw_only=True):
    """As GitHub and Gitea have it."""

    number: int
    html_url: str
    body: str | None = None
    state: str
    user: _Person | None = None
    pull_request: dict[str, object] | None = None

    def plain(self) -> Issue:
        return Issue(self.number, self.html_url, self.body or "", is_open=self.state == "open")


class _Repository(Struct, frozen=True, kw_only=True):
    has_issues: bool = True


class _Place(Struct, frozen=True, kw_only=True):
    full_name: str


class _Found(_Numbered, frozen=True, kw_only=True):
    repository: _Place


class _OnGitLab(Struct, frozen=True, kw_only=True):
    iid: int
    web_url: str
    description: str | None = None
    state: str

    def plain(self) -> Issue:
        is_open = self.state == "opened"
        return Issue(self.iid, self.web_url, self.description or "", is_open=is_open)


class _Project(Struct, frozen=True, kw_only=True):
    issues_access_level: str = "enabled"


class _Written(Struct, frozen=True):
    """How issues are opened and edited on GitHub, Gitea and Forgejo.

    Attributes:
        client: the client for the forge.
        at: makes paths of the repository's API.
    """

    client: Client
    at: At

    def open(self, title: str, body: str) -> Issue:
        """Open an issue."""
        fields = {"title": title, "body": body}
        return self.client.send("POST", self.at("issues"), body=fields).read(_Numbered).plain()

    def edit(self, number: int, body: str) -> None:
        """Replace the text of an issue."""
        self.client.send("PATCH", self.at("issues", number), body={"body": body}, repeatable=True)


class GitHubIssues(_Written, frozen=True):
    """Issues on GitHub.

    Attributes:
        login: returns the name of the token's account.
    """

    login: Callable[[], str]

    def ours(self) -> tuple[Issue, ...] | None:
        """Return the issues of the token's account; see `Issues.ours`."""
        if not self.client.get(self.at()).read(_Repository).has_issues:
            return None
        login = self.login()
        query: dict[str, str | int] = {"creator": login, "state": "all", "per_page": _PAGE}
        pages = self.client.pages(self.at("issues"), list[_Numbered], query=query)
        return tuple(
            issue.plain()
            for page in pages
            for issue in page
            if issue.pull_request is None and issue.user and issue.user.login == login
        )


class GiteaIssues(_Written, frozen=True):
    """Issues on Gitea and Forgejo.

    Attributes:
        full_name: the repository's path, `owner/name`.
    """

    full_name: str

    def ours(self) -> tuple[Issue, ...] | None:
        """Return the issues of the token's account; see `Issues.ours`."""
        if not self.client.get(self.at()).read(_Repository).has_issues:
            return None
        query: dict[str, str | int] = {
            "created": "true", "state": "all", "type": "issues", "limit": _GITEA_PAGE,
            "owner": self.full_name.partition("/")[0],
        }  # fmt: skip
        pages = self.client.pages("/repos/issues/search", list[_Found], query=query)
        ours = self.full_name.lower()
        return tuple(
            issue.plain()
            for page in pages
            for issue in page
            if issue.repository.full_name.lower() == ours
        )


class GitLabIssues(Struct, frozen=True):
    """Issues on GitLab.

    Attributes:
        client: the client for the forge.
        at: makes paths of the repository's API.
    """

    client: Client
    at: At

    def ours(self) -> tuple[Issue, ...] | None:
        """Return the issues of the token's account; see `Issues.ours`."""
        if self.client.get(self.at()).read(_Project).issues_access_level == "disabled":
            return None
        query: dict[str, str | int] = {
            "scope": "created_by_me", "state": "all", "issue_type": "issue", "per_page": _PAGE,
        }  # fmt: skip
        pages = self.client.pages(self.at("issues"), list[_OnGitLab], query=query)
        return tuple(issue.plain() for page in pages for issue in page)

    def open(self, title: str, body: str) -> Issue:
        """Open an issue."""
        fields = {"title": title, "description": body}
        return self.client.send("POST", self.at("issues"), body=fields).read(_OnGitLab).plain()

    def edit(self, number: int, body: str) -> None:
        """Replace the text of an issue."""
        self.client.send("PUT", self.at("issues", number), body={"description": body})
