"""What the fake forges have in common: one repository, its pull requests.

Branches are not their own: `tips` says which there are, so they can be those of a real repository.
"""

from __future__ import annotations

import ssl
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlencode

from tests.forges.fake_server import Call, FakeServer, Reply

T = TypeVar("T")
Json = dict[str, Any]
BOT = "fluxbump-bot"
TOKEN = "planted-and-searched-for"
STAMP = "2025-01-01T00:00:00Z"


@dataclass(frozen=True)
class Owned:
    """Another repository of an owner, as a listing has it."""

    path: str
    archived: bool = False
    fork: bool = False
    empty: bool = False


@dataclass
class IssueOf:
    """An issue, and who opened it."""

    number: int
    title: str
    body: str
    author: str = BOT
    state: str = "open"


@dataclass
class Pull:
    """A pull request; `fork` is the repository that the branch is in, None for this one.

    `head` is the last known tip, `created_at` and `closed_at` are RFC 3339.
    """

    number: int
    branch: str
    base: str
    title: str
    body: str
    draft: bool
    head: str
    author: str = BOT
    fork: str | None = None
    fork_deleted: bool = False
    state: str = "open"
    created_at: str = STAMP
    closed_at: str | None = None
    labels: list[str] = field(default_factory=list)
    assignees: list[str] = field(default_factory=list)
    reviewers: list[str] = field(default_factory=list)
    teams: list[str] = field(default_factory=list)
    """Asked to review, where a forge keeps them apart from people."""
    comments: list[str] = field(default_factory=list)
    auto_merge: bool | str = False
    """In this way, where a forge is told one."""
    hidden: int = 0
    """From so many listings it is still missing."""

    @property
    def merged_at(self) -> str | None:
        return self.closed_at if self.state == "merged" else None


