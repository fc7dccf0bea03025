"""Use the parts of GitHub's API that REST lacks: drafts, auto-merge, and the token's account.

https://docs.github.com/graphql/reference/mutations, /queries#viewer
"""

from __future__ import annotations

from msgspec import Struct, field

from fluxbump.forges.client import Client

ENTERPRISE = "/api/v3"
"""The end of the URL of the REST API of GitHub Enterprise."""

_READY = "markPullRequestReadyForReview"
_DRAFT = "convertPullRequestToDraft"
_AUTO_MERGE = "enablePullRequestAutoMerge"


class _Problem(Struct, frozen=True, kw_only=True):
    message: str


class _Mutated(Struct, frozen=True, kw_only=True):
    errors: list[_Problem] = field(default_factory=list)


class _User(Struct, frozen=True, kw_only=True):
    login: str


class _Viewer(Struct, frozen=True, kw_only=True):
    viewer: _User


class _ViewerAnswer(Struct, frozen=True, kw_only=True):
    data: _Viewer


class MergeSettings(Struct, frozen=True, kw_only=True):
    """The ways to merge that a repository allows; accounts without write access do not see them."""

    allow_auto_merge: bool | None = None
    allow_merge_commit: bool | None = None
    allow_squash_merge: bool | None = None
    allow_rebase_merge: bool | None = None

    @property
    def method(self) -> str:
        """The first way to merge that the repository allows."""
        ways = (
            (self.allow_merge_commit, "MERGE"),
            (self.allow_squash_merge, "SQUASH"),
            (self.allow_rebase_merge, "REBASE"),
        )
        return next((name for allowed, name in ways if allowed is not False), "MERGE")


class GraphQL(Struct, frozen=True):
    """The GraphQL interface that belongs to a REST interface; nodes are pull requests.

    Attributes:
        client: the client for the REST API.
    """

    client: Client

    def login(self) -> str:
        """Return the name of the token's account, which any token may ask for."""
        body = {"query": "query { viewer { login } }"}
        answer = self.client.send("POST", self._url, body=body, repeatable=True)
        return answer.read(_ViewerAnswer).data.viewer.login

    def set_draft(self, node: str, *, draft: bool) -> str | None:
        """Mark a pull request as draft or ready, and return GitHub's objection."""
        return self._mutate(_DRAFT if draft else _READY, node)

    def auto_merge(self, node: str, method: str) -> str | None:
        """Have a pull request merged when its checks have passed; return what GitHub says.

        Args:
            node: the id of the pull request.
            method: `MERGE`, `SQUASH` or `REBASE`.
        """
        return self._mutate(_AUTO_MERGE, node, f", mergeMethod: {method}")

    @property
    def _url(self) -> str:
        base = self.client.base
        return f"{base.removesuffix('/v3') if base.endswith(ENTERPRISE) else base}/graphql"

    def _mutate(self, name: str, node: str, more: str = "") -> str | None:
        mutation = (
            f"mutation($id: ID!) {{ {name}(input: {{pullRequestId: $id{more}}})"
            " { pullRequest { id } } }"
        )
        body = {"query": mutation, "variables": {"id": node}}
        answer = self.client.send("POST", self._url, body=body, repeatable=True)
        problems = answer.read(_Mutated).errors
        return answer.shown("; ".join(p.message for p in problems)) if problems else None
