"""GitHub and GitHub Enterprise.

https://docs.github.com/rest/pulls/pulls, /rest/issues, and `github_graphql` for what REST has not.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Mapping
from typing import Unpack
from urllib.parse import quote

import httpx
from msgspec.structs import replace

from fluxbump.errors import ForgeError
from fluxbump.forges.answers.github import GitHubBranch, GitHubIssue, GitHubPull, GitHubRepository
from fluxbump.forges.authorization import bearer
from fluxbump.forges.client import Client, Transport, path
from fluxbump.forges.commit_statuses import on_github
from fluxbump.forges.forge import (
    Capabilities,
    CommitStatuses,
    Forge,
    Issues,
    Proposal,
    PullRequest,
    Standing,
)
from fluxbump.forges.github_graphql import ENTERPRISE, GraphQL, MergeSettings
from fluxbump.forges.issues import GitHubIssues
from fluxbump.forges.pull_requests import ended, opened, segments, soft, soft_each, told
from fluxbump.forges.responses import Answer, StatusError
from fluxbump.system.secret import Secret

NAME = "github"

_CAPABILITIES = Capabilities(
    name="GitHub",
    diagrams=True,  # docs.github.com, "Creating diagrams"
)
_HEADERS = {"accept": "application/vnd.github+json", "x-github-api-version": "2022-11-28"}
_PAGE = 100
_INVALID = httpx.codes.UNPROCESSABLE_ENTITY


def connect(
    api_base: str,
    repository: str,
    secret: Secret,
    account: str = "",
    **transport: Unpack[Transport],
) -> Forge:
    """Return the adapter for a repository.

    Args:
        api_base: `https://api.github.com`, or `https://HOST/api/v3` for GitHub Enterprise.
        repository: `owner/name`.
        secret: a token; fine-grained: contents and pull requests, write.
        account: the token's account; it is not needed, because the token is enough.
        transport: the settings to reach the forge.

    Raises:
        ForgeError: `repository` has another form, or the token cannot be sent there.
    """
    owner, name = segments(_CAPABILITIES.name, repository, "OWNER/NAME")
    client = Client(
        _CAPABILITIES.name, api_base, bearer(secret), _HEADERS, advise=_advice, **transport
    )
    return GitHub(client, owner, name)


class GitHub:
    """Pull requests of one repository on GitHub."""

    def __init__(self, client: Client, owner: str, name: str) -> None:
        self._client = client
        self._graphql = GraphQL(client)
        self._owner = owner
        self._name = name

    @property
    def capabilities(self) -> Capabilities:
        """The features of this forge."""
        return _CAPABILITIES

    @property
    def statuses(self) -> CommitStatuses:
        """The statuses of the repository's commits."""
        return on_github(self._client, self._at)

    @property
    def issues(self) -> Issues | None:
        """The issues of the repository."""
        return GitHubIssues(self._client, self._at, self._graphql.login)

    def find(self, branch: str) -> tuple[PullRequest, ...]:
        """Return every pull request that comes from a branch of this repository, newest first."""
        found = self._pulls({"head": f"{self._owner}:{branch}", "state": "all"})
        return tuple(pull for pull in found if pull.branch == branch)

    def list(self, prefix: str) -> tuple[PullRequest, ...]:
        """Return the open pull requests whose branch begins with `prefix`, newest first."""
        found = self._pulls({"state": "open"})
        return tuple(pull for pull in found if pull.branch.startswith(prefix))

    def open(self, proposal: Proposal) -> tuple[PullRequest, tuple[str, ...]]:
        """Open a pull request, or return the one that the branch has already."""
        notes: builtins.list[str] = []
        pull, new = opened(
            self, self._client, proposal,
            lambda: self._created(proposal, notes),
            there_already=_is_there,
        )  # fmt: skip
        return pull, (*notes, *self._extras(pull.number, proposal)) if new else ()

    def update(self, number: int, proposal: Proposal) -> PullRequest:
        """Set title, body, base and draft of an open pull request to those of a proposal.

        A draft stays as it is where the repository has no drafts.
        """
        pull = self._changed(number, title=proposal.title, body=proposal.body, base=proposal.base)
        if pull.draft == proposal.draft:
            return pull.plain()
        problem = self._graphql.set_draft(pull.node_id, draft=proposal.draft)
        if not problem:
            return replace(pull.plain(), draft=proposal.draft)
        if "not supported" in problem:
            return pull.plain()
        raise ForgeError(f"GitHub: cannot change whether #{number} is a draft: {problem}")

    def auto_merge(self, pull: PullRequest) -> tuple[str, ...]:
        """Tell the forge to merge a pull request when its checks have passed."""
        return tuple(soft("auto-merge", lambda: self._automatic(pull.number)))

    def describe(self, number: int, body: str) -> None:
        """Replace the body of a pull request."""
        self._changed(number, body=body)

    def comment(self, number: int, text: str) -> None:
        """Add a comment to a pull request."""
        self._client.send("POST", self._at("issues", number, "comments"), body={"body": text})

    def close(self, number: int, body: str = "") -> None:
        """Close a pull request without merging it; one that is closed already stays closed."""
        where = self._at("pulls", number)
        ended(
            lambda: self._changed(number, state="closed", **({"body": body} if body else {})),
            lambda: self._client.get(where).read(GitHubPull).plain().state,
        )

    def protects(self, branch: str) -> bool | None:
        """Whether branch protection or a ruleset protects a branch.

        https://docs.github.com/rest/branches/branches, `protected` of the listing.
        """
        query: dict[str, str | int] = {"protected": "true", "per_page": _PAGE}
        pages = self._client.pages(self._at("branches"), builtins.list[GitHubBranch], query=query)
        return told(lambda: any(found.name == branch for page in pages for found in page))

    def standing(self) -> Standing:
        """Return the state of the repository.

        https://docs.github.com/rest/repos/repos, "Get a repository".
        """
        found = self._client.get(self._at()).read(GitHubRepository)
        writable = found.permissions.push if found.permissions else None
        return Standing(found.archived, found.has_pull_requests, writable)

    def file_url(self, path: str, line: int, revision: str) -> str:
        """Return the URL of the page for a line of a file at a commit."""
        place = f"{self._owner}/{self._name}/blob/{revision}/{path}"
        return f"{_pages(self._client.base)}/{quote(place)}#L{line}"

    def _at(self, *segments: str | int) -> str:
        return path("repos", self._owner, self._name, *segments)

    def _pulls(self, query: dict[str, str | int]) -> Iterable[PullRequest]:
        query |= {"sort": "created", "direction": "desc", "per_page": _PAGE}
        pages = self._client.pages(self._at("pulls"), builtins.list[GitHubPull], query=query)
        return (pull.plain() for page in pages for pull in page if pull.is_ours)

    def _changed(self, number: int, **fields: str) -> GitHubPull:
        where = self._at("pulls", number)
        return self._client.send("PATCH", where, body=fields, repeatable=True).read(GitHubPull)

    def _created(self, proposal: Proposal, notes: builtins.list[str]) -> PullRequest:
        """Open a pull request, and add a note for each feature that the repository lacks."""
        body: dict[str, object] = {
            "title": proposal.title, "body": proposal.body,
            "head": proposal.branch, "base": proposal.base,
        }  # fmt: skip
        try:
            return self._post(body | {"draft": proposal.draft})
        except StatusError as error:
            # Private repositories of some plans have no drafts.
            if not proposal.draft or "not supported" not in error.said:
                raise
        notes.append("not a draft: GitHub has no drafts in this repository")
        return self._post(body)

    def _post(self, body: Mapping[str, object]) -> PullRequest:
        return self._client.send("POST", self._at("pulls"), body=body).read(GitHubPull).plain()

    # --- what may fail without failing the whole ----------------------------------------------

    def _extras(self, number: int, proposal: Proposal) -> builtins.list[str]:
        notes: builtins.list[str] = []
        if proposal.labels:
            where = self._at("issues", number, "labels")
            body = {"labels": [*proposal.labels]}
            notes += soft("labels", lambda: self._sent(where, body))
        if proposal.assignees:
            notes += soft("assignees", lambda: self._assigned(number, proposal.assignees))
        if proposal.reviewers:
            notes += self._asked(number, proposal.reviewers)
        if proposal.auto_merge:
            notes += soft("auto-merge", lambda: self._automatic(number))
        return notes

    def _sent(self, where: str, body: Mapping[str, object]) -> None:
        # To set what is set already does no harm.
        self._client.send("POST", where, body=body, repeatable=True)

    def _assigned(self, number: int, names: tuple[str, ...]) -> str | None:
        """Set assignees. GitHub drops names that cannot be assigned, and says nothing."""
        where = self._at("issues", number, "assignees")
        body = {"assignees": [*names]}
        answer = self._client.send("POST", where, body=body, repeatable=True)
        there = {user.login.lower() for user in answer.read(GitHubIssue).assignees}
        missing = [name for name in names if name.lower() not in there]
        return f"GitHub did not take {', '.join(missing)}" if missing else None

    def _asked(self, number: int, names: tuple[str, ...]) -> builtins.list[str]:
        """Ask for reviews: all at once, and one by one when GitHub refuses one of them."""
        try:
            self._review(number, names)
        except ForgeError as error:
            refused = isinstance(error, StatusError) and error.status == _INVALID
            if not refused or len(names) == 1:
                return [f"reviewers {', '.join(names)} not set: {error.message}"]
        else:
            return []
        return soft_each("reviewer", names, lambda name: self._review(number, (name,)))

    def _review(self, number: int, names: tuple[str, ...]) -> None:
        teams = [name.partition("/")[2] for name in names if "/" in name]
        users = [name for name in names if "/" not in name]
        body = {"reviewers": users, "team_reviewers": teams}
        self._sent(self._at("pulls", number, "requested_reviewers"), body)

    def _automatic(self, number: int) -> str | None:
        settings = self._client.get(self._at()).read(MergeSettings)
        if settings.allow_auto_merge is False:
            return "the repository does not allow it (Settings, General, Allow auto-merge)"
        pull = self._client.get(self._at("pulls", number)).read(GitHubPull)
        return self._graphql.auto_merge(pull.node_id, settings.method)


def _is_there(error: StatusError) -> bool:
    return error.status == _INVALID and "already exists" in error.said


def _pages(base: str) -> str:
    """Return the URL of the forge's pages, given that of the REST API."""
    if base.endswith(ENTERPRISE):
        return base.removesuffix(ENTERPRISE)
    return base.replace("://api.", "://", 1)


def _advice(answer: Answer) -> str | None:
    """Return which right a token lacks: GitHub names it in headers.

    https://docs.github.com/rest/authentication/permissions-required-for-fine-grained-personal-access-tokens
    """
    if answer.status != httpx.codes.FORBIDDEN:
        return None
    if "not permitted to create" in answer.said():
        return "Settings, Actions, General: allow GitHub Actions to create pull requests"
    if "required" in answer.headers.get("x-github-sso", ""):
        return "authorize the token for the organization's single sign-on"
    rights = answer.headers.get("x-accepted-github-permissions")
    return f"the token needs {answer.shown(rights)}" if rights else None
