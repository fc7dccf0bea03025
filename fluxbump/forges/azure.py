"""Azure DevOps, REST 7.1.

https://learn.microsoft.com/rest/api/azure/devops/git/pull-requests, and beside it the pages
/pull-request-labels, /pull-request-reviewers and /pull-request-threads.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Unpack
from urllib.parse import quote, urlencode

import httpx

from fluxbump.errors import ForgeError
from fluxbump.forges.answers.azure import HEADS, AzurePull, AzurePulls, AzureRepository
from fluxbump.forges.authorization import basic
from fluxbump.forges.azure_policies import BranchPolicies
from fluxbump.forges.client import MOST_PAGES, Client, Transport, path
from fluxbump.forges.commit_statuses import AzureStatuses
from fluxbump.forges.forge import (
    Capabilities,
    CommitStatuses,
    Forge,
    Issues,
    Proposal,
    PullRequest,
    Standing,
)
from fluxbump.forges.pull_requests import (
    ended,
    is_conflict,
    lacking,
    opened,
    segments,
    soft,
    soft_each,
    told,
)
from fluxbump.forges.responses import Answer, StatusError
from fluxbump.system.secret import Secret
from fluxbump.text.patterns import lazy_pattern

NAME = "azure"

_CAPABILITIES = Capabilities(
    name="Azure DevOps",
    body_limit=4_000,  # "up to 4000 characters": /git/pull-requests/update
    assignees=False,
    tasks=False,  # not every page draws boxes
    closed_can_change=False,
)
_VERSION = "7.1"
_PAGE = 100

_HEADERS = {"x-tfs-fedauthredirect": "Suppress"}
"""Asks for 401 instead of a redirect to the page where people sign in."""

_GUID = lazy_pattern(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def connect(
    api_base: str,
    repository: str,
    secret: Secret,
    account: str = "",
    **transport: Unpack[Transport],
) -> Forge:
    """Return the adapter for a repository.

    Args:
        api_base: `https://dev.azure.com`, or a server of one's own.
        repository: `organization/project/name`.
        secret: a personal access token with the scope Code (read & write), or the token of a
            pipeline.
        account: the token's account; it is not needed, because the token is enough.
        transport: the settings to reach the forge.

    Raises:
        ForgeError: `repository` has another form, or the token cannot be sent there.
    """
    parts = segments(_CAPABILITIES.name, repository, "ORGANIZATION/PROJECT/NAME")
    # https://learn.microsoft.com/azure/devops/organizations/accounts/use-personal-access-tokens-to-authenticate
    token = basic("", secret)
    client = Client(_CAPABILITIES.name, api_base, token, _HEADERS, advise=_advice, **transport)
    return Azure(client, *parts)


class Azure:
    """Pull requests of one repository on Azure DevOps."""

    def __init__(self, client: Client, organization: str, project: str, name: str) -> None:
        self._client = client
        self._project = path(organization, project)
        self._name = name
        self._policies = BranchPolicies(self._send, self._project, name)

    @property
    def capabilities(self) -> Capabilities:
        """The features of this forge."""
        return _CAPABILITIES

    @property
    def statuses(self) -> CommitStatuses:
        """The statuses of the repository's commits."""
        return AzureStatuses(self._send, self._in_repository)

    @property
    def issues(self) -> Issues | None:
        """None: work items belong to a project, not to a repository."""
        return None

    def find(self, branch: str) -> tuple[PullRequest, ...]:
        """Return every pull request that comes from a branch of this repository, newest first."""
        criteria = {"sourceRefName": f"{HEADS}{branch}", "status": "all"}
        return self._found(pull for pull in self._listed(criteria) if pull.branch == branch)

    def list(self, prefix: str) -> tuple[PullRequest, ...]:
        """Return the open pull requests whose branch begins with `prefix`, newest first."""
        found = self._listed({"status": "active"})
        return self._found(pull for pull in found if pull.branch.startswith(prefix))

    def open(self, proposal: Proposal) -> tuple[PullRequest, tuple[str, ...]]:
        """Open a pull request, or return the one that the branch has already."""
        body: dict[str, object] = {
            "sourceRefName": f"{HEADS}{proposal.branch}",
            "targetRefName": f"{HEADS}{proposal.base}",
            "title": proposal.title, "description": proposal.body, "isDraft": proposal.draft,
        }  # fmt: skip
        pull, new = opened(
            self, self._client, proposal,
            lambda: self._send("POST", self._at(), body=body).read(AzurePull).plain(self._site),
            there_already=is_conflict,
        )  # fmt: skip
        if not new:
            return pull, ()
        return pull, (*lacking(_CAPABILITIES, proposal), *self._extras(pull.number, proposal))

    def update(self, number: int, proposal: Proposal) -> PullRequest:
        """Set title, body, base and draft of an open pull request to those of a proposal."""
        fields: dict[str, object] = {
            "title": proposal.title, "description": proposal.body, "isDraft": proposal.draft,
        }  # fmt: skip
        target = f"{HEADS}{proposal.base}"
        if self._whole(number).target != target:  # to set it again is refused in some projects
            fields["targetRefName"] = target
        return self._changed(number, fields).read(AzurePull).plain(self._site)

    def auto_merge(self, pull: PullRequest) -> tuple[str, ...]:
        """Tell the forge to merge a pull request when its checks have passed."""
        return tuple(soft("auto-merge", lambda: self._automatic(pull.number)))

    def describe(self, number: int, body: str) -> None:
        """Replace the body of an open pull request."""
        self._changed(number, {"description": body})

    def comment(self, number: int, text: str) -> None:
        """Add a comment to a pull request: a thread that is closed, so that it holds up nothing."""
        comment = {"parentCommentId": 0, "content": text, "commentType": "text"}
        body = {"comments": [comment], "status": "closed"}
        self._send("POST", self._at(number, "threads"), body=body)

    def close(self, number: int, body: str = "") -> None:
        """Abandon a pull request; one that is closed already stays closed."""
        fields = {"description": body} if body else {}
        ended(
            lambda: self._changed(number, {"status": "abandoned", **fields}),
            lambda: self._whole(number).plain(self._site).state,
        )

    def protects(self, branch: str) -> bool | None:
        """Whether a policy holds for a branch: nobody may push to it then, or delete it.

        https://learn.microsoft.com/azure/devops/repos/git/branch-policies-overview
        """
        return told(lambda: self._policies.protect(f"{HEADS}{branch}"))

    def standing(self) -> Standing:
        """Return the state of the repository.

        https://learn.microsoft.com/rest/api/azure/devops/git/repositories/get-repository
        """
        where = f"{self._project}{path('_apis', 'git', 'repositories', self._name)}"
        return Standing(self._send("GET", where).read(AzureRepository).is_disabled)

    def file_url(self, path: str, line: int, revision: str) -> str:
        """Return the URL of the page for a line of a file at a commit."""
        query = {
            "path": f"/{path}", "version": f"GC{revision}", "line": line, "lineEnd": line + 1,
            "lineStartColumn": 1, "lineEndColumn": 1,
        }  # fmt: skip
        return f"{self._site}?{urlencode(query, safe='/', quote_via=quote)}"

    @property
    def _site(self) -> str:
        return f"{self._client.base}{self._project}{path('_git', self._name)}"

    def _at(self, *segments: str | int) -> str:
        return self._in_repository("pullrequests", *segments)

    def _in_repository(self, *segments: str | int) -> str:
        return f"{self._project}{path('_apis', 'git', 'repositories', self._name, *segments)}"

    def _send(
        self,
        method: str,
        where: str,
        *,
        query: Mapping[str, str | int] | None = None,
        body: Mapping[str, object] | None = None,
        repeatable: bool | None = None,
    ) -> Answer:
        """Send a request of our version; see `Client.send`.

        A token that has expired is also answered with 203 and the page where people sign in.
        """
        versioned = {**(query or {}), "api-version": _VERSION}
        answer = self._client.send(method, where, query=versioned, body=body, repeatable=repeatable)
        if answer.status == httpx.codes.NON_AUTHORITATIVE_INFORMATION:
            raise StatusError(
                f"{answer.about}: HTTP {answer.status}, a sign-in page",
                status=answer.status,
                said="",
                hint="give another token, for example in FLUXBUMP_TOKEN",
            )
        return answer

    def _whole(self, number: int) -> AzurePull:
        return self._send("GET", self._at(number)).read(AzurePull)

    def _changed(self, number: int, fields: Mapping[str, object]) -> Answer:
        return self._send("PATCH", self._at(number), body=fields, repeatable=True)

    def _listed(self, criteria: Mapping[str, str]) -> Iterator[AzurePull]:
        """Yield pull requests from this repository; a page that is not full is the last."""
        query: dict[str, str | int] = {
            f"searchCriteria.{name}": value for name, value in criteria.items()
        }
        for page in range(MOST_PAGES):
            place = {"$top": _PAGE, "$skip": page * _PAGE}
            found = self._send("GET", self._at(), query=query | place).read(AzurePulls).value
            yield from (pull for pull in found if pull.fork is None)
            if len(found) < _PAGE:
                return
        raise ForgeError(
            f"Azure DevOps: {self._name}: more than {MOST_PAGES * _PAGE} pull requests",
            hint="close pull requests that are no longer needed",
        )

    def _found(self, pulls: Iterator[AzurePull]) -> tuple[PullRequest, ...]:
        whole = (self._whole(pull.number) if pull.is_cut else pull for pull in pulls)
        return tuple(
            pull.plain(self._site) for pull in sorted(whole, key=lambda pull: -pull.number)
        )

    # --- what may fail without failing the whole ----------------------------------------------

    def _extras(self, number: int, proposal: Proposal) -> Iterator[str]:
        yield from soft_each("label", proposal.labels, partial(self._labelled, number))
        yield from soft_each("reviewer", proposal.reviewers, partial(self._asked, number))
        if proposal.auto_merge:
            yield from soft("auto-merge", lambda: self._automatic(number))

    def _labelled(self, number: int, label: str) -> None:
        self._send("POST", self._at(number, "labels"), body={"name": label}, repeatable=True)

    def _asked(self, number: int, name: str) -> str | None:
        """Ask for a review. Names are looked up on another server, where no token of ours goes."""
        if not _GUID.fullmatch(name):
            return "Azure DevOps takes the id of a reviewer, not the name"
        self._send("PUT", self._at(number, "reviewers", name), body={"vote": 0})
        return None

    def _automatic(self, number: int) -> str | None:
        """Have it completed when its checks have passed.

        Where no policy asks for one, there is nothing to wait for: it would be completed at once.
        """
        pull = self._whole(number)
        if not self._policies.require_checks(pull.target):
            return f"{pull.base} requires no checks, so it would be merged at once"
        # Whoever has opened it is who we are.
        self._changed(number, {"autoCompleteSetBy": {"id": pull.author.id}})
        return None


def _advice(answer: Answer) -> str | None:
    """Return which right a token lacks.

    https://learn.microsoft.com/azure/devops/repos/git/set-git-repository-permissions
    """
    if answer.status != httpx.codes.FORBIDDEN:
        return None
    return (
        "the token needs Code (read & write), and its identity the permission "
        "Contribute to pull requests"
    )
