"""The fake Gitea with what people do there, over a repository behind `git http-backend`.

What Gitea does with branches when people merge, or press "Update branch", is done here with git.
"""

from __future__ import annotations

import secrets
import ssl
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from types import TracebackType
from typing import Self

from tests import git_server
from tests.forges.fake_forge import Owned, Pull, fields
from tests.forges.fake_gitea import FakeGitea
from tests.forges.fake_server import Call, Reply
from tests.git_server import GitServer, Request, Stage, git, hook, password_in
from tests.lifecycle.authority import Authority
from tests.lifecycle.site import ADMIN, JOB, OWNER, PERSON, Files, Kept, Place
from tests.run.world import tip

_NAME = f"{OWNER}/monorepo"


class PeopledGitea(FakeGitea):
    """A Gitea where not only the job has a token.

    Args:
        bare: the repository.
        tokens: whose they are.
        tls: with which it speaks HTTPS.

    Attributes:
        readers: tokens that do not have the scope to write.
        guests: who may only read.
        rules: names of branches that are protected.
    """

    def __init__(
        self, bare: Path, tokens: Mapping[str, str], tls: ssl.SSLContext | None = None
    ) -> None:
        super().__init__(lambda branch: tip(bare, branch), full_name=_NAME, tls=tls)
        self.bare = bare
        self.tokens = dict(tokens)
        self.readers: set[str] = set()
        self.guests: set[str] = set()
        self.rules: list[str] = []
        self.people |= {ADMIN: 14}
        self.checks = None

    def admit(self, call: Call) -> None:
        """Let in whoever has a token."""
        self.token = call.headers.get("authorization", "").removeprefix("token ")
        if self.token not in self.tokens:
            raise self.refuse(401, "invalid username, password or token")
        account = self.tokens[self.token] not in self.guests
        self.writable = account and self.token not in self.readers
        self.account_writes = account
        lines = git(self.bare, "for-each-ref", "--format=%(refname:short)", "refs/heads")
        names = lines.splitlines()
        self.protected = {n for n in names if any(fnmatchcase(n, rule) for rule in self.rules)}

    # --- more of the interface ----------------------------------------------------------------

    def _in_repository(self, call: Call, where: list[str]) -> Reply:
        match call.method, *where:
            case ["PATCH"]:
                reply = self._set(call)
            case ["POST", "labels"]:
                reply = self._labelled(call)
            case ["POST", "branch_protections"]:
                reply = self._ruled(call)
            case ["GET", "issues"]:
                reply = Reply(200, [self._issue(one) for one in self.issues.values()])
            case ["PATCH", "issues", number] if "state" in call.json():
                self.issue(number).state = fields(call, {"state"}, set())["state"]
                reply = Reply(201, self._issue(self.issue(number)))
            case ["POST", "statuses", commit] if call.json()["context"] != "fluxbump":
                reply = self._checked(commit, call)
            case [_, "issues" | "pulls", number, what]:
                reply = self._on_one(call, self.pull(number), what) or super()._in_repository(
                    call, where
                )
            case _:
                reply = super()._in_repository(call, where)
        return reply

    def _on_one(self, call: Call, pull: Pull, what: str) -> Reply | None:
        """Answer what is asked of a pull request, if people alone ask it."""
        match call.method, what:
            case "GET", "comments":
                return Reply(200, [{"body": text} for text in pull.comments])
            case "PUT", "labels":
                wanted = fields(call, {"labels"}, set())["labels"]
                pull.labels[:] = [name for name, label in self.labels.items() if label in wanted]
                return Reply(200, [])
            case "POST", "update":
                return self._updated(pull, call.query["style"])
            case "POST", "merge" if "merge_when_checks_succeed" not in call.json():
                return self._merged_now(pull, fields(call, {"Do"}, set())["Do"])
        return None

    def _labelled(self, call: Call) -> Reply:
        name = fields(call, {"name", "color"}, set())["name"]
        self.labels[name] = max(self.labels.values()) + 1
        return Reply(201, {"id": self.labels[name], "name": name})

    def _set(self, call: Call) -> Reply:
        body = fields(call, set(), {"archived", "has_pull_requests"})
        self.archived = body.get("archived", self.archived)
        self.takes_requests = body.get("has_pull_requests", self.takes_requests)
        return Reply(200, {})

    def _ruled(self, call: Call) -> Reply:
        checks = {"enable_push", "enable_status_check", "status_check_contexts"}
        body = fields(call, {"rule_name"}, checks)
        rule = body["rule_name"]
        self.rules.append(rule)
        if body.get("enable_status_check"):
            self.checks = body["status_check_contexts"]
        if body.get("enable_push"):
            return Reply(201, {})
        # As `routers/private/hook_pre_receive.go` words it, and `cmd/hook.go` writes it.
        lines = ("error:", "error: Not allowed to push to protected branch $name", "error:")
        said = "; ".join(f'echo "{line}" >&2' for line in lines)
        refused = f'case "$name" in {rule}) {said}; exit 1;; esac'
        script = f'while read -r _ _ ref; do name="${{ref#refs/heads/}}"; {refused}; done'
        hook(self.bare, "pre-receive", script)
        return Reply(201, {})

    def _checked(self, commit: str, call: Call) -> Reply:
        """Take the status of a check; with the last one it merges what waits for it."""
        body = fields(call, {"state", "context", "description"}, set())
        assert [body["context"]] == self.checks
        for pull in list(self.pulls.values()):
            waits = pull.head == commit and pull.state == "open" and pull.auto_merge
            if waits and body["state"] == "success":
                self._merged_now(pull, self.style)
        return Reply(201, {})

    # --- what it does with branches -----------------------------------------------------------

    def _merged_now(self, pull: Pull, style: str) -> Reply:
        base, head = self._ends(pull)
        merged = self._tree(base, head)
        match style:
            case "merge":
                made = self._commit(merged, base, head)
            case "squash":
                made = self._commit(merged, base)
            case "rebase":
                made = head if self._is_behind(base, head) else self._commit(merged, base)
            case _:
                raise AssertionError(style)
        git(self.bare, "update-ref", f"refs/heads/{pull.base}", made, base)
        self.merge(pull.number)
        return Reply(200)

    def _updated(self, pull: Pull, style: str) -> Reply:
        base, head = self._ends(pull)
        merged = self._tree(head, base)
        parents = (base,) if style == "rebase" else (head, base)
        made = self._commit(merged, *parents)
        git(self.bare, "update-ref", f"refs/heads/{pull.branch}", made, head)
        return Reply(200)

    def _ends(self, pull: Pull) -> tuple[str, str]:
        base, head = self.tips(pull.base), self.tips(pull.branch)
        assert base, pull
        assert head, pull
        return base, head

    def _tree(self, ours: str, theirs: str) -> str:
        return git(self.bare, "merge-tree", "--write-tree", ours, theirs).splitlines()[0]

    def _commit(self, tree: str, *parents: str) -> str:
        given = [word for parent in parents for word in ("-p", parent)]
        return git(self.bare, "commit-tree", tree, *given, "-m", "made by the forge")

    def _is_behind(self, base: str, head: str) -> bool:
        return git(self.bare, "merge-base", base, head) == base


