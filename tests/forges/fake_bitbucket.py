"""A Bitbucket Cloud on loopback with one repository.

It behaves as https://developer.atlassian.com/cloud/bitbucket/rest/api-group-pullrequests/ says.
What that page does not say is what clients of it have found: a second pull request of the same
branches changes the first; a change without reviewers takes them away; hashes have 12 digits.
"""

from __future__ import annotations

import base64
import re
from urllib.parse import unquote, urlencode

from tests.forges.fake_forge import STAMP, FakeForge, Json, Pull, RefusalError, fields
from tests.forges.fake_server import Call, Reply

_STATES = {"open": "OPEN", "closed": "DECLINED", "merged": "MERGED"}
_QUERY = re.compile(r'source\.branch\.name="((?:[^"\\]|\\.)*)"')


def uuid(number: int) -> str:
    return f"{{00000000-0000-4000-8000-{number:012}}}"


HUBOT = "557058:00000000-0000-4000-8000-000000000012"


class FakeBitbucket(FakeForge):
    """One repository on Bitbucket Cloud; people are their UUIDs."""

    prefix = "/2.0"
    account = ""
    """Whose the token is; empty when it is an access token, which is nobody's."""
    reviewing = (uuid(11), uuid(12))
    accounts = {HUBOT: uuid(12)}  # noqa: RUF012  # nobody changes it

    def refuse(self, status: int, message: str) -> RefusalError:
        return RefusalError(Reply(status, {"type": "error", "error": {"message": message}}))

    def admit(self, call: Call) -> None:
        # https://developer.atlassian.com/cloud/bitbucket/rest/intro/#authentication
        if call.headers.get("authorization") not in self._admitted():
            raise self.refuse(401, "Token is invalid, expired, or not supported for this endpoint.")
        if call.method != "GET" and not self.writable:
            detail = {"required": ["pullrequest:write"], "granted": ["repository"]}
            message = "Your credentials lack one or more required privilege scopes."
            error = {"message": message, "detail": detail}
            raise RefusalError(Reply(403, {"type": "error", "error": error}))

    def _admitted(self) -> tuple[str, ...]:
        """An access token goes by itself, and what is an account's goes with it (RFC 7617)."""
        if not self.account:
            return (f"Bearer {self.token}",)
        pair = base64.b64encode(f"{self.account}:{self.token}".encode()).decode()
        return (f"Basic {pair}",)

    def routed(self, call: Call) -> Reply:
        base = f"{self.prefix}/repositories/"
        assert call.path.startswith(base), "no such route"
        workspace, name, what, *where = call.path.removeprefix(base).split("/")
        assert what in ("pullrequests", "commit"), "no such route"
        if unquote(f"{workspace}/{name}") != self.full_name or not self.visible:
            raise self.refuse(404, f"Repository {workspace}/{name} not found")
        if what == "commit":
            return self._on_commit(call, *where)
        match call.method, *where:
            case ["GET"]:
                reply = self._listing(call)
            case ["POST"]:
                reply = self._created(call)
            case ["GET", number]:
                reply = Reply(200, self._json(self.pull(number)))
            case ["PUT", number]:
                reply = self._changed(self.pull(number), call)
            case ["POST", number, "decline"]:
                reply = self._declined(self.pull(number))
            case ["POST", number, "comments"]:
                content = fields(call, {"content"}, set())["content"]
                assert content.keys() == {"raw"}
                self.pull(number).comments.append(content["raw"])
                reply = Reply(201, {"type": "pullrequest_comment", "id": 1, "content": content})
            case _:
                raise AssertionError("no such route")
        return reply

    def _on_commit(self, call: Call, commit: str, *where: str) -> Reply:
        match call.method, *where:
            case ["GET", "statuses", "build", "fluxbump"]:
                if commit not in self.statuses:
                    raise self.refuse(404, "No such build status")
                state, text = self.statuses[commit][-1]
                return Reply(200, {"key": "fluxbump", "state": state, "description": text})
            case ["POST", "statuses", "build"]:
                body = fields(call, {"key", "state", "url"}, {"name", "description"})
                assert body["state"] in ("INPROGRESS", "SUCCESSFUL", "FAILED", "STOPPED")
                assert body["key"] == "fluxbump"
                assert body["url"].startswith("http")
                self.set_status(commit, body["state"], body["description"])
                return Reply(201, body)
        raise AssertionError("no such route")

    def _listing(self, call: Call) -> Reply:
        assert call.query.keys() <= {"state", "q", "sort", "pagelen", "page"}
        assert call.query["sort"] == "-created_on"
        states = [value for name, value in call.pairs if name == "state"] or ["OPEN"]
        assert {*states} <= {"OPEN", "MERGED", "DECLINED", "SUPERSEDED"}
        filtered = _QUERY.fullmatch(call.query["q"]) if "q" in call.query else None
        assert filtered or "q" not in call.query, "not a filter that this fake knows"
        branch = re.sub(r"\\(.)", r"\1", filtered[1]) if filtered else None
        found = self.newest(
            lambda pull: _STATES[pull.state] in states and branch in (None, pull.branch)
        )
        size, page = int(call.query.get("pagelen", "10")), int(call.query.get("page", "1"))
        if size > 50:
            raise self.refuse(400, "Invalid pagelen")
        shown = found[(page - 1) * size : page * size]
        body: Json = {"values": [self._json(pull) for pull in shown], "pagelen": size, "page": page}
        if page * size < len(found):
            pairs = [pair for pair in call.pairs if pair[0] != "page"]
            body["next"] = f"{self.url}{call.path}?{urlencode([*pairs, ('page', page + 1)])}"
        return Reply(200, body)

    def _created(self, call: Call) -> Reply:
        known = {"description", "destination", "draft", "reviewers"}
        body = fields(call, {"title", "source"}, known)
        branch, base = body["source"]["branch"]["name"], body["destination"]["branch"]["name"]
        if not body["title"]:
            raise self._invalid("title", "This field is required.")
        for name, side in ((branch, "source"), (base, "destination")):
            if self.tips(name) is None:
                raise self._invalid(side, f"branch not found: {name}")
        if self.tips(branch) == self.tips(base):
            raise self.refuse(400, "There are no changes to be pulled")
        pull = self.twin(branch, base) or self.add(branch, base=base, hidden=self.lag)
        self._set(pull, body)
        return Reply(201, self._json(pull))

    def _changed(self, pull: Pull, call: Call) -> Reply:
        known = {"description", "destination", "draft", "reviewers"}
        body = fields(call, {"title"}, known)
        if pull.state != "open":
            raise self.refuse(400, "This pull request is already closed.")
        base = body.get("destination", {"branch": {"name": pull.base}})["branch"]["name"]
        if self.tips(base) is None:
            raise self._invalid("destination", f"branch not found: {base}")
        pull.base = base
        self._set(pull, body)
        return Reply(200, self._json(pull))

    def _set(self, pull: Pull, body: Json) -> None:
        people = [self.accounts.get(one.get("account_id"), one.get("uuid")) for one in
                  body.get("reviewers", [])]  # fmt: skip
        if not {*people} <= {*self.reviewing}:
            raise self._invalid("reviewers", "Malformed reviewers list")
        pull.reviewers[:] = people
        pull.title = body["title"]
        pull.body = body.get("description", pull.body)
        pull.draft = body.get("draft", pull.draft)

    def _declined(self, pull: Pull) -> Reply:
        if pull.state != "open":
            raise self.refuse(400, "This pull request is already closed.")
        pull.state = "closed"
        return Reply(200, self._json(pull))

    def _invalid(self, field: str, reason: str) -> RefusalError:
        error = {"message": f"{field}: {reason}", "fields": {field: [reason]}}
        return RefusalError(Reply(400, {"type": "error", "error": error}))

    def _json(self, pull: Pull) -> Json:
        ours = {"type": "repository", "full_name": self.full_name, "uuid": uuid(1)}
        fork = {"type": "repository", "full_name": pull.fork, "uuid": uuid(2)}
        theirs = None if pull.fork_deleted else fork if pull.fork else ours
        page = f"{self.url}/{self.full_name}/pull-requests/{pull.number}"
        return {
            "type": "pullrequest",
            "id": pull.number,
            "title": pull.title,
            "description": pull.body,
            "summary": {"type": "rendered", "raw": pull.body, "markup": "markdown", "html": ""},
            "state": _STATES[pull.state],
            "draft": pull.draft,
            "source": {
                "branch": {"name": pull.branch},
                "commit": {"type": "commit", "hash": pull.head[:12]},
                "repository": theirs,
            },
            "destination": {
                "branch": {"name": pull.base},
                "commit": {"type": "commit", "hash": (self.tips(pull.base) or "0" * 12)[:12]},
                "repository": ours,
            },
            "reviewers": [{"type": "user", "uuid": one} for one in pull.reviewers],
            "created_on": STAMP,
            "links": {"html": {"href": page}},
        }
