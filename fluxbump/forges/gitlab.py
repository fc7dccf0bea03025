"""GitLab, REST version 4.

https://docs.gitlab.com/api/merge_requests/, /api/notes/, /api/users/; where those pages are silent,
the source: `lib/api/merge_requests.rb`.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Unpack
from urllib.parse import quote

import httpx

from fluxbump.forges.answers.gitlab import (
    GitLabBranch,
    GitLabPeople,
    GitLabProject,
    GitLabUser,
    MergeRequest,
)
from fluxbump.forges.authorization import bearer
from fluxbump.forges.client import Client, Transport, path
from fluxbump.forges.commit_statuses import on_gitlab
from fluxbump.forges.forge import (
    Capabilities,
    CommitStatuses,
    Forge,
    Issues,
    Proposal,
    PullRequest,
    Standing,
)
from fluxbump.forges.issues import GitLabIssues
from fluxbump.forges.pull_requests import (
    ended,
    is_conflict,
    opened,
    segments,
    soft,
    told,
    when_ready,
)
from fluxbump.forges.responses import Answer
from fluxbump.system.secret import Secret

NAME = "gitlab"

_CAPABILITIES = Capabilities(
    name="GitLab",
    noun="merge request",
    body_limit=1_048_576,  # https://docs.gitlab.com/api/merge_requests/#create-mr
    diagrams=True,  # https://docs.gitlab.com/user/markdown/#mermaid
)
_INTERFACE = "/api/v4"
_PAGE = 100

_DRAFT = "Draft: "


def connect(
    api_base: str,
    repository: str,
    secret: Secret,
    account: str = "",
    **transport: Unpack[Transport],
) -> Forge:
    """Return the adapter for a project.

    Args:
        api_base: `https://gitlab.com/api/v4`, or that of a server of one's own.
        repository: `group/subgroup/name`.
        secret: a personal, group or project access token, or one of OAuth, with the scope `api`.
        account: the token's account; it is not needed, because the token is enough.
        transport: the settings to reach the forge.

    Raises:
        ForgeError: `repository` has another form, or the token cannot be sent there.
    """
    segments(_CAPABILITIES.name, repository, "GROUP/NAME", deeper=True, noun="project")
    # Every kind of token but that of a job may come so, and a job's may not open merge requests.
    # https://docs.gitlab.com/api/rest/authentication/
    client = Client(_CAPABILITIES.name, api_base, bearer(secret), advise=_advice, **transport)
    return GitLab(client, repository)


class GitLab:
    """Merge requests of one project on GitLab."""

    def __init__(self, client: Client, project: str) -> None:
        self._client = client
        self._project = project

    @property
    def capabilities(self) -> Capabilities:
        """The features of this forge."""
        return _CAPABILITIES

    @property
    def statuses(self) -> CommitStatuses:
        """The statuses of the repository's commits."""
        return on_gitlab(self._client, self._at)

    @property
    def issues(self) -> Issues | None:
        """The issues of the repository."""
        return GitLabIssues(self._client, self._at)

    def find(self, branch: str) -> tuple[PullRequest, ...]:
        """Return every merge request that comes from a branch of this project, newest first."""
        found = self._requests({"source_branch": branch, "state": "all"})
        return tuple(pull for pull in found if pull.branch == branch)

    def list(self, prefix: str) -> tuple[PullRequest, ...]:
        """Return the open merge requests whose branch begins with `prefix`, newest first."""
        found = self._requests({"state": "opened"})
        return tuple(pull for pull in found if pull.branch.startswith(prefix))

    def open(self, proposal: Proposal) -> tuple[PullRequest, tuple[str, ...]]:
        """Open a merge request, or return the one that the branch has already."""
        pull, new = opened(
            self, self._client, proposal,
            lambda: self._created(proposal),
            there_already=is_conflict,  # what it says is translated, so only the status tells
        )  # fmt: skip
        return pull, tuple(self._extras(pull, proposal)) if new else ()

    def update(self, number: int, proposal: Proposal) -> PullRequest:
        """Set title, description, target and draft to those of a proposal."""
        fields = {
            "title": _title(proposal), "description": proposal.body, "target_branch": proposal.base,
        }  # fmt: skip
        return self._changed(number, fields).read(MergeRequest).plain()

    def auto_merge(self, pull: PullRequest) -> tuple[str, ...]:
        """Tell the forge to merge a pull request when its checks have passed."""
        return tuple(soft("auto-merge", lambda: self._automatic(pull)))

    def describe(self, number: int, body: str) -> None:
        """Replace the body of a pull request."""
        self._changed(number, {"description": body})

    def comment(self, number: int, text: str) -> None:
        """Add a note to a merge request."""
        self._client.send("POST", self._at("merge_requests", number, "notes"), body={"body": text})

    def close(self, number: int, body: str = "") -> None:
        """Close a merge request without merging it; one that is closed already stays closed."""
        fields = {"description": body} if body else {}
        where = self._at("merge_requests", number)
        ended(
            lambda: self._changed(number, {"state_event": "close", **fields}),
            lambda: self._client.get(where).read(MergeRequest).plain().state,
        )

    def protects(self, branch: str) -> bool | None:
        """Whether a branch is protected, by its name or by a pattern.

        https://docs.gitlab.com/api/branches/#get-single-repository-branch
        """
        where = self._at("repository", "branches", branch)
        return told(lambda: self._client.get(where).read(GitLabBranch).protected)

    def standing(self) -> Standing:
        """Return the state of the repository.

        https://docs.gitlab.com/api/projects/#retrieve-a-project
        """
        found = self._client.get(self._at()).read(GitLabProject)
        return Standing(found.archived, found.merge_requests_access_level != "disabled")

    def file_url(self, path: str, line: int, revision: str) -> str:
        """Return the URL of the page for a line of a file at a commit."""
        site = self._client.base.removesuffix(_INTERFACE)
        return f"{site}/{quote(f'{self._project}/-/blob/{revision}/{path}')}#L{line}"

    def _at(self, *segments: str | int) -> str:
        return path("projects", self._project, *segments)

    def _requests(self, query: dict[str, str | int]) -> Iterable[PullRequest]:
        query |= {"order_by": "created_at", "sort": "desc", "per_page": _PAGE}
        where = self._at("merge_requests")
        pages = self._client.pages(where, builtins.list[MergeRequest], query=query)
        return (request.plain() for page in pages for request in page if request.is_ours)

    def _changed(self, number: int, fields: Mapping[str, object]) -> Answer:
        return self._client.send("PUT", self._at("merge_requests", number), body=fields)

    def _created(self, proposal: Proposal) -> PullRequest:
        body: dict[str, object] = {
            "source_branch": proposal.branch, "target_branch": proposal.base,
            "title": _title(proposal), "description": proposal.body,
        }  # fmt: skip
        answer = self._client.send("POST", self._at("merge_requests"), body=body)
        return answer.read(MergeRequest).plain()

    # --- what may fail without failing the whole ----------------------------------------------

    def _extras(self, pull: PullRequest, proposal: Proposal) -> builtins.list[str]:
        notes: builtins.list[str] = []
        if proposal.labels:
            notes += soft("labels", lambda: self._labelled(pull.number, proposal.labels))
        for role, names in (("assignees", proposal.assignees), ("reviewers", proposal.reviewers)):
            if names:
                notes += soft(role, partial(self._peopled, pull.number, role, names))
        if proposal.auto_merge:
            notes += soft("auto-merge", lambda: self._automatic(pull))
        return notes

    def _labelled(self, number: int, labels: tuple[str, ...]) -> str | None:
        """Add labels; GitLab creates those that are new to the project."""
        good = [label for label in labels if "," not in label]
        if good:
            self._changed(number, {"add_labels": ",".join(good)})
        bad = [label for label in labels if "," in label]
        return f"a label of GitLab cannot have a comma: {'; '.join(bad)}" if bad else None

    def _peopled(self, number: int, role: str, names: tuple[str, ...]) -> str | None:
        """Set assignees or reviewers. GitLab drops those that cannot be, and says nothing.

        Without Premium it takes one of each.
        https://docs.gitlab.com/user/project/merge_requests/#assign-multiple-users
        """
        ids = {name: self._user(name) for name in names}
        known = [user for user in ids.values() if user is not None]
        there: set[int] = set()
        if known:
            field = f"{role.removesuffix('s')}_ids"
            people = self._changed(number, {field: known}).read(GitLabPeople)
            there = {user.id for user in getattr(people, role)}
        missing = [name for name, user in ids.items() if user not in there]
        return f"GitLab did not take {', '.join(missing)}" if missing else None

    def _user(self, name: str) -> int | None:
        found = self._client.get("/users", query={"username": name}).read(builtins.list[GitLabUser])
        return next((user.id for user in found if user.username.lower() == name.lower()), None)

    def _automatic(self, pull: PullRequest) -> None:
        """Have it merged when its pipeline has succeeded.

        The pipeline of a new merge request is there only after some seconds, and GitLab answers
        405 until then: https://gitlab.com/gitlab-org/gitlab/-/issues/353984
        """
        where = self._at("merge_requests", pull.number, "merge")
        # 17.11 has the first; servers before it the second.
        body: dict[str, object] = {"auto_merge": True, "merge_when_pipeline_succeeds": True}
        if pull.head:
            body["sha"] = pull.head
        when_ready(self._client, lambda: self._sent(where, body))

    def _sent(self, where: str, body: Mapping[str, object]) -> None:
        self._client.send("PUT", where, body=body)


def _title(proposal: Proposal) -> str:
    return f"{_DRAFT}{proposal.title}" if proposal.draft else proposal.title


def _advice(answer: Answer) -> str | None:
    """Return what a token lacks: https://docs.gitlab.com/api/rest/authentication/."""
    if answer.status == httpx.codes.FORBIDDEN and "insufficient_scope" in answer.said():
        return "the token needs the scope api"
    if answer.status == httpx.codes.FORBIDDEN:
        return "the token needs the scope api, and the role Developer in the project"
    return None