class FakeSite:
    """A fake of a forge, as long as it is entered; it has one repository at most.

    Args:
        root: the directory for what it serves; made.
        authority: who vouches for it, if it speaks HTTPS.
    """

    def __init__(self, root: Path, authority: Authority | None = None) -> None:
        tls = authority.context() if authority else None
        self._authority = authority.file if authority else None
        self.tokens = {who: secrets.token_hex(20) for who in (JOB, PERSON, ADMIN)}
        bare = root / "git" / f"{_NAME}.git"
        owners = {token: who for who, token in self.tokens.items()}
        self.forge = PeopledGitea(bare, owners, tls)
        self._git = _PeopledGit(root / "git", self.forge, tls)

    def __enter__(self) -> Self:
        self._git.__enter__()
        self.forge.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.forge.__exit__(kind, error, traceback)
        self._git.__exit__(kind, error, traceback)

    def repository(self, files: Files | None) -> Place:
        """Make the repository."""
        if files is None:
            git(self._git.root, "init", "--quiet", "--bare", "-b", "main", str(self.forge.bare))
        else:
            git_server.create(self.forge.bare, files)
        url = self._git.url(f"{_NAME}.git")
        options = ("--forge", "gitea", "--forge-url", self.forge.api_base)
        return Place(_NAME, url, self.forge.api_base, self.tokens, options, self._authority)

    def token(self, who: str, *scopes: str) -> str:
        """Make a token of somebody."""
        token = secrets.token_hex(20)
        self.forge.tokens[token] = who
        if "write:repository" not in scopes:
            self.forge.readers.add(token)
        return token

    def forbid(self, place: Place, who: str) -> None:
        """Let somebody only read a repository."""
        self.forge.guests.add(who)
        hook(self.forge.bare, "pre-receive", "echo 'User permission denied.' >&2; exit 1")

    def organization(self, kept: Sequence[Kept]) -> str:
        """Make an organization with these repositories; return its URL."""
        owned = [Owned(f"org-1/{one.name}", one.archived, empty=one.empty) for one in kept]
        self.forge.organizations["org-1"] = owned
        return f"{self.forge.url}/org-1"

    def written(self) -> Sequence[bytes | Path]:
        """Return what came, without the headers in which tokens belong."""
        return [self.forge.transcript(), self._git.record()]

    def problems(self) -> list[str]:
        """Return what the fake holds against its clients."""
        return self.forge.problems


class _PeopledGit(GitServer):
    """Serves the repository of a forge to all who have a token there."""

    def __init__(self, root: Path, forge: PeopledGitea, tls: ssl.SSLContext | None) -> None:
        super().__init__(root, tls=tls)
        self.forge = forge

    def opens(self, password: bytes) -> bool:
        """Tell whether a password is somebody's token."""
        return password.decode() in self.forge.tokens

    def forbids(self, request: Request) -> bytes:
        """Return why Gitea does not take a push: `httpBase` in `routers/web/repo/githttp.go`."""
        if request.stage not in (Stage.PUSH_REFS, Stage.PUSH):
            return b""
        if self.forge.archived:
            return b"This repo is archived. You can view files and clone it, but cannot push."
        token = password_in(request.headers.get("authorization")) or b""
        return b"Forbidden" if token.decode() in self.forge.readers else b""
