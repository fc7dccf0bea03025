"""Gitea and Forgejo, REST version 1: one adapter, for both have the same interface.

https://docs.gitea.com/api/, https://forgejo.org/docs/latest/user/api-usage/: both publish it as
`templates/swagger/v1_json.tmpl`; where that is silent, `services/convert/pull.go` and
`routers/api/v1/repo/pull.go` of their source.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import partial
from itertools import islice
from typing import Unpack
from urllib.parse import quote

import httpx

from fluxbump.forges.answers.gitea import (
    GiteaBranch,
    GiteaLabel,
    GiteaMergeStyle,
    GiteaPull,
    GiteaRepository,
    GiteaUser,
)
from fluxbump.forges.authorization import bearer
from fluxbump.forges.client import Client, Transport, path
from fluxbump.forges.commit_statuses import on_gitea
from fluxbump.forges.forge import (
    Capabilities,
    CommitStatuses,
    Forge,
    Issues,
    Proposal,
    PullRequest,
    Standing,
)
from fluxbump.forges.issues import GiteaIssues
from fluxbump.forges.pull_requests import (
    ended,
    is_conflict,
    opened,
    segments,
    soft,
    soft_each,
    told,
    when_ready,
)
from fluxbump.forges.registry import Leaf
from fluxbump.forges.responses import Answer, StatusError
from fluxbump.system.secret import Secret

_INTERFACE = "/api/v1"
_PAGE = 50
"""`MAX_RESPONSE_ITEMS` of both, if nobody has changed it."""
_CLOSED_PAGES = 20
"""Closed pull requests cannot be asked for by branch, so only the newest 1,000 are looked at."""

_CHANGES = 4
"""The number of attempts for a change that conflicts with another one."""
_DRAFT = "WIP: "


class Gitea:
    """Pull requests of one repository on Gitea or Forgejo."""

    def __init__(self, client: Client, owner: str, name: str) -> None:
        self._client = client
        self._owner = owner
        self._name = name

    @property
    def capabilities(self) -> Capabilities:
        """The features of this forge."""
        # Gitea 1.26 looks for an open one first, and two requests in one moment both find none.
        return Capabilities(name=self._client.forge, diagrams=True, refuses_second=False)

    @property
    def statuses(self) -> CommitStatuses:
        """The statuses of the repository's commits."""
        return on_gitea(self._client, self._at)

    @property
    def issues(self) -> Issues | None:
        """The issues of the repository."""
        return GiteaIssues(self._client, self._at, f"{self._owner}/{self._name}")

    def find(self, branch: str) -> tuple[PullRequest, ...]:
        """Return every pull request that comes from a branch of this repository, newest first.

        Of the closed and merged ones, those among the newest 1,000 of the repository.
        """
        closed = islice(self._pages("closed"), _CLOSED_PAGES)
        pages = (page for pages in (self._pages("open"), closed) for page in pages)
        # One may be closed between the two listings: the later answer is the true one.
        found = {pull.number: pull for page in pages for pull in page if pull.branch == branch}
        return tuple(sorted(found.values(), key=lambda pull: -pull.number))

    def list(self, prefix: str) -> tuple[PullRequest, ...]:
        """Return the open pull requests whose branch begins with `prefix`, newest first."""
        found = (pull for page in self._pages("open") for pull in page)
        return tuple(pull for pull in found if pull.branch.startswith(prefix))

    def open(self, proposal: Proposal) -> tuple[PullRequest, tuple[str, ...]]:
        """Open a pull request, or return the one that the branch has already."""
        body: dict[str, object] = {
            "title": _title(proposal), "body": proposal.body,
            "head": proposal.branch, "base": proposal.base,
        }  # fmt: skip
        pull, new = opened(
            self, self._client, proposal,
            lambda: self._client.send("POST", self._at("pulls"), body=body).read(GiteaPull).plain(),
            there_already=is_conflict,
        )  # fmt: skip
        return pull, tuple(self._extras(pull, proposal)) if new else ()

    def update(self, number: int, proposal: Proposal) -> PullRequest:
        """Set title, body, base and draft of an open pull request to those of a proposal."""
        fields = {"title": _title(proposal), "body": proposal.body, "base": proposal.base}
        return self._changed(number, fields).read(GiteaPull).plain()

    def auto_merge(self, pull: PullRequest) -> tuple[str, ...]:
        """Tell the forge to merge a pull request when its checks have passed."""
        return tuple(soft("auto-merge", lambda: self._automatic(pull)))

    def describe(self, number: int, body: str) -> None:
        """Replace the body of a pull request."""
        self._changed(number, {"body": body})

    def comment(self, number: int, text: str) -> None:
        """Add a comment to a pull request."""
        self._client.send("POST", self._at("issues", number, "comments"), body={"body": text})

    def close(self, number: int, body: str = "") -> None:
        """Close a pull request without merging it; one that is closed already stays closed."""
        where = self._at("pulls", number)
        ended(
            lambda: self._changed(number, {"state": "closed", **({"body": body} if body else {})}),
            lambda: self._client.get(where).read(GiteaPull).plain().state,
        )

    def protects(self, branch: str) -> bool | None:
        """Whether a rule protects a branch."""
        where = self._at("branches", branch)
        return told(lambda: self._client.get(where).read(GiteaBranch).protected)

    def standing(self) -> Standing:
        """Return the state of the repository.

        https://docs.gitea.com/api/, `repoGet`.
        """
        found = self._client.get(self._at()).read(GiteaRepository)
        writable = found.permissions.push if found.permissions else None
        return Standing(found.archived, found.has_pull_requests, writable, found.empty)

    def file_url(self, path: str, line: int, revision: str) -> str:
        """Return the URL of the page for a line of a file at a commit."""
        site = self._client.base.removesuffix(_INTERFACE)
        place = f"{self._owner}/{self._name}/src/commit/{revision}/{path}"
        return f"{site}/{quote(place)}#L{line}"

    def _at(self, *segments: str | int) -> str:
        return path("repos", self._owner, self._name, *segments)

    def _pages(self, state: str) -> Iterator[builtins.list[PullRequest]]:
        """Yield the pull requests of this repository, newest first."""
        query: dict[str, str | int] = {"state": state, "limit": _PAGE}
        for page in self._client.pages(self._at("pulls"), builtins.list[GiteaPull], query=query):
            yield [pull.plain() for pull in page if pull.is_ours]

    def _changed(self, number: int, fields: Mapping[str, object]) -> Answer:
        where, client = self._at("pulls", number), self._client
        for attempt in range(1, _CHANGES):
            try:
                return client.send("PATCH", where, body=fields, repeatable=True)
            except StatusError as error:
                if not is_conflict(error):  # which another change in the same moment is
                    raise
            client.sleep(client.patience.before(attempt))
        return client.send("PATCH", where, body=fields, repeatable=True)

    # --- what may fail without failing the whole ----------------------------------------------

    def _extras(self, pull: PullRequest, proposal: Proposal) -> builtins.list[str]:
        notes: builtins.list[str] = []
        if proposal.labels:
            notes += soft("labels", lambda: self._labelled(pull.number, proposal.labels))
        if proposal.assignees:
            notes += soft("assignees", lambda: self._assigned(pull.number, proposal.assignees))
        notes += soft_each("reviewer", proposal.reviewers, partial(self._asked, pull.number))
        if proposal.auto_merge:
            notes += soft("auto-merge", lambda: self._automatic(pull))
        return notes

    def _labelled(self, number: int, names: tuple[str, ...]) -> str | None:
        """Add labels, by their ids: only newer servers take names."""
        ids = self._labels(self._at("labels"))
        if not ids.keys() >= {*names}:
            # The owner may be no organization, or the token may not see it.
            with suppress(StatusError):
                ids = self._labels(path("orgs", self._owner, "labels")) | ids
        known = [ids[name] for name in names if name in ids]
        if known:
            where = self._at("issues", number, "labels")
            self._client.send("POST", where, body={"labels": known}, repeatable=True)
        missing = [name for name in names if name not in ids]
        return f"no label {', '.join(missing)}" if missing else None

    def _labels(self, where: str) -> dict[str, int]:
        pages = self._client.pages(where, builtins.list[GiteaLabel], query={"limit": _PAGE})
        return {label.name: label.id for page in pages for label in page}

    def _assigned(self, number: int, names: tuple[str, ...]) -> str | None:
        """Set assignees, of those who can be: one who cannot fails all of them."""
        able = self._client.get(self._at("assignees")).read(builtins.list[GiteaUser])
        logins = {user.login.lower(): user.login for user in able}
        known = [logins[name.lower()] for name in names if name.lower() in logins]
        if known:
            self._changed(number, {"assignees": known})
        missing = [name for name in names if name.lower() not in logins]
        return f"cannot be assigned here: {', '.join(missing)}" if missing else None

    def _asked(self, number: int, name: str) -> None:
        team = name.partition("/")[2]
        body = {"team_reviewers": [team]} if team else {"reviewers": [name]}
        where = self._at("pulls", number, "requested_reviewers")
        self._client.send("POST", where, body=body, repeatable=True)

    def _automatic(self, pull: PullRequest) -> str | None:
        """Have it merged when its checks have succeeded.

        Where the base branch requires none, there is nothing to wait for: it would be merged at
        once, before a check has even begun (`ScheduleAutoMerge` in `services/automerge`).
        """
        branch = self._client.get(self._at("branches", pull.base)).read(GiteaBranch)
        if not (branch.enable_status_check and branch.status_check_contexts):
            return f"{pull.base} requires no checks, so it would be merged at once"
        style = self._client.get(self._at()).read(GiteaMergeStyle).default_merge_style
        body = {"Do": style, "merge_when_checks_succeed": True, "head_commit_id": pull.head}
        where = self._at("pulls", pull.number, "merge")
        # Whether it conflicts is found out after it was opened; until then it is 405.
        when_ready(self._client, lambda: self._scheduled(where, body))
        return None

    def _scheduled(self, where: str, body: Mapping[str, object]) -> None:
        self._client.send("POST", where, body=body)


