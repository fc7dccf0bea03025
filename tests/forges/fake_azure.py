"""An Azure DevOps on loopback with one repository.

It behaves as https://learn.microsoft.com/rest/api/azure/devops/git/ documents for version 7.1; the
words and numbers of its errors (TF401179 with 409 for a second pull request, 400 for a long
description) are those that its clients report.
"""

from __future__ import annotations

import base64
from urllib.parse import unquote

from tests.forges.fake_forge import BOT, STAMP, FakeForge, Json, Pull, RefusalError, fields
from tests.forges.fake_server import Call, Reply

_STATES = {"open": "active", "closed": "abandoned", "merged": "completed"}
_LONGEST = 4000
_SHOWN = 400
_CRITERIA = {"searchCriteria.sourceRefName", "searchCriteria.status", "$top", "$skip"}
BUILD = "0609b952-1397-4640-95ec-e00a01b2c241"
REVIEWERS = "fa4e907d-c16b-4a4c-9dfa-4906e5d171dd"


def guid(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012}"


class FakeAzure(FakeForge):
    """One repository on Azure DevOps; people are their ids."""

    full_name = "acme/platform/monorepo"
    reviewing = (guid(11), guid(12))

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]  # as FakeForge has them
        self.policies: list[Json] = [policy(BUILD)]
        self.retargets = True

    def refuse(self, status: int, message: str) -> RefusalError:
        body = {
            "$id": "1", "innerException": None, "message": message, "typeName": "x",
            "typeKey": "x", "errorCode": 0, "eventId": 3000,
        }  # fmt: skip
        return RefusalError(Reply(status, body))

    def admit(self, call: Call) -> None:
        pair = base64.b64encode(f":{self.token}".encode()).decode()
        if call.headers.get("authorization") != f"Basic {pair}":
            if call.headers.get("x-tfs-fedauthredirect") != "Suppress":
                raise RefusalError(Reply(302, None, {"Location": "https://login.example/"}))
            raise self.refuse(401, "TF400813: The user '' is not authorized to access this.")
        assert call.query.get("api-version") == "7.1", "each request says its version"
        if call.method != "GET" and not self.writable:
            message = "TF401027: You need the Git 'PullRequestContribute' permission to do this."
            raise self.refuse(403, message)

    def routed(self, call: Call) -> Reply:
        organization, project, *where = unquote(call.path).strip("/").split("/")
        assert where[:2] == ["_apis", "git"], "no such route"
        ours = f"{organization}/{project}/" == self.full_name[: self.full_name.rindex("/") + 1]
        if where[2:] == ["policy", "configurations"]:
            assert call.query["repositoryId"] == guid(1)
            branch = call.query["refName"].removeprefix("refs/heads/")
            found = self.policies if branch == "main" else []
            found = [*found, *([policy(REVIEWERS)] if branch in self.protected else [])]
            return Reply(200, {"count": len(found), "value": found})
        assert where[2] == "repositories", "no such route"
        if not ours or where[3] != self.full_name.rpartition("/")[2] or not self.visible:
            message = f"TF401019: The Git repository with name or identifier {where[3]} does not"
            raise self.refuse(404, f"{message} exist or you do not have permissions for it.")
        if where[4:] == [] and call.method == "GET":
            return Reply(200, {"id": guid(1), "name": where[3], "isDisabled": self.archived})
        if where[4] == "commits":
            return self._on_commit(call, *where[5:])
        assert where[4] == "pullrequests", "no such route"
        return self._on_pulls(call, where[5:])

    def _on_commit(self, call: Call, commit: str, what: str) -> Reply:
        assert what == "statuses", "no such route"
        named = {"name": "fluxbump", "genre": "fluxbump"}
        if call.method == "GET":
            assert call.query["latestOnly"] == "true"
            found = self.statuses.get(commit, [])[-1:]
            shown = [
                {"state": state, "description": text, "context": named} for state, text in found
            ]
            return Reply(200, {"count": len(shown), "value": shown})
        body = fields(call, {"state", "context"}, {"description", "targetUrl"})
        assert body["context"] == named
        assert body["state"] in ("notSet", "pending", "succeeded", "failed", "error")
        self.set_status(commit, body["state"], body["description"])
        return Reply(201, body)

    def _on_pulls(self, call: Call, where: list[str]) -> Reply:
        match call.method, *where:
            case ["GET"]:
                reply = self._listing(call)
            case ["POST"]:
                reply = self._created(call)
            case ["GET", number]:
                reply = Reply(200, self._json(self.pull(number)))
            case ["PATCH", number]:
                reply = self._changed(self.pull(number), call)
            case ["POST", number, "labels"]:
                pull, name = self.pull(number), fields(call, {"name"}, set())["name"]
                pull.labels += [] if name in pull.labels else [name]
                reply = Reply(200, {"id": guid(21), "name": name, "active": True})
            case ["PUT", number, "reviewers", one]:
                reply = self._asked(self.pull(number), one, call)
            case ["POST", number, "threads"]:
                reply = self._commented(self.pull(number), call)
            case _:
                raise AssertionError("no such route")
        return reply

    def _listing(self, call: Call) -> Reply:
        query = {name: value for name, value in call.query.items() if name != "api-version"}
        assert query.keys() <= _CRITERIA, query.keys() - _CRITERIA
        status = query.get("searchCriteria.status", "active")
        assert status in ("all", *_STATES.values())
        branch = query.get("searchCriteria.sourceRefName")
        found = self.newest(
            lambda pull: (
                status in ("all", _STATES[pull.state])
                and branch in (None, f"refs/heads/{pull.branch}")
            )
        )
        skip, top = int(query.get("$skip", "0")), int(query.get("$top", "101"))
        shown = [self._json(pull) for pull in found[skip : skip + top]]
        for body in shown:
            if "description" in body:
                body["description"] = body["description"][:_SHOWN]
        return Reply(200, {"count": len(shown), "value": shown})

    def _created(self, call: Call) -> Reply:
        known = {"description", "isDraft"}
        body = fields(call, {"sourceRefName", "targetRefName", "title"}, known)
        self._valid(body)
        branch = body["sourceRefName"].removeprefix("refs/heads/")
        base = body["targetRefName"].removeprefix("refs/heads/")
        assert f"refs/heads/{branch}" == body["sourceRefName"], "a whole reference"
        if self.tips(branch) is None or self.tips(base) is None:
            message = "TF401398: The pull request cannot be activated because the source and/or"
            raise self.refuse(400, f"{message} the target branch no longer exists")
        if self.twin(branch, base):
            message = "TF401179: An active pull request for the source and target branch already"
            raise self.refuse(409, f"{message} exists.")
        pull = self.add(
            branch, base=base, title=body["title"], body=body.get("description", ""),
            draft=body.get("isDraft", False), hidden=self.lag,
        )  # fmt: skip
        return Reply(201, self._json(pull))

    def _changed(self, pull: Pull, call: Call) -> Reply:
        known = {"title", "description", "isDraft", "targetRefName", "status"}
        body = fields(call, set(), known | {"autoCompleteSetBy"})
        if pull.state != "open":
            message = "TF401181: The pull request cannot be edited due to its state."
            raise self.refuse(400, message)
        self._valid({"title": pull.title, **body})
        if "targetRefName" in body:
            if not self.retargets:
                raise self.refuse(400, "TF401382: The target cannot be changed.")
            base = body["targetRefName"].removeprefix("refs/heads/")
            if self.tips(base) is None:
                raise self.refuse(400, "TF401398: the target branch no longer exists")
            pull.base = base
        pull.title = body.get("title", pull.title)
        pull.body = body.get("description", pull.body)
        pull.draft = body.get("isDraft", pull.draft)
        if "autoCompleteSetBy" in body:
            if body["autoCompleteSetBy"] != {"id": guid(self.people[BOT])}:
                raise self.refuse(400, "TF401349: Only you can set auto-complete in your name.")
            pull.auto_merge = True
        if body.get("status") == "abandoned":
            pull.state = "closed"
        return Reply(200, self._json(pull))

    def _valid(self, body: Json) -> None:
        if not body["title"]:
            raise self.refuse(400, "Invalid argument value.\r\nParameter name: A title is needed")
        if len(body.get("description", "")) > _LONGEST:
            message = "A description for a pull request must not be longer than 4000 characters."
            raise self.refuse(400, f"Invalid argument value.\r\nParameter name: {message}")

    def _asked(self, pull: Pull, one: str, call: Call) -> Reply:
        assert fields(call, {"vote"}, {"isRequired"})["vote"] == 0
        if one not in self.reviewing:
            raise self.refuse(400, f"TF401182: The identity {one} is not valid.")
        pull.reviewers += [] if one in pull.reviewers else [one]
        return Reply(200, {"id": one, "vote": 0})

    def _commented(self, pull: Pull, call: Call) -> Reply:
        body = fields(call, {"comments", "status"}, set())
        (comment,) = body["comments"]
        assert comment.keys() == {"parentCommentId", "content", "commentType"}
        assert (body["status"], comment["commentType"]) == ("closed", "text")
        pull.comments.append(comment["content"])
        return Reply(200, {"id": 1, "status": "closed", "comments": [comment | {"id": 1}]})

    def _json(self, pull: Pull) -> Json:
        body: Json = {
            "repository": {"id": guid(1), "name": self.full_name.rpartition("/")[2]},
            "pullRequestId": pull.number,
            "codeReviewId": pull.number,
            "status": _STATES[pull.state],
            "createdBy": {"id": guid(self.people[BOT]), "uniqueName": BOT},
            "creationDate": STAMP,
            "title": pull.title,
            "sourceRefName": f"refs/heads/{pull.branch}",
            "targetRefName": f"refs/heads/{pull.base}",
            "mergeStatus": "queued",
            "isDraft": pull.draft,
            "lastMergeSourceCommit": {"commitId": pull.head},
            "reviewers": [{"id": one, "vote": 0} for one in pull.reviewers],
            "supportsIterations": True,
        }
        if pull.body:
            body["description"] = pull.body
        if pull.fork:
            repository = None if pull.fork_deleted else {"id": guid(2), "name": pull.fork}
            body["forkSource"] = {"name": body["sourceRefName"], "repository": repository}
        return body


def policy(kind: str, *, enabled: bool = True, blocking: bool = True) -> Json:
    return {
        "id": 1, "type": {"id": kind, "displayName": "x"}, "isEnabled": enabled,
        "isBlocking": blocking, "isDeleted": False, "settings": {},
    }  # fmt: skip
