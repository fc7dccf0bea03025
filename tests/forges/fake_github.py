"""A GitHub on loopback with one repository: stateful, and strict about what it is asked.

It behaves as https://docs.github.com/rest documents. What goes over the wire can be held to
GitHub's own description of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import unquote, urlencode

from tests.forges import github_json as shapes
from tests.forges.fake_forge import (
    BOT,
    TOKEN,
    FakeForge,
    IssueOf,
    Json,
    Pull,
    RefusalError,
    parameters,
)
from tests.forges.fake_server import Call, Reply

__all__ = ["FakeGitHub", "Pull", "limited", "secondary"]

LONGEST = 65_536
_DOCS = "https://docs.github.com/rest"
_MUTATION = re.compile(
    r"mutation\(\$id: ID!\) \{ (\w+)\(input: \{pullRequestId: \$id(?:, mergeMethod: (\w+))?\}\)"
    r" \{ pullRequest \{ id \} \} \}"
)
_METHODS = {"MERGE": "merge", "SQUASH": "squash", "REBASE": "rebase"}


class FakeGitHub(FakeForge):
    """One repository on GitHub.

    Args:
        tips: the commit that a branch of the repository is at; None when there is no such branch.
        full_name: of the repository.
        token: that it takes.
        now: the time.
        enterprise: it is GitHub Enterprise Server, which has other addresses.
    """

    closes_with_branch = True

    def __init__(
        self,
        tips: Callable[[str], str | None],
        *,
        full_name: str | None = None,
        token: str = TOKEN,
        now: Callable[[], datetime] = lambda: datetime(2025, 1, 1, tzinfo=UTC),
        enterprise: bool = False,
    ) -> None:
        super().__init__(tips, full_name=full_name, token=token)
        self.prefix = "/api/v3" if enterprise else ""
        self.graphql = "/api/graphql" if enterprise else "/graphql"
        self.teams = {"platform"}
        self.rights = {"pulls", "issues", "statuses"}
        """What a token that is `writable` may write."""
        self.drafts = True
        self.auto_merge = True
        self.methods = {"merge", "squash", "rebase"}
        self._now = now

    # --- what people do -----------------------------------------------------------------------

    def merge(self, number: int) -> None:
        assert not self.pulls[number].draft
        super().merge(number)

    def reopen(self, number: int) -> None:
        """Somebody opens a closed pull request again."""
        pull = self.pulls[number]
        assert pull.state == "closed"
        pull.state, pull.closed_at = "open", None

    def open_pulls(self) -> list[Pull]:
        """Return the open pull requests, oldest first."""
        with self.lock:
            self.follow_branches()
            return [replace(pull) for pull in self.pulls.values() if pull.state == "open"]

    def stamp(self) -> str:
        return self._now().strftime("%Y-%m-%dT%H:%M:%SZ")

    # --- requests -----------------------------------------------------------------------------

    def refuse(self, status: int, message: str) -> RefusalError:
        return _refusal(status, message)

    def limited(self, after: int) -> Reply:
        return secondary(after)

    def admit(self, call: Call) -> None:
        if call.headers.get("authorization") != f"Bearer {self.token}":
            raise _refusal(401, "Bad credentials")
        if "user-agent" not in call.headers:
            raise _refusal(403, "Request forbidden by administrative rules.")
        if self.archived and call.method != "GET":
            raise _refusal(403, "Repository was archived so is read-only.")
        if call.path == self.graphql:
            return
        if not self.takes_requests and call.path.endswith("/pulls") and call.method == "POST":
            raise _refusal(403, "Pull requests are disabled for this repository.")
        if call.headers.get("x-github-api-version") != "2022-11-28":
            raise _refusal(400, "Unsupported 'X-GitHub-Api-Version' header.")
        assert call.headers["accept"] == "application/vnd.github+json"
        places = tuple(f"{self.prefix}/{place}/" for place in ("repos", "orgs", "users"))
        assert call.path.startswith(places), "no such route"

    def routed(self, call: Call) -> Reply:
        if call.path == self.graphql:
            return self._graphql(call)
        place, *listed = call.path.removeprefix(f"{self.prefix}/").split("/")
        if place != "repos":
            return self._owned(call, place, listed)
        owner, name, *rest = listed
        if unquote(f"{owner}/{name}").lower() != self.full_name.lower() or not self.visible:
            raise _refusal(404, "Not Found")
        return self._in_repository(call, rest)

    def _in_repository(self, call: Call, rest: list[str]) -> Reply:
        match call.method, *rest:
            case ["GET"]:
                reply = Reply(200, self._repository(full=True))
            case ["GET", "branches" | "pulls" as what]:
                reply = self._branches(call) if what == "branches" else self._listing(call)
            case ["POST", "pulls"]:
                reply = self._opened(call)
            case ["GET", "pulls", number]:
                reply = Reply(200, self._json(self.pull(number)))
            case ["PATCH", "pulls", number]:
                reply = self._patched(self.pull(number), call)
            case ["POST", "pulls", number, "requested_reviewers"]:
                reply = self._reviewed(self.pull(number), call)
            case [_, "issues"] | ["PATCH", "issues", _]:
                reply = self._issues(call, rest[1:])
            case [_, "commits" | "statuses", *_]:
                reply = self._on_commit(call, rest)
            case ["POST", "issues", number, kind]:
                reply = self._on_issue(self.pull(number), kind, call)
            case _:
                raise AssertionError("no such route")
        return reply

    def _on_commit(self, call: Call, rest: list[str]) -> Reply:
        match call.method, *rest:
            case ["GET", "commits", commit, "statuses"]:
                parameters(call, {"per_page", "page"})
                reply = Reply(
                    200, [self._status(*one) for one in self.statuses.get(commit, [])][::-1]
                )
            case ["POST", "statuses", commit]:
                reply = self._stated(commit, call)
            case _:
                raise AssertionError("no such route")
        return reply

    def _owned(self, call: Call, kind: str, where: list[str]) -> Reply:
        assert (call.method, where[1:]) == ("GET", ["repos"]), "no such route"
        query = {"type", "sort", "direction", "per_page"}
        shown, headers = self.owned(call, kind, where[0], query, 100)
        body = [
            {
                **self._repository(full=False), "name": one.path.partition("/")[2],
                "full_name": one.path, "archived": one.archived, "fork": one.fork,
            }
            for one in shown
        ]  # fmt: skip
        return Reply(200, body, headers)

    def _may(self, what: str) -> None:
        if what not in self.rights or not self.writable:
            right = {"pulls": "pull_requests"}.get(what, what)
            headers = {"X-Accepted-GitHub-Permissions": f"{right}=write"}
            raise _refusal(403, "Resource not accessible by personal access token", headers)

    def _branches(self, call: Call) -> Reply:
        """List the protected branches; `protection` is for administrators."""
        query = parameters(call, {"protected", "per_page", "page"})
        assert query["protected"] == "true", "not an answer that this fake knows"
        api = f"{self.api_base}/repos/{self.full_name}"
        found = [(name, self.tips(name)) for name in sorted(self.protected)]
        return Reply(200, [
            {
                "name": name, "protected": True,
                "commit": {"sha": tip, "url": f"{api}/commits/{tip}"},
            }
            for name, tip in found if tip
        ])  # fmt: skip

    def _listing(self, call: Call) -> Reply:
        query = parameters(call, {"state", "head", "sort", "direction", "per_page", "page"})
        assert (query.get("sort"), query.get("direction")) == ("created", "desc")
        size = min(int(query.get("per_page", "30")), 100)
        page = int(query.get("page", "1"))
        found = self.newest(lambda pull: self._matches(pull, query))
        pages = max(1, -(-len(found) // size))
        there = {"prev": page - 1, "next": page + 1, "last": pages, "first": 1}
        links = [
            f'<{self.url}{call.path}?{urlencode({**query, "page": target})}>; rel="{relation}"'
            for relation, target in there.items()
            if 1 <= target <= pages and target != page
        ]
        headers = {"Link": ", ".join(links)} if links else {}
        shown = found[(page - 1) * size : page * size]
        return Reply(200, [self._json(pull, full=False) for pull in shown], headers)

    def _matches(self, pull: Pull, query: dict[str, str]) -> bool:
        if query.get("state", "open") not in ("all", _state(pull)):
            return False
        if "head" not in query:
            return True
        owner, colon, branch = query["head"].partition(":")
        assert colon, "GitHub ignores a head without its owner"
        # GitHub filters by the owner's name: a fork of the same organization matches as well.
        theirs = (pull.fork or self.full_name).partition("/")[0]
        return (theirs.lower(), pull.branch) == (owner.lower(), branch)

    def _opened(self, call: Call) -> Reply:
        self._may("pulls")
        body = _fields(call, {"title", "head", "base"}, {"body", "draft"})
        branch, base = body["head"], body["base"]
        owner = self.full_name.partition("/")[0]
        for name, place in ((branch, "head"), (base, "base")):
            if self.tips(name) is None:
                raise _invalid({"resource": "PullRequest", "field": place, "code": "invalid"})
        if self.tips(branch) == self.tips(base):
            raise _custom(f"No commits between {base} and {branch}")
        if self.twin(branch, base):
            raise _custom(f"A pull request already exists for {owner}:{branch}.")
        if body.get("draft") and not self.drafts:
            raise _refusal(422, "Draft pull requests are not supported in this repository.")
        pull = self.add(
            branch, base=base, title=body["title"], body=body.get("body", ""),
            draft=body.get("draft", False), hidden=self.lag,
        )  # fmt: skip
        return Reply(201, self._json(pull))

    def _patched(self, pull: Pull, call: Call) -> Reply:
        self._may("pulls")
        body = _fields(call, set(), {"title", "body", "base", "state"})
        if body.get("state") == "open" and pull.merged_at:
            raise _custom("state cannot be changed. The pull request is merged.")
        if "base" in body and body["base"] != pull.base:
            if pull.state != "open":
                raise _custom("Cannot change the base branch of a closed pull request.")
            if self.tips(body["base"]) is None:
                raise _invalid({"resource": "PullRequest", "field": "base", "code": "invalid"})
        if body.pop("state", _state(pull)) != _state(pull):
            self.reopen(pull.number) if pull.closed_at else self.close(pull.number)
        for name, value in body.items():
            setattr(pull, name, value)
        return Reply(200, self._json(pull))

    def _reviewed(self, pull: Pull, call: Call) -> Reply:
        self._may("pulls")
        body = _fields(call, set(), {"reviewers", "team_reviewers"})
        users, teams = body.get("reviewers", []), body.get("team_reviewers", [])
        if pull.author in users:
            raise _refusal(422, "Review cannot be requested from pull request author.")
        if not (set(users) <= self.people.keys() and set(teams) <= self.teams):
            raise _refusal(
                422,
                "Reviews may only be requested from collaborators. One or more of the users or "
                f"teams you specified is not a collaborator of the {self.full_name} repository.",
            )
        pull.reviewers += [name for name in users if name not in pull.reviewers]
        pull.teams += [name for name in teams if name not in pull.teams]
        return Reply(201, self._json(pull, full=False))

    def _issues(self, call: Call, where: list[str]) -> Reply:
        if not self.has_issues:
            raise _refusal(410, "Issues are disabled for this repo")
        if call.method == "GET":
            query = parameters(call, {"creator", "state", "per_page", "page"})
            assert query["state"] == "all"
            shown = [one for one in self.issues.values() if one.author == query["creator"]]
            pulls = [
                self._as_issue(pull) for pull in self.pulls.values() if query["creator"] == BOT
            ]
            return Reply(200, [*(self._issue(one) for one in shown), *pulls])
        self._may("issues")
        if call.method == "POST":
            body = _fields(call, {"title"}, {"body"})
            return Reply(201, self._issue(self.add_issue(body["title"], body["body"])))
        one = self.issue(where[0])
        one.body = _fields(call, {"body"}, set())["body"]
        return Reply(200, self._issue(one))

    def _as_issue(self, pull: Pull) -> Json:
        """A pull request is an issue, too."""
        made = shapes.issue(self.api_base, self.full_name, self._json(pull), ())
        url = f"{self.api_base}/repos/{self.full_name}/pulls/{pull.number}"
        links = dict.fromkeys(("url", "html_url", "diff_url", "patch_url"), url)
        return {**made, "pull_request": links}

    def _issue(self, one: IssueOf) -> Json:
        known = {
            "number": one.number, "title": one.title, "body": one.body, "state": one.state,
            "labels": [], "user": shapes.user(self.api_base, one.author), "closed_at": None,
            "created_at": self.stamp(), "updated_at": self.stamp(), "id": one.number,
            "html_url": f"{self.url}/{self.full_name}/issues/{one.number}",
            "node_id": f"I_{one.number}",
        }  # fmt: skip
        return shapes.issue(self.api_base, self.full_name, known, ())

    def _stated(self, commit: str, call: Call) -> Reply:
        self._may("statuses")
        body = _fields(call, {"state", "context"}, {"description"})
        assert body["context"] == "fluxbump"
        self.set_status(commit, body["state"], body["description"])
        return Reply(201, self._status(body["state"], body["description"]))

    def _status(self, state: str, text: str) -> Json:
        return shapes.status(self.api_base, self.full_name, state, text, BOT)

    def _on_issue(self, pull: Pull, kind: str, call: Call) -> Reply:
        self._may("issues")
        api, name = self.api_base, self.full_name
        body = _fields(call, {"body" if kind == "comments" else kind}, set())
        match kind:
            case "comments":
                pull.comments.append(body["body"])
                index = len(pull.comments)
                made = shapes.comment(api, name, pull.number, index, text=body["body"], author=BOT)
                return Reply(201, made)
            case "labels":
                pull.labels += [one for one in body["labels"] if one not in pull.labels]
                return Reply(200, [shapes.label(api, one) for one in pull.labels])
            case "assignees":
                # Who cannot be assigned is dropped in silence.
                names = [one for one in body["assignees"] if one in self.people]
                pull.assignees += [one for one in names if one not in pull.assignees]
                return Reply(201, shapes.issue(api, name, self._json(pull), pull.assignees))
        raise AssertionError("no such route")

    def _graphql(self, call: Call) -> Reply:
        """GraphQL says what is wrong in the body of a 200.

        https://docs.github.com/graphql/reference/mutations
        """
        body = call.json()
        if body["query"] == "query { viewer { login } }":
            return Reply(200, {"data": {"viewer": {"login": BOT}}})
        found = _MUTATION.fullmatch(body["query"])
        assert found, "not a mutation that this fake knows"
        node = body["variables"]["id"]
        pull = next((p for p in self.pulls.values() if _node(p) == node), None)
        if pull is None or not self.visible:
            return _errors("NOT_FOUND", f"Could not resolve to a node with the global id of {node}")
        if "pulls" not in self.rights or not self.writable:
            return _errors("FORBIDDEN", "Resource not accessible by personal access token")
        problem = self._mutated(pull, found[1], found[2])
        if problem:
            return _errors("UNPROCESSABLE", problem)
        return Reply(200, {"data": {found[1]: {"pullRequest": {"id": node}}}})

    def _mutated(self, pull: Pull, mutation: str, method: str | None) -> str | None:
        match mutation:
            case "markPullRequestReadyForReview":
                pull.draft = False
            case "convertPullRequestToDraft":
                if not self.drafts:
                    return "Draft pull requests are not supported in this repository."
                pull.draft = True
            case "enablePullRequestAutoMerge":
                if not self.auto_merge:
                    return "Pull request Auto merge is not allowed for this repository"
                if pull.draft:
                    return "Pull request is in draft state"
                if _METHODS[method or "MERGE"] not in self.methods:
                    return f"Merge method {method} is not allowed on this repository"
                pull.auto_merge = method or "MERGE"
            case _:
                raise AssertionError("no such mutation")
        return None

    # --- answers ------------------------------------------------------------------------------

    def _repository(self, *, full: bool = False, fork: str | None = None) -> Json:
        settings = {
            "archived": self.archived,
            "has_pull_requests": self.takes_requests,
            "has_issues": self.has_issues,
            "permissions": {"admin": False, "push": self.writable, "pull": True},
            "allow_auto_merge": self.auto_merge,
            "allow_merge_commit": "merge" in self.methods,
            "allow_squash_merge": "squash" in self.methods,
            "allow_rebase_merge": "rebase" in self.methods,
        }
        name = fork or self.full_name
        return shapes.repository(
            self.api_base, name, fork=fork is not None, settings=settings if full else {}
        )

    def _json(self, pull: Pull, *, full: bool = True) -> Json:
        api = self.api_base
        owner = self.full_name.partition("/")[0]
        theirs = (pull.fork or self.full_name).partition("/")[0]
        source = None if pull.fork_deleted else self._repository(fork=pull.fork)
        base = self.tips(pull.base) or "0" * 40
        merge = pull.auto_merge and {
            "enabled_by": shapes.user(api, BOT), "merge_method": _METHODS[str(pull.auto_merge)],
            "commit_title": "", "commit_message": "",
        }  # fmt: skip
        return {
            **shapes.addresses(api, self.full_name, pull.number),
            "id": pull.number,
            "node_id": _node(pull),
            "number": pull.number,
            "state": _state(pull),
            "locked": False,
            "title": pull.title,
            "body": pull.body or None,
            "user": shapes.user(api, pull.author),
            "created_at": pull.created_at,
            "updated_at": pull.created_at,
            "closed_at": pull.closed_at,
            "merged_at": pull.merged_at,
            "merge_commit_sha": None,
            "assignee": None,
            "assignees": [shapes.user(api, name) for name in pull.assignees],
            "requested_reviewers": [shapes.user(api, name) for name in pull.reviewers],
            "requested_teams": [shapes.team(api, owner, name) for name in pull.teams],
            "labels": [shapes.label(api, name) for name in pull.labels],
            "milestone": None,
            "draft": pull.draft,
            "head": shapes.side(
                f"{theirs}:{pull.branch}", pull.branch, pull.head, source, shapes.user(api, theirs)
            ),
            "base": shapes.side(
                f"{owner}:{pull.base}", pull.base, base, self._repository(),
                shapes.user(api, owner),
            ),
            "author_association": "COLLABORATOR",
            "auto_merge": merge or None,
            **({"merged": pull.merged_at is not None} | shapes.DETAILS if full else {}),
        }  # fmt: skip


def limited(*, remaining: int, reset: float) -> Reply:
    """Return GitHub's answer when the primary rate limit is used up; `reset` since the epoch."""
    headers = {
        "X-RateLimit-Limit": "5000", "X-RateLimit-Remaining": str(remaining),
        "X-RateLimit-Reset": f"{reset:.0f}", "X-RateLimit-Resource": "core",
    }  # fmt: skip
    return _refusal(403, "API rate limit exceeded for user ID 1.", headers).reply


