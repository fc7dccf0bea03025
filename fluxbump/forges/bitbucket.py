"""Bitbucket Cloud, REST 2.0.

https://developer.atlassian.com/cloud/bitbucket/rest/api-group-pullrequests/, which has the OpenAPI
description too. Bitbucket Data Center has another interface, and no adapter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import partial
from typing import Unpack
from urllib.parse import quote, urlencode

import httpx

from fluxbump.forges.answers.bitbucket import BitbucketPage, BitbucketPull
from fluxbump.forges.authorization import basic, bearer
from fluxbump.forges.client import Client, Transport, path
from fluxbump.forges.commit_statuses import BitbucketStatuses
from fluxbump.forges.forge import (
    Capabilities,
    CommitStatuses,
    Forge,
    Issues,
    Proposal,
    PullRequest,
    Standing,
)
from fluxbump.forges.pull_requests import already_open, ended, lacking, segments, settled, soft_each
from fluxbump.forges.responses import Answer, UncertainError
from fluxbump.system.secret import Secret
from fluxbump.text.patterns import lazy_pattern

NAME = "bitbucket"

_CAPABILITIES = Capabilities(
    name="Bitbucket",
    # Not documented; larger ones have been taken: dependabot-core, issue 7678.
    body_limit=262_144,
    labels=False,
    assignees=False,
    auto_merge=False,
    tasks=False,  # a box is text, in which a person writes the x
    closed_can_change=False,
    hidden=False,  # HTML is shown as it is written: https://bitbucket.org/tutorials/markdowndemo
)
_INTERFACE = "/2.0"
_CLOUD = "://api.bitbucket.org"
_PAGE = 50  # the most that listings of pull requests take
_STATES = ("OPEN", "MERGED", "DECLINED", "SUPERSEDED")
_UUID = lazy_pattern(r"\{[0-9a-f-]{36}\}", re.IGNORECASE)
_ACCOUNT = lazy_pattern(r"\d+:[0-9a-f-]{36}|[0-9a-f]{24}", re.IGNORECASE)


def connect(
    api_base: str,
    repository: str,
    secret: Secret,
    account: str = "",
    **transport: Unpack[Transport],
) -> Forge:
    """Return the adapter for a repository.

    Args:
        api_base: `https://api.bitbucket.org/2.0`.
        repository: `workspace/name`.
        secret: an access token of the repository, project or workspace, or one of OAuth, with the
            scope `pullrequest:write`.
        account: whose it is, when it is an API token or app password; empty for an access token.
        transport: the settings to reach the forge.

    Raises:
        ForgeError: `repository` has another form, or the token cannot be sent there.
    """
    workspace, name = segments(_CAPABILITIES.name, repository, "WORKSPACE/NAME")
    # https://developer.atlassian.com/cloud/bitbucket/rest/intro/#authentication
    auth = basic(account, secret) if account else bearer(secret)
    client = Client(_CAPABILITIES.name, api_base, auth, advise=_advice, **transport)
    return Bitbucket(client, workspace, name)


class Bitbucket:
    """Pull requests of one repository on Bitbucket Cloud."""

    def __init__(self, client: Client, workspace: str, name: str) -> None:
        self._client = client
        self._workspace = workspace
        self._name = name

    @property
    def capabilities(self) -> Capabilities:
        """The features of this forge."""
        return _CAPABILITIES

    @property
    def statuses(self) -> CommitStatuses:
        """The statuses of the repository's commits."""
        return BitbucketStatuses(self._client, self._in_repository)

    @property
    def issues(self) -> Issues | None:
        """None: Bitbucket Cloud keeps work in Jira."""
        return None

    def find(self, branch: str) -> tuple[PullRequest, ...]:
        """Return every pull request that comes from a branch of this repository, newest first."""
        # https://developer.atlassian.com/cloud/bitbucket/rest/intro/#filtering
        quoted = branch.replace("\\", "\\\\").replace('"', '\\"')
        found = self._pulls(_STATES, {"q": f'source.branch.name="{quoted}"'})
        return tuple(pull for pull in found if pull.branch == branch)

    def list(self, prefix: str) -> tuple[PullRequest, ...]:
        """Return the open pull requests whose branch begins with `prefix`, newest first."""
        found = self._pulls(("OPEN",), {})
        return tuple(pull for pull in found if pull.branch.startswith(prefix))

    def open(self, proposal: Proposal) -> tuple[PullRequest, tuple[str, ...]]:
        """Open a pull request, or return the one that the branch has already.

        Bitbucket has no conflict for a second one: it would change the first, so that is looked
        for before.
        """
        there = already_open(self.find(proposal.branch), proposal)
        if there:
            return there, ()
        body = _fields(proposal) | {"source": {"branch": {"name": proposal.branch}}}
        try:
            pull = self._client.send("POST", self._at(), body=body).read(BitbucketPull).plain()
        except UncertainError as error:
            pull = settled(self, self._client, proposal, error)
        asked = soft_each("reviewer", proposal.reviewers, partial(self._asked, pull.number))
        return pull, (*lacking(_CAPABILITIES, proposal), *asked)

    def update(self, number: int, proposal: Proposal) -> PullRequest:
        """Set title, body, base and draft of an open pull request to those of a proposal."""
        return self._changed(self._whole(number), _fields(proposal)).read(BitbucketPull).plain()

    def auto_merge(self, pull: PullRequest) -> tuple[str, ...]:
        """Return a sentence that Bitbucket has no auto-merge."""
        wanted = Proposal(pull.branch, pull.base, pull.title, pull.body, auto_merge=True)
        return tuple(lacking(_CAPABILITIES, wanted))

    def describe(self, number: int, body: str) -> None:
        """Replace the body of an open pull request."""
        self._changed(self._whole(number), {"description": body})

    def comment(self, number: int, text: str) -> None:
        """Add a comment to a pull request."""
        body = {"content": {"raw": text}}
        self._client.send("POST", self._at(number, "comments"), body=body)

    def close(self, number: int, body: str = "") -> None:
        """Decline a pull request; one that is closed already stays closed.

        Declining takes no text, and what is declined cannot be changed, nor opened again.
        """
        where = self._at(number, "decline")
        ended(
            # To decline it twice is refused, and then looked at.
            lambda: self._client.send("POST", where, repeatable=True),
            lambda: self._whole(number).plain().state,
        )

    def protects(self, branch: str) -> bool | None:
        """Return None: branch restrictions are for administrators of the repository.

        https://developer.atlassian.com/cloud/bitbucket/rest/api-group-branch-restrictions/
        """
        return None

    def standing(self) -> Standing:
        """Return the state of the repository.

        Bitbucket Cloud archives no repository, and tells rights to nobody but administrators.
        """
        return Standing()

    def file_url(self, path: str, line: int, revision: str) -> str:
        """Return the URL of the page for a line of a file at a commit."""
        site = self._client.base.removesuffix(_INTERFACE).replace(_CLOUD, "://bitbucket.org")
        place = f"{self._workspace}/{self._name}/src/{revision}/{path}"
        return f"{site}/{quote(place)}#lines-{line}"

    def _at(self, *segments: str | int) -> str:
        return self._in_repository("pullrequests", *segments)

    def _in_repository(self, *segments: str | int) -> str:
        return path("repositories", self._workspace, self._name, *segments)

    def _whole(self, number: int) -> BitbucketPull:
        return self._client.get(self._at(number)).read(BitbucketPull)

    def _pulls(self, states: tuple[str, ...], query: dict[str, str | int]) -> Iterable[PullRequest]:
        where = f"{self._at()}?{urlencode([('state', state) for state in states])}"
        query |= {"sort": "-created_on", "pagelen": _PAGE}
        pages = self._client.pages(where, BitbucketPage, query=query, following=_next)
        return (pull.plain() for page in pages for pull in page.values if pull.is_ours)

    def _changed(self, pull: BitbucketPull, fields: dict[str, object]) -> Answer:
        """Change a pull request: it must have a title, and loses the reviewers that are left out.

        Args:
            pull: as it is.
            fields: to change.
        """
        kept = {
            "title": pull.title,
            "reviewers": [{"uuid": reviewer.uuid} for reviewer in pull.reviewers],
        }
        return self._client.send("PUT", self._at(pull.id), body=kept | fields)

    def _asked(self, number: int, name: str) -> str | None:
        """Ask for a review. Names that people see are not unique, and not looked up.

        https://developer.atlassian.com/cloud/bitbucket/bitbucket-api-changes-gdpr/
        """
        if _UUID.fullmatch(name):
            who = {"uuid": name}
        elif _ACCOUNT.fullmatch(name):
            who = {"account_id": name}
        else:
            return "Bitbucket takes the UUID in braces, or the account id"
        pull = self._whole(number)
        others = [{"uuid": reviewer.uuid} for reviewer in pull.reviewers]
        self._changed(pull, {"reviewers": [*others, who]})
        return None


def _fields(proposal: Proposal) -> dict[str, object]:
    return {
        "title": proposal.title,
        "description": proposal.body,
        "destination": {"branch": {"name": proposal.base}},
        "draft": proposal.draft,
    }


def _next(answer: Answer) -> str | None:
    return answer.read(BitbucketPage).next


def _advice(answer: Answer) -> str | None:
    """Return which right a token lacks, or that it is not taken by itself.

    https://developer.atlassian.com/cloud/bitbucket/rest/intro/#access-tokens
    https://support.atlassian.com/bitbucket-cloud/docs/using-api-tokens/
    """
    if answer.status == httpx.codes.UNAUTHORIZED:
        return (
            "give another token, for example in FLUXBUMP_TOKEN "
            "(an API token goes with the account's e-mail address)"
        )
    if answer.status != httpx.codes.FORBIDDEN:
        return None
    return "the token needs the scope pullrequest:write"
