"""A GitLab on loopback with one project.

It behaves as https://docs.gitlab.com/api/merge_requests/, /api/notes/ and /api/users/ document and
as `lib/api/merge_requests.rb` and `app/models/merge_request.rb` of its source do where those pages
are silent: 409 for a second merge request, 405 as long as there is no pipeline.
"""

from __future__ import annotations

import re
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

_STATES = {"open": "opened", "closed": "closed", "merged": "merged"}
_DRAFT = re.compile(r"\s*(draft:|\[draft\]|\(draft\))", re.IGNORECASE)
_LONGEST = 1_048_576
_PROJECT = 7


class FakeGitLab(FakeForge):
    """One project on GitLab, in a subgroup."""

    full_name = "acme/platform/monorepo"
    prefix = "/api/v4"

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]  # as FakeForge has them
        self.premium = True
        self.pipeline_after = 0
        """So many requests to merge come before a pipeline is there; -1: there is none ever."""

    def refuse(self, status: int, message: str) -> RefusalError:
        return RefusalError(Reply(status, {"message": f"{status} {message}"}))

    def admit(self, call: Call) -> None:
        # https://docs.gitlab.com/api/rest/authentication/
        if call.headers.get("authorization") != f"Bearer {self.token}":
            raise self.refuse(401, "Unauthorized")
        assert call.path.startswith(self.prefix), "no such route"

    def routed(self, call: Call) -> Reply:
        where = call.path.removeprefix(f"{self.prefix}/").split("/")
        if where == ["users"]:
            return self._users(call)
        if where[0] in ("groups", "users") and where[2:] == ["projects"]:
            return self._projects(call, where[0], unquote(where[1]))
        assert where[0] == "projects", "no such route"
        if unquote(where[1]).lower() != self.full_name or not self.visible:
            raise self.refuse(404, "Project Not Found")
        return self._project() if where[2:] == [] else self._in_project(call, where[2:])

    def _in_project(self, call: Call, where: list[str]) -> Reply:
        match call.method, *where:
            case ["GET", "repository", "branches", name]:
                reply = self._branch(unquote(name))
            case ["GET", "repository", "commits", *_] | ["POST", "statuses", _]:
                reply = self._on_commit(call, where)
            case [_, "issues", *number]:
                reply = self._issues(call, number)
            case ["GET", "merge_requests"]:
                reply = self._listing(call)
            case ["POST", "merge_requests"]:
                reply = self._created(call)
            case ["GET", "merge_requests", number]:
                reply = Reply(200, self._json(self.pull(number)))
            case ["PUT", "merge_requests", number]:
                reply = self._changed(self.pull(number), call)
            case ["PUT", "merge_requests", number, "merge"]:
                reply = self._merged(self.pull(number), call)
            case ["POST", "merge_requests", number, "notes"]:
                text = fields(call, {"body"}, set())["body"]
                self.pull(number).comments.append(text)
                reply = Reply(201, {"id": 1, "body": text, "noteable_type": "MergeRequest"})
            case _:
                raise AssertionError("no such route")
        return reply

    def _issues(self, call: Call, where: list[str]) -> Reply:
        if not self.has_issues:
            raise self.refuse(403, "Forbidden")
        if call.method == "GET":
            query = parameters(call, {"scope", "state", "issue_type", "per_page", "page"})
            assert (query["scope"], query["state"]) == ("created_by_me", "all")
            shown = [one for one in self.issues.values() if one.author == BOT]
            return Reply(200, [self._issue(one) for one in shown])
        self.writing()
        if call.method == "POST":
            body = fields(call, {"title"}, {"description"})
            return Reply(201, self._issue(self.add_issue(body["title"], body["description"])))
        assert call.method == "PUT"
        one = self.issue(where[0])
        one.body = fields(call, {"description"}, set())["description"]
        return Reply(200, self._issue(one))

    def _issue(self, one: IssueOf) -> Json:
        return {
            "iid": one.number, "title": one.title, "description": one.body,
            "state": "opened" if one.state == "open" else "closed",
            "web_url": f"{self.url}/{self.full_name}/-/issues/{one.number}",
        }  # fmt: skip

    def _stated(self, commit: str, call: Call) -> Reply:
        """Set a status, whose state has to be another one than before."""
        body = fields(call, {"state", "name", "description"}, set())
        self.writing()
        assert body["state"] in ("pending", "running", "success", "failed", "canceled")
        if self.statuses.get(commit, [("", "")])[-1][0] == body["state"]:
            state = body["state"]
            raise self._invalid(400, f"Cannot transition status via :event from :{state}")
        self.set_status(commit, body["state"], body["description"])
        return Reply(201, {"id": 1, "status": body["state"], "name": body["name"]})

    def _on_commit(self, call: Call, where: list[str]) -> Reply:
        match call.method, *where:
            case ["GET", "repository", "commits", commit, "statuses"]:
                assert parameters(call, {"name"}) == {"name": "fluxbump"}
                found = self.statuses.get(commit, [])[-1:]  # the latest of each name
                shown = [
                    {"status": one, "name": "fluxbump", "description": text} for one, text in found
                ]
                reply = Reply(200, shown)
            case ["POST", "statuses", commit]:
                reply = self._stated(commit, call)
            case _:
                raise AssertionError("no such route")
        return reply

    def _projects(self, call: Call, kind: str, owner: str) -> Reply:
        known = {"per_page", "include_subgroups", "with_shared"}
        shown, headers = self.owned(call, kind, owner, known, 100)
        body: list[Json] = []
        for one in shown:
            project: Json = {"path_with_namespace": one.path, "archived": one.archived}
            project["empty_repo"] = one.empty
            if one.fork:
                project["forked_from_project"] = {"id": 5}
            body.append(project)
        return Reply(200, body, headers)

    def _project(self) -> Reply:
        level = "enabled" if self.takes_requests else "disabled"
        body = {"id": 7, "archived": self.archived, "merge_requests_access_level": level}
        body["issues_access_level"] = "enabled" if self.has_issues else "disabled"
        return Reply(200, body)

    def _branch(self, name: str) -> Reply:
        if self.tips(name) is None:
            raise self.refuse(404, "Branch Not Found")
        return Reply(200, {"name": name, "protected": name in self.protected})

    def _users(self, call: Call) -> Reply:
        name = parameters(call, {"username"})["username"]
        found = [one for one in self.people if one.lower() == name.lower()]
        return Reply(200, [self._user(one) for one in found])

    def _listing(self, call: Call) -> Reply:
        known = {"source_branch", "state", "order_by", "sort", "per_page", "page"}
        query = parameters(call, known)
        assert (query["order_by"], query["sort"]) == ("created_at", "desc")
        assert query["state"] in ("all", *_STATES.values())
        branch = query.get("source_branch")
        found = self.newest(
            lambda pull: (
                query["state"] in ("all", _STATES[pull.state]) and branch in (None, pull.branch)
            )
        )
        size = min(int(query.get("per_page", "20")), 100)
        shown, headers = linked(self.url, call, found, size)
        return Reply(200, [self._json(pull) for pull in shown], headers)

    def _created(self, call: Call) -> Reply:
        body = fields(call, {"source_branch", "target_branch", "title"}, {"description"})
        self._valid(body)
        branch, base = body["source_branch"], body["target_branch"]
        # Checked when it is saved: `validate_branches`.
        if branch == base:
            raise self._invalid(422, "You can't use same project/branch for source and target")
        for name, side in ((branch, "Source"), (base, "Target")):
            if self.tips(name) is None:
                raise self._invalid(422, f'{side} branch "{name}" does not exist')
        twin = self.twin(branch, base)
        if twin:
            raise self._invalid(
                409,
                f"Another open merge request already exists for this source branch: !{twin.number}",
            )
        pull = self.add(
            branch, base=base, title=body["title"], body=body.get("description", ""),
            draft=bool(_DRAFT.match(body["title"])), hidden=self.lag,
        )  # fmt: skip
        return Reply(201, self._json(pull))

    def _changed(self, pull: Pull, call: Call) -> Reply:
        known = {"title", "description", "target_branch", "state_event", "add_labels"}
        body = fields(call, set(), known | {"assignee_ids", "reviewer_ids"})
        assert body, "at least one"
        self._valid(body)
        if "target_branch" in body:
            if self.tips(body["target_branch"]) is None:
                raise self._invalid(422, f'Target branch "{body["target_branch"]}" does not exist')
            pull.base = body["target_branch"]
        if "title" in body:
            pull.title, pull.draft = body["title"], bool(_DRAFT.match(body["title"]))
        pull.body = body.get("description", pull.body)
        if body.get("state_event") == "close" and pull.state == "open":
            pull.state = "closed"
        pull.labels += [one for one in body.get("add_labels", "").split(",") if one]
        for field, people in (("assignee_ids", pull.assignees), ("reviewer_ids", pull.reviewers)):
            if field in body:
                people[:] = self._taken(body[field])
        return Reply(200, self._json(pull))

    def _taken(self, ids: list[int]) -> list[str]:
        names = [name for name, one in self.people.items() if one in ids]
        return names if self.premium else names[:1]

    def _merged(self, pull: Pull, call: Call) -> Reply:
        body = fields(call, {"auto_merge", "merge_when_pipeline_succeeds"}, {"sha"})
        self.writing()
        if pull.draft or self.pipeline_after:
            self.pipeline_after = max(-1, self.pipeline_after - 1)
            raise self.refuse(405, "Method Not Allowed")
        if body.get("sha", pull.head) != pull.head:
            raise self.refuse(409, f"SHA does not match HEAD of source branch: {pull.head}")
        pull.auto_merge = True
        return Reply(200, self._json(pull))

    def _valid(self, body: Json) -> None:
        if not self.writable:
            raise RefusalError(
                Reply(
                    403,
                    {
                        "error": "insufficient_scope",
                        "error_description": "The request requires higher privileges.",
                        "scope": "api",
                    },
                )
            )
        if body.get("title") == "":
            raise RefusalError(Reply(400, {"error": "title is empty"}))
        if len(body.get("description", "")) > _LONGEST:
            reason = "is too long (2.1 MB). The maximum size is 1 MB."
            raise RefusalError(Reply(400, {"message": {"description": [reason]}}))

    def _invalid(self, status: int, reason: str) -> RefusalError:
        return RefusalError(Reply(status, {"message": [reason]}))

    def _user(self, name: str) -> Json:
        return {"id": self.people[name], "username": name, "name": name, "state": "active"}

    def _json(self, pull: Pull) -> Json:
        theirs = None if pull.fork_deleted else _PROJECT + 1
        return {
            "id": 1000 + pull.number,
            "iid": pull.number,
            "project_id": _PROJECT,
            "title": pull.title,
            "description": pull.body or None,
            "state": _STATES[pull.state],
            "created_at": STAMP,
            "target_branch": pull.base,
            "source_branch": pull.branch,
            "source_project_id": theirs if pull.fork else _PROJECT,
            "target_project_id": _PROJECT,
            "labels": pull.labels,
            "draft": pull.draft,
            "work_in_progress": pull.draft,
            "merge_when_pipeline_succeeds": pull.auto_merge,
            "assignees": [self._user(name) for name in pull.assignees],
            "reviewers": [self._user(name) for name in pull.reviewers],
            "sha": pull.head,
            "web_url": f"{self.url}/{self.full_name}/-/merge_requests/{pull.number}",
        }
