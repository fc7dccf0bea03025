"""Read and set fluxbump's status of a commit, a line beside the checks of a pull request.

https://docs.github.com/rest/commits/statuses, https://docs.gitlab.com/api/commits/#commit-status,
https://docs.gitea.com/api/ (`repoCreateStatus`),
https://developer.atlassian.com/cloud/bitbucket/rest/api-group-commit-statuses/,
https://learn.microsoft.com/rest/api/azure/devops/git/statuses
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import httpx
from msgspec import Struct, field

from fluxbump.forges.client import Client
from fluxbump.forges.forge import CommitStatus, StatusState
from fluxbump.forges.responses import Answer, StatusError

CONTEXT = "fluxbump"
"""The name of fluxbump's status, among those of a commit."""

_USUAL = {state: state.value for state in StatusState}
_GITLAB = {**_USUAL, StatusState.FAILURE: "failed"}
_BITBUCKET = {
    StatusState.PENDING: "INPROGRESS",
    StatusState.SUCCESS: "SUCCESSFUL",
    StatusState.FAILURE: "FAILED",
}
_AZURE = {
    StatusState.PENDING: "pending",
    StatusState.SUCCESS: "succeeded",
    StatusState.FAILURE: "failed",
}
_REFUSED_TRANSITION = "Cannot transition"

At = Callable[..., str]
"""A function that makes a path of the repository's API from segments."""

Send = Callable[..., Answer]
"""A function that sends a request, as `Client.send` does."""


class _Listed(Struct, frozen=True, kw_only=True):
    """As GitHub, Gitea and GitLab have it."""

    state: str | None = None
    status: str | None = None
    context: str | None = None
    name: str | None = None
    description: str | None = None


class _Build(Struct, frozen=True, kw_only=True):
    state: str
    description: str | None = None


class _Context(Struct, frozen=True, kw_only=True):
    name: str | None = None
    genre: str | None = None


class _OnAzure(Struct, frozen=True, kw_only=True):
    state: str | None = None
    description: str | None = None
    context: _Context = field(default_factory=_Context)


class _ListedOnAzure(Struct, frozen=True, kw_only=True):
    value: list[_OnAzure]


class ListedStatuses(Struct, frozen=True):
    """Statuses on GitHub, Gitea and Forgejo, and GitLab: a listing, and a call that adds one.

    Attributes:
        client: the client for the forge.
        at: makes paths of the repository's API.
        query: the parameters of the listing, so that the newest status is first.
        commits: the path of a commit's listing, before the commit's name.
        context: the forge's field for the name of a status.
        states: the forge's word for each state.
    """

    client: Client
    at: At
    query: Mapping[str, str | int]
    commits: tuple[str, ...]
    context: str
    states: Mapping[StatusState, str]

    def get(self, commit: str) -> CommitStatus | None:
        """Return fluxbump's status of a commit; see `CommitStatuses.get`."""
        where = self.at(*self.commits, commit, "statuses")
        listed = self.client.get(where, query=self.query).read(list[_Listed])
        for found in listed:
            if CONTEXT in (found.context, found.name):
                return _plain(self.states, found.state or found.status, found.description)
        return None

    def put(self, commit: str, status: CommitStatus, url: str) -> None:
        """Set fluxbump's status of a commit; see `CommitStatuses.put`."""
        body = {
            "state": self.states[status.state],
            self.context: CONTEXT,
            "description": status.text,
        }
        try:
            self.client.send("POST", self.at("statuses", commit), body=body, repeatable=True)
        except StatusError as error:
            # GitLab changes the text of a status along with its state only.
            if _REFUSED_TRANSITION not in error.said:
                raise


class BitbucketStatuses(Struct, frozen=True):
    """Statuses on Bitbucket Cloud, which calls them builds; each has a key.

    Attributes:
        client: the client for the forge.
        at: makes paths of the repository's API.
    """

    client: Client
    at: At

    def get(self, commit: str) -> CommitStatus | None:
        """Return fluxbump's status of a commit; see `CommitStatuses.get`."""
        try:
            answer = self.client.get(self.at("commit", commit, "statuses", "build", CONTEXT))
        except StatusError as error:
            if error.status == httpx.codes.NOT_FOUND:
                return None
            raise
        build = answer.read(_Build)
        return _plain(_BITBUCKET, build.state, build.description)

    def put(self, commit: str, status: CommitStatus, url: str) -> None:
        """Set fluxbump's status of a commit; see `CommitStatuses.put`."""
        body = {
            "key": CONTEXT, "name": CONTEXT, "state": _BITBUCKET[status.state],
            "description": status.text, "url": url,
        }  # fmt: skip
        where = self.at("commit", commit, "statuses", "build")
        self.client.send("POST", where, body=body, repeatable=True)


class AzureStatuses(Struct, frozen=True):
    """Statuses on Azure DevOps.

    Attributes:
        send: sends a request with the adapter's version of the API.
        at: makes paths of the repository's API.
    """

    send: Send
    at: At

    def get(self, commit: str) -> CommitStatus | None:
        """Return fluxbump's status of a commit; see `CommitStatuses.get`."""
        query = {"latestOnly": "true", "top": 100}
        answer = self.send("GET", self.at("commits", commit, "statuses"), query=query)
        for found in answer.read(_ListedOnAzure).value:
            if (found.context.name, found.context.genre) == (CONTEXT, CONTEXT):
                return _plain(_AZURE, found.state, found.description)
        return None

    def put(self, commit: str, status: CommitStatus, url: str) -> None:
        """Set fluxbump's status of a commit; see `CommitStatuses.put`."""
        body = {
            "state": _AZURE[status.state],
            "description": status.text,
            "context": {"name": CONTEXT, "genre": CONTEXT},
            "targetUrl": url,
        }
        where = self.at("commits", commit, "statuses")
        self.send("POST", where, body=body, repeatable=True)


def on_github(client: Client, at: At) -> ListedStatuses:
    """Return the statuses of a repository on GitHub."""
    return ListedStatuses(client, at, {"per_page": 100}, ("commits",), "context", _USUAL)


def on_gitea(client: Client, at: At) -> ListedStatuses:
    """Return the statuses of a repository on Gitea or Forgejo."""
    query: dict[str, str | int] = {"sort": "highestindex", "limit": 50}
    return ListedStatuses(client, at, query, ("commits",), "context", _USUAL)


def on_gitlab(client: Client, at: At) -> ListedStatuses:
    """Return the statuses of a project on GitLab."""
    commits = ("repository", "commits")
    return ListedStatuses(client, at, {"name": CONTEXT}, commits, "name", _GITLAB)


def _plain(
    states: Mapping[StatusState, str], state: str | None, text: str | None
) -> CommitStatus | None:
    known = next((status_state for status_state, word in states.items() if word == state), None)
    return CommitStatus(known, text or "") if known is not None else None