def _title(proposal: Proposal) -> str:
    return f"{_DRAFT}{proposal.title}" if proposal.draft else proposal.title


def _advice(answer: Answer) -> str | None:
    """Return which right a token lacks.

    https://forgejo.org/docs/latest/user/token-scope/
    """
    if answer.status != httpx.codes.FORBIDDEN:
        return None
    return "the token needs write:repository and write:issue, and its account the right to write"


class _Adapter:
    """The adapter under one of its two names."""

    def __init__(self, kind: str, title: str) -> None:
        self.NAME = kind
        self._title = title

    def connect(
        self,
        api_base: str,
        repository: str,
        secret: Secret,
        account: str = "",
        **transport: Unpack[Transport],
    ) -> Forge:
        """Return the adapter for a repository.

        Args:
            api_base: `https://HOST/api/v1`.
            repository: `owner/name`.
            secret: a token with the scopes `write:repository` and `write:issue`.
            account: the token's account; it is not needed, because the token is enough.
            transport: the settings to reach the forge.

        Raises:
            ForgeError: `repository` has another form, or no token can be sent there.
        """
        owner, name = segments(self._title, repository, "OWNER/NAME")
        token = bearer(secret, scheme="token")
        client = Client(self._title, api_base, token, advise=_advice, **transport)
        return Gitea(client, owner, name)


GITEA: Leaf = _Adapter("gitea", "Gitea")
FORGEJO: Leaf = _Adapter("forgejo", "Forgejo")
