"""A Gitea (or Forgejo) on loopback with one repository of an organization.

It behaves as their description of the interface says, `templates/swagger/v1_json.tmpl`, and as
`routers/api/v1/repo/pull.go` and `services/convert/pull.go` of their source do: `head.label` is the
branch, and `head.ref` another name when the branch is deleted, which closes the pull request.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import unquote

from tests.forges.fake_forge import (
    BOT,
    STAMP,
    FakeForge,
    IssueOf,
    Json,
    Pull,
    RefusalError,
    fields,
    linked,
    parameters,
)
from tests.forges.fake_server import Call, Reply

_MARKS = ("wip:", "[wip]")
_REPOSITORY = 7


def _nothing() -> None:
    pass


class FakeGitea(FakeForge):
    """One repository on Gitea."""

    prefix = "/api/v1"
    closes_with_branch = True

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]  # as FakeForge has them
        self.organization_labels = {"team": 31}
        self.teams = {"platform"}
        self.is_organization = True
        self.checks: list[str] | None = ["ci"]
        """The checks that the base branch requires; None: it has no such rule."""
        self.looking = 0
        """So many requests to merge come before it is known whether there are conflicts."""
        self.says_draft = True
        self.account_writes = True
        """The account may write; its token may still not have the scope."""
        self.style = "squash"
        self.between: Callable[[], object] = _nothing
        """Called between the look for a second pull request and the new one: no lock is held."""
        self.after_change: Callable[[], object] = _nothing
        """Called after the next change of a pull request, before the answer: no lock is held."""
        self.counts_as_empty = False
        """It has not looked at the first push yet; as long as that, most of it is not found."""

    def refuse(self, status: int, message: str) -> RefusalError:
        return RefusalError(Reply(status, {"message": message, "url": f"{self.url}/api/swagger"}))

    def admit(self, call: Call) -> None:
        # https://docs.gitea.com/development/api-usage#authentication
        if call.headers.get("authorization") != f"token {self.token}":
            raise self.refuse(401, "invalid username, password or token")

    def routed(self, call: Call) -> Reply:
        assert call.path.startswith(self.prefix), "no such route"
        place, *where = call.path.removeprefix(f"{self.prefix}/").split("/")
        if place == "orgs" and where[1:] == ["labels"]:
            if not self.is_organization:
                raise self.refuse(404, "user does not exist")
            return self._labels(call, self.organization_labels)
        if place in ("orgs", "users") and where[1:] == ["repos"]:
            shown, headers = self.owned(call, place, unquote(where[0]), {"limit"}, 50)
            keys = ("archived", "fork", "empty")
            body = [{"full_name": one.path, **{k: getattr(one, k) for k in keys}} for one in shown]
            return Reply(200, body, headers)
        assert place == "repos", "no such route"
        if where == ["issues", "search"]:
            return self._search(call)
        if "/".join(where[:2]) != self.full_name or not self.visible:
            raise self.refuse(404, "The target couldn't be found.")
        if call.method in ("POST", "PATCH") and not self.writable:
            message = "token does not have at least one of required scope(s): [write:repository]"
            raise self.refuse(403, message)
        return self._in_repository(call, where[2:])

    def _in_repository(self, call: Call, where: list[str]) -> Reply:
        self._require_state(call, where)
        if where[:1] == ["issues"] and len(where) < 3:
            return self._issues(call, where[1:])
        if where[:1] == ["statuses"]:
            return self._stated(where[1], call)
        if where[:1] == ["pulls"] or call.method == "POST":
            return self._on_pulls(call, where)
        match call.method, *where:
            case ["GET"]:
                reply = Reply(
                    200,
                    {
                        "id": _REPOSITORY,
                        "default_merge_style": self.style,
                        "archived": self.archived,
                        "empty": self.counts_as_empty,
                        "has_pull_requests": self.takes_requests,
                        "has_issues": self.has_issues,
                        "permissions": {"admin": False, "push": self.account_writes, "pull": True},
                    },
                )
            case ["GET", "commits", commit, "statuses"]:
                assert parameters(call, {"sort", "limit"})["sort"] == "highestindex"
                found = [
                    {"status": state, "context": "fluxbump", "description": text}
                    for state, text in self.statuses.get(commit, [])
                ]
                reply = Reply(200, found[::-1])
            case ["GET", "labels"]:
                reply = self._labels(call, self.labels)
            case ["GET", "assignees"]:
                reply = Reply(200, [self._user(name) for name in self.people])
            case ["GET", "branches", name]:
                if self.tips(unquote(name)) is None:
                    raise self.refuse(404, "The target couldn't be found.")
                rule = self.checks is not None
                body = {"enable_status_check": rule, "status_check_contexts": self.checks}
                shown = {"name": name, "protected": unquote(name) in self.protected}
                reply = Reply(200, {**shown, **body})
            case _:
                raise AssertionError("no such route")
        return reply

    def _require_state(self, call: Call, where: list[str]) -> None:
        # `mustAllowPulls` and `mustNotBeArchived` in `routers/api/v1/api.go`.
        if where[:1] == ["pulls"] and not self.takes_requests:
            raise self.refuse(404, "not found")
        if where[:1] == ["pulls"] and self.counts_as_empty:
            raise self.refuse(404, "The target couldn't be found.")
        if where and call.method != "GET" and self.archived:
            raise self.refuse(423, f"{self.full_name} is archived")

    def _search(self, call: Call) -> Reply:
        """Search the issues of every repository that the token sees."""
        query = parameters(call, {"created", "state", "type", "limit", "owner", "page"})
        assert (query["created"], query["state"], query["type"]) == ("true", "all", "issues")
        assert query["owner"] == self.full_name.partition("/")[0]
        ours = [one for one in self.issues.values() if one.author == BOT]
        other = self._issue(IssueOf(1, "another", "<!-- fluxbump:dashboard -->"))
        other["repository"] = {"full_name": f"{query['owner']}/other"}
        return Reply(200, [other, *(self._issue(one) for one in ours)])

    def _issues(self, call: Call, where: list[str]) -> Reply:
        if not self.has_issues:
            raise self.refuse(404, "The target couldn't be found.")
        if call.method == "POST":
            body = fields(call, {"title"}, {"body"})
            return Reply(201, self._issue(self.add_issue(body["title"], body["body"])))
        assert call.method == "PATCH"
        one = self.issue(where[0])
        one.body = fields(call, {"body"}, set())["body"]
        return Reply(201, self._issue(one))

    def _issue(self, one: IssueOf) -> Json:
        return {
            "number": one.number, "title": one.title, "body": one.body, "state": one.state,
            "html_url": f"{self.url}/{self.full_name}/issues/{one.number}",
            "user": {"id": 1, "login": one.author}, "pull_request": None,
            "repository": {"full_name": self.full_name},
        }  # fmt: skip

    def _stated(self, commit: str, call: Call) -> Reply:
        body = fields(call, {"state", "context", "description"}, set())
        assert call.method == "POST"
        assert body["state"] in ("pending", "success", "error", "failure", "warning")
        assert body["context"] == "fluxbump"
        self.set_status(commit, body["state"], body["description"])
        return Reply(201, {"id": 1, "status": body["state"], "context": body["context"]})

    def _on_pulls(self, call: Call, where: list[str]) -> Reply:
        match call.method, *where:
            case ["GET", "pulls"]:
                reply = self._listing(call)
            case ["POST", "pulls"]:
                reply = self._created(call)
            case ["GET", "pulls", number]:
                reply = Reply(200, self._json(self.pull(number)))
            case ["PATCH", "pulls", number]:
                reply = self._changed(self.pull(number), call)
            case ["POST", kind, number, what]:
                reply = self._added(f"{kind}/{what}", self.pull(number), call)
            case _:
                raise AssertionError("no such route")
        return reply

    def _labels(self, call: Call, labels: dict[str, int]) -> Reply:
        parameters(call, {"limit", "page"})
        return Reply(200, [{"id": one, "name": name} for name, one in labels.items()])

    def _listing(self, call: Call) -> Reply:
        query = parameters(call, {"state", "limit", "page"})
        assert query["state"] in ("open", "closed", "all")
        found = self.newest(
            lambda pull: query["state"] in ("all", "open" if pull.state == "open" else "closed")
        )
        shown, headers = linked(self.url, call, found, min(int(query.get("limit", "30")), 50))
        return Reply(200, [self._json(pull) for pull in shown], headers)

    def _created(self, call: Call) -> Reply:
        body = fields(call, {"title", "head", "base"}, {"body"})
        branch, base = body["head"], body["base"]
        if branch == base:
            raise self.refuse(422, "Invalid PullRequest: There are no changes")
        if not body["title"]:
            raise self.refuse(422, "[Title]: Required")
        if self.tips(branch) is None or self.tips(base) is None:
            raise self.refuse(404, "The target couldn't be found.")
        twin = self.twin(branch, base)
        if twin:
            raise self.refuse(
                409,
                "pull request already exists for these targets "
                f"[id: {100 + twin.number}, issue_id: {200 + twin.number}, head_repo_id: 7, "
                f"base_repo_id: 7, head_branch: {branch}, base_branch: {base}]",
            )
        between, self.between = self.between, _nothing
        self._unlocked(between)
        pull = self.add(
            branch, base=base, title=body["title"], body=body.get("body", ""),
            draft=body["title"].lower().startswith(_MARKS), hidden=self.lag,
        )  # fmt: skip
        return Reply(201, self._json(pull))

    def _changed(self, pull: Pull, call: Call) -> Reply:
        body = fields(call, set(), {"title", "body", "base", "state", "assignees"})
        if "state" in body:
            if pull.state == "merged":
                message = "cannot change state of this pull request, it was already merged"
                raise self.refuse(412, message)
            pull.state = body["state"]
        if body.get("title"):
            pull.title = body["title"]
            pull.draft = pull.title.lower().startswith(_MARKS)
        pull.body = body.get("body", pull.body)
        if body.get("base", pull.base) != pull.base:
            if self.tips(body["base"]) is None:
                raise self.refuse(404, f"new base '{body['base']}' not exist")
            pull.base = body["base"]
        for name in body.get("assignees", []):
            if name not in self.people:
                raise self.refuse(422, f"Assignee does not exist: [name: {name}]")
        pull.assignees[:] = body.get("assignees", pull.assignees)
        after, self.after_change = self.after_change, _nothing
        self._unlocked(after)
        return Reply(201, self._json(pull))

    def _unlocked(self, action: Callable[[], object]) -> None:
        self.lock.release()
        try:
            action()
        finally:
            self.lock.acquire()

    def _added(self, what: str, pull: Pull, call: Call) -> Reply:
        match what:
            case "issues/comments":
                pull.comments.append(fields(call, {"body"}, set())["body"])
                return Reply(201, {"id": 1, "body": pull.comments[-1]})
            case "issues/labels":
                names = {
                    one: name for name, one in (self.labels | self.organization_labels).items()
                }
                pull.labels += [names[one] for one in fields(call, {"labels"}, set())["labels"]]
                return Reply(200, [{"id": 1, "name": name} for name in pull.labels])
            case "pulls/requested_reviewers":
                return self._asked(pull, call)
            case "pulls/merge":
                return self._merged(pull, call)
        raise AssertionError("no such route")

    def _asked(self, pull: Pull, call: Call) -> Reply:
        body = fields(call, set(), {"reviewers", "team_reviewers"})
        for name in body.get("reviewers", []):
            if name not in self.people:
                raise self.refuse(404, f"user does not exist [uid: 0, name: {name}]")
        for name in body.get("team_reviewers", []):
            if name not in self.teams:
                raise self.refuse(404, f"team does not exist [org_id 0, team_id 0, name: {name}]")
        pull.reviewers += body.get("reviewers", []) + body.get("team_reviewers", [])
        return Reply(201, [])

    def _merged(self, pull: Pull, call: Call) -> Reply:
        body = fields(call, {"Do", "merge_when_checks_succeed", "head_commit_id"}, set())
        if pull.draft:
            raise self.refuse(405, "Work in progress PRs cannot be merged")
        if self.looking:
            self.looking -= 1
            raise self.refuse(405, "Please try again later")
        if body["Do"] != self.style:
            raise self.refuse(405, f"{body['Do']} is not allowed an allowed merge style")
        if not self.checks:
            pull.state = "merged"
            return Reply(200)
        if pull.auto_merge:
            raise self.refuse(409, "pull request is already scheduled to auto merge")
        pull.auto_merge = True
        return Reply(201)

    def _user(self, name: str) -> Json:
        return {"id": self.people[name], "login": name, "full_name": ""}

    def _json(self, pull: Pull) -> Json:
        theirs = _REPOSITORY if pull.fork is None else -1 if pull.fork_deleted else _REPOSITORY + 1
        there = pull.fork is not None or self.tips(pull.branch) is not None
        people = self.people
        return {
            "id": 100 + pull.number,
            "number": pull.number,
            "url": f"{self.url}/{self.full_name}/pulls/{pull.number}",
            "html_url": f"{self.url}/{self.full_name}/pulls/{pull.number}",
            "title": pull.title,
            "body": pull.body,
            "state": "open" if pull.state == "open" else "closed",
            "merged": pull.state == "merged",
            "merged_at": STAMP if pull.state == "merged" else None,
            **({"draft": pull.draft} if self.says_draft else {}),
            "labels": [{"id": 1, "name": name} for name in pull.labels],
            "assignees": [self._user(name) for name in pull.assignees] or None,
            "requested_reviewers": [self._user(name) for name in pull.reviewers if name in people],
            "head": {
                "label": pull.branch,
                "ref": pull.branch if there else f"refs/pull/{pull.number}/head",
                "sha": pull.head,
                "repo_id": theirs,
                "repo": None if theirs == -1 else {"id": theirs},
            },
            "base": {
                "label": pull.base,
                "ref": pull.base,
                "sha": self.tips(pull.base) or "",
                "repo_id": _REPOSITORY,
                "repo": {"id": _REPOSITORY},
            },
            "created_at": STAMP,
        }