class RefusalError(Exception):
    """Ends a request with an answer."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(str(reply.status))
        self.reply = reply


class FakeForge(FakeServer):
    """One repository.

    Args:
        tips: the commit that a branch of the repository is at; None when there is no such branch.
        full_name: of the repository.
        token: that it takes.
        tls: with which it speaks HTTPS.
    """

    full_name = "acme/monorepo"
    prefix = ""
    closes_with_branch = False
    """A pull request is closed when its branch is deleted."""

    def __init__(
        self,
        tips: Callable[[str], str | None],
        *,
        full_name: str | None = None,
        token: str = TOKEN,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(tls)
        self.full_name = full_name or self.full_name
        self.token = token
        self.pulls: dict[int, Pull] = {}
        self.people = {"octocat": 11, "hubot": 12, BOT: 13}
        self.labels = {"flux": 21, "dependencies": 22}
        self.organizations: dict[str, list[Owned]] = {}
        """Organisations, or groups, with their repositories."""
        self.users: dict[str, list[Owned]] = {}
        self.visible = True
        """The token may see the repository."""
        self.writable = True
        """The token may open and change pull requests."""
        self.archived = False
        """Nobody can change anything."""
        self.takes_requests = True
        """The repository has pull requests."""
        self.lag = 0
        """From so many listings a new pull request is missing."""
        self.tips = tips
        self.issues: dict[int, IssueOf] = {}
        """By number; on a real forge they share their numbers with pull requests on some."""
        self.has_issues = True
        self.statuses: dict[str, list[tuple[str, str]]] = {}
        """Of each commit the statuses that were set, state and text, oldest first."""
        self.protected: set[str] = set()
        """Branches that the forge protects."""

    @property
    def api_base(self) -> str:
        return self.url + self.prefix

    # --- what people do -----------------------------------------------------------------------

    def merge(self, number: int) -> None:
        assert self.pulls[number].state == "open"
        self._end(self.pulls[number], "merged")

    def close(self, number: int) -> None:
        self._end(self.pulls[number], "closed")

    def _end(self, pull: Pull, state: str) -> None:
        with self.lock:
            pull.state, pull.closed_at = state, self.stamp()

    def add(self, branch: str, *, fork: str | None = None, **fields: Any) -> Pull:
        """Somebody opens a pull request, from a fork perhaps."""
        with self.lock:
            standard = {"base": "main", "title": branch, "body": "", "draft": False}
            head = self.tips(branch) or "f" * 40
            number, made = len(self.pulls) + 1, self.stamp()
            pull = Pull(
                number, branch, head=head, fork=fork, created_at=made, **{**standard, **fields}
            )
            self.pulls[number] = pull
            return pull

    def stamp(self) -> str:
        """Return the time."""
        return STAMP

    def follow_branches(self) -> None:
        """An open pull request follows its branch."""
        for pull in self.pulls.values():
            if pull.state == "open" and pull.fork is None:
                tip = self.tips(pull.branch)
                pull.head = tip or pull.head
                if tip is None and self.closes_with_branch:
                    self._end(pull, "closed")

    # --- requests -----------------------------------------------------------------------------

    @abstractmethod
    def refuse(self, status: int, message: str) -> RefusalError:
        """Return a refusal as the forge words it."""

    @abstractmethod
    def admit(self, call: Call) -> None:
        """Refuse who may not come in."""

    @abstractmethod
    def routed(self, call: Call) -> Reply:
        """Answer a request of somebody who may come in."""

    def limited(self, after: int) -> Reply:
        """Return the answer to somebody who asks too fast."""
        reply = self.refuse(429, "Too Many Requests").reply
        return Reply(reply.status, reply.body, {**reply.headers, "Retry-After": str(after)})

    def reply(self, call: Call) -> Reply:
        try:
            self.admit(call)
            self.follow_branches()
            return self.routed(call)
        except RefusalError as refusal:
            return refusal.reply

    def pull(self, number: str) -> Pull:
        if not number.isdecimal() or int(number) not in self.pulls:
            raise self.refuse(404, "Not found")
        return self.pulls[int(number)]

    def add_issue(self, title: str, body: str, author: str = BOT) -> IssueOf:
        """Somebody opens an issue."""
        assert title
        number = 501 + len(self.issues)
        self.issues[number] = IssueOf(number, title, body, author)
        return self.issues[number]

    def issue(self, number: str) -> IssueOf:
        if not number.isdecimal() or int(number) not in self.issues:
            raise self.refuse(404, "Not found")
        return self.issues[int(number)]

    def set_status(self, commit: str, state: str, text: str) -> None:
        """Set a status, of a commit that a branch of an open pull request is at."""
        assert len(text) <= 140, "a longer text is refused"
        assert commit in {pull.head for pull in self.pulls.values()}, "no such commit"
        self.statuses.setdefault(commit, []).append((state, text))

    def writing(self) -> None:
        if not self.writable:
            raise self.refuse(403, "Forbidden")

    def newest(self, matches: Callable[[Pull], bool]) -> list[Pull]:
        """Return what a listing shows, newest first; what is new may be missing yet."""
        matching = [pull for pull in self.pulls.values() if matches(pull)]
        found = [pull for pull in matching if not pull.hidden]
        for pull in matching:
            pull.hidden = max(0, pull.hidden - 1)
        return found[::-1]

    def twin(self, branch: str, base: str) -> Pull | None:
        """Return the open pull request that there can be no second one of."""
        for pull in self.pulls.values():
            same = (pull.branch, pull.base, pull.fork) == (branch, base, None)
            if same and pull.state == "open":
                return pull
        return None

    def owned(
        self, call: Call, kind: str, owner: str, query: set[str], most: int
    ) -> tuple[list[Owned], dict[str, str]]:
        """Return a page of the repositories of an owner.

        Args:
            call: the request.
            kind: `users`, or what stands there for organizations.
            owner: whose repositories they are; names are found in any case.
            query: the parameters that the documentation names, beside that of the page.
            most: repositories on a page.
        """
        owners = self.users if kind == "users" else self.organizations
        found = {name.lower(): those for name, those in owners.items()}.get(owner.lower())
        if found is None:
            raise self.refuse(404, "Not Found")
        given = parameters(call, query | {"page"})
        size = int(given.get("per_page") or given.get("limit") or most)
        return linked(self.url, call, found, min(size, most))


def fields(call: Call, required: set[str], optional: set[str]) -> Json:
    """Return the body, which has what the documentation names and nothing else."""
    assert call.headers["content-type"] == "application/json"
    body = call.json()
    assert required <= body.keys() <= required | optional, body.keys()
    return body


def parameters(call: Call, known: set[str]) -> dict[str, str]:
    """Return the query, which has what the documentation names and nothing else."""
    assert call.query.keys() <= known, call.query.keys() - known
    return call.query


def linked(url: str, call: Call, found: list[T], size: int) -> tuple[list[T], dict[str, str]]:
    """Return a page by number, and its headers: `Link` of RFC 8288.

    Args:
        url: of the server.
        call: the request.
        found: all that there is.
        size: of the page.
    """
    page = int(call.query.get("page", "1"))
    shown = found[(page - 1) * size : page * size]
    if page * size >= len(found):
        return shown, {}
    address = f"{url}{call.path}?{urlencode({**call.query, 'page': page + 1})}"
    return shown, {"Link": f'<{address}>; rel="next"'}