def secondary(after: int | None) -> Reply:
    """Return GitHub's answer to somebody who asks too fast."""
    headers = {} if after is None else {"Retry-After": str(after)}
    message = "You have exceeded a secondary rate limit. Please wait a few minutes."
    return _refusal(403, message, headers).reply


def _state(pull: Pull) -> str:
    return "open" if pull.state == "open" else "closed"


def _node(pull: Pull) -> str:
    return f"PR_kw{pull.number:06}"


def _refusal(
    status: int, message: str, headers: dict[str, str] | None = None, *errors: Json
) -> RefusalError:
    body: Json = {"message": message, "documentation_url": _DOCS, "status": str(status)}
    return RefusalError(
        Reply(status, body | ({"errors": [*errors]} if errors else {}), headers or {})
    )


def _invalid(error: Json) -> RefusalError:
    return _refusal(422, "Validation Failed", None, error)


def _custom(message: str) -> RefusalError:
    return _invalid({"resource": "PullRequest", "code": "custom", "message": message})


def _errors(kind: str, message: str) -> Reply:
    return Reply(200, {"data": None, "errors": [{"type": kind, "message": message}]})


def _fields(call: Call, required: set[str], optional: set[str]) -> Json:
    """Return the body; what GitHub refuses in any body is refused."""
    assert call.headers["content-type"] == "application/json"
    body = call.json()
    unknown = body.keys() - required - optional
    assert not unknown, unknown
    for name in sorted(required):
        if not body.get(name):
            raise _invalid({"resource": "PullRequest", "field": name, "code": "missing_field"})
    if len(body.get("body", "")) > LONGEST:
        raise _custom(f"body is too long (maximum is {LONGEST} characters)")
    return body
