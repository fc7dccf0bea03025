"""Real git over real HTTP on the loopback interface: `git http-backend` behind a server.

    with GitServer(tmp_path / "served") as server:
        server.create("team/flux.git", {"a.txt": "a\n"})
        url = server.url("team/flux.git")

Whoever reads or writes needs the token, as the password of any user (HTTP Basic). What goes wrong
on the way is planned with `refuse`, `cut_request`, `cut_response`, `hold` and `before`: each is for
one stage, and for the next authorised request of that stage, so tests need no clock.
"""

from __future__ import annotations

import base64
import binascii
import os
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from fixtures import gitrepo
from tests.loopback import Loopback
from tests.secrets import PLANTED

_PATIENCE = 60.0


class Stage(Enum):
    """What a request of git's is for (gitprotocol-http(5))."""

    FETCH_REFS = ("GET", "git-upload-pack")
    FETCH = ("POST", "git-upload-pack")
    PUSH_REFS = ("GET", "git-receive-pack")
    PUSH = ("POST", "git-receive-pack")


@dataclass
class Request:
    """What came; header names in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes = b""
    status: int = 0
    stage: Stage | None = None

    def without_authorization(self) -> bytes:
        """All of its bytes but the one header in which a secret belongs."""
        kept = [f"{k}: {v}" for k, v in self.headers.items() if k != "authorization"]
        return "\n".join([self.method, self.target, *kept, ""]).encode() + self.body


@dataclass
class Held:
    """A request that waits: `arrived` says that it is there, `go` lets it go on."""

    arrived: threading.Event = field(default_factory=threading.Event)
    go: threading.Event = field(default_factory=threading.Event)

    def wait(self) -> None:
        """Wait until the request is there."""
        assert self.arrived.wait(_PATIENCE), "the request never came"


@dataclass
class _Plan:
    """What happens to a request instead of, or before, its being answered."""

    stage: Stage
    refuse: int = 0
    message: bytes = b""
    location: str = ""
    request_bytes: int | None = None
    response_bytes: int | None = None
    held: Held | None = None
    callback: Callable[[], object] | None = None
    always: bool = False


class GitServer(Loopback):
    """Serves the bare repositories below a directory.

    Attributes:
        root: of the repositories.
        token: that opens all of them; None lets everybody in.
        public: whether everybody may read.
        requests: all that came, in order.
    """

    def __init__(
        self, root: Path, *, token: str | None = PLANTED, tls: ssl.SSLContext | None = None
    ) -> None:
        super().__init__(_Handler, tls=tls, git=self)
        self.scheme = "https" if tls else "http"
        self.root = root
        self.token = token
        self.public = False
        self.requests: list[Request] = []
        self._plans: list[_Plan] = []
        self._lock = threading.Lock()
        root.mkdir(parents=True, exist_ok=True)

    def let_go(self) -> None:
        for plan in self._plans:
            if plan.held:
                plan.held.go.set()

    # --- repositories -----------------------------------------------------------------------

    def create(self, name: str, files: Mapping[str, str | bytes]) -> Path:
        """Make a bare repository with one commit on `main`, to which the token may push."""
        return create(self.root / name, files)

    def url(self, name: str, *, user: str = "", password: str = "") -> str:
        """Return a repository's URL, with userinfo when asked for."""
        info = quote(user, safe="") + (f":{quote(password, safe='')}" if password else "")
        return f"{self.scheme}://{info}{'@' if info else ''}{self.host}/{name}"

    # --- what goes wrong --------------------------------------------------------------------

    def refuse(
        self, stage: Stage, status: int, message: bytes = b"no", *, always: bool = False
    ) -> None:
        """Answer the next request of a stage, or all of them, with an HTTP status."""
        self._plans.append(_Plan(stage, refuse=status, message=message, always=always))

    def redirect(self, stage: Stage, location: str) -> None:
        """Send the next request of a stage elsewhere."""
        self._plans.append(_Plan(stage, refuse=302, location=location))

    def cut_request(self, stage: Stage, after: int, *, always: bool = False) -> None:
        """Read so many bytes of the next request's body, or all of them, then cut the connection.

        Git sends a request again, by itself, when no byte of an answer came on a connection that
        it had used before: cut all of them to make it fail.
        """
        self._plans.append(_Plan(stage, request_bytes=after, always=always))

    def cut_response(self, stage: Stage, after: int) -> None:
        """Do what the next request asks for, and cut the connection after so many bytes."""
        self._plans.append(_Plan(stage, response_bytes=after))

    def clear(self) -> None:
        """Forget what was planned and not yet done."""
        with self._lock:
            self._plans.clear()

    def hold(self, stage: Stage) -> Held:
        """Let the next request of a stage wait, its body read, before anything is done."""
        held = Held()
        self._plans.append(_Plan(stage, held=held))
        return held

    def before(self, stage: Stage, callback: Callable[[], object]) -> None:
        """Call a function when the next request of a stage is there, before anything is done.

        Before `PUSH` it runs after the client has been told where the refs are.
        """
        self._plans.append(_Plan(stage, callback=callback))

    def planned(self, stage: Stage | None) -> _Plan | None:
        """Take the plan for a request; None when nothing is planned."""
        with self._lock:
            plan = next((plan for plan in self._plans if plan.stage is stage), None)
            if plan is not None and not plan.always:
                self._plans.remove(plan)
            return plan

    # --- what came --------------------------------------------------------------------------

    def came(self, stage: Stage) -> list[Request]:
        """Return the requests of a stage that were let in."""
        return [request for request in self.requests if request.stage is stage]

    def authorised(self) -> list[Request]:
        """Return the requests that say who asks."""
        return [request for request in self.requests if "authorization" in request.headers]

    def record(self) -> bytes:
        """Return every byte that came, but for the values of `Authorization`."""
        return b"\n".join(request.without_authorization() for request in self.requests)

    def lets_in(self, authorization: str | None) -> bool:
        """Tell whether a request has the token."""
        if self.token is None:
            return True
        password = password_in(authorization)
        return password is not None and self.opens(password)

    def forbids(self, request: Request) -> bytes:
        """Return why somebody who is let in may not do this; empty when they may."""
        return b""

    def opens(self, password: bytes) -> bool:
        """Tell whether a password is the token."""
        return self.token is not None and password == self.token.encode()


def password_in(authorization: str | None) -> bytes | None:
    """Return the password of HTTP Basic; None when there is none."""
    scheme, _, value = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(value, validate=True).partition(b":")[2]
    except binascii.Error:
        return None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _PATIENCE
    git: GitServer

    def do_GET(self) -> None:
        self._handle()

    def do_POST(self) -> None:
        self._handle()

    def _handle(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, self.path, headers)
        self.git.requests.append(request)
        try:
            reads = self.git.public and "git-receive-pack" not in self.path
            if not reads and not self.git.lets_in(headers.get("authorization")):
                request.body = self._body()
                self._send(request, 401, {"WWW-Authenticate": 'Basic realm="git"'}, b"who?")
                return
            request.stage = _stage(request)
            if why := self.git.forbids(request):
                request.body = self._body()
                self._send(request, 403, {"Content-Type": "text/plain"}, why)
                return
            self._planned(request)
        except (ConnectionError, TimeoutError):
            self.close_connection = True  # the client had enough, or we have

    def _planned(self, request: Request) -> None:
        plan = self.git.planned(request.stage) or _Plan(Stage.FETCH)
        if plan.request_bytes is not None:
            request.body = self.rfile.read(plan.request_bytes)
            self._cut()
            return
        request.body = self._body()
        if plan.held:
            plan.held.arrived.set()
            plan.held.go.wait(_PATIENCE)
        if plan.callback:
            plan.callback()
        if plan.refuse:
            where = {"Location": plan.location} if plan.location else {}
            headers = {"Content-Type": "text/plain", **where}
            self._send(request, plan.refuse, headers, plan.message)
            return
        status, headers, body = _backend(self.git.root, request)
        self._send(request, status, headers, body, plan.response_bytes)

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length", "0")))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0] or b"0", 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _send(
        self,
        request: Request,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
        cut_after: int | None = None,
    ) -> None:
        request.status = status
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[:cut_after])
        if cut_after is not None:
            self._cut()

    def _cut(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_: object) -> None:
        pass


def _stage(request: Request) -> Stage | None:
    parts = urlsplit(request.target)
    service = parts.query.removeprefix("service=") if request.method == "GET" else ""
    name = service or parts.path.rpartition("/")[2]
    return next((stage for stage in Stage if stage.value == (request.method, name)), None)


def _backend(root: Path, request: Request) -> tuple[int, dict[str, str], bytes]:
    """Run `git http-backend` (git-http-backend(1)) and take its answer apart."""
    parts = urlsplit(request.target)
    done = subprocess.run(
        ["git", "http-backend"],
        env={
            **gitrepo.environment(),
            "GIT_PROJECT_ROOT": str(root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": unquote(parts.path),
            "QUERY_STRING": parts.query,
            "REQUEST_METHOD": request.method,
            "CONTENT_TYPE": request.headers.get("content-type", ""),
            "CONTENT_LENGTH": str(len(request.body)),
            "HTTP_CONTENT_ENCODING": request.headers.get("content-encoding", ""),
            "HTTP_GIT_PROTOCOL": request.headers.get("git-protocol", ""),
            "GIT_PROTOCOL": request.headers.get("git-protocol", ""),
            "REMOTE_USER": "somebody",
            "REMOTE_ADDR": "127.0.0.1",
        },
        input=request.body,
        capture_output=True,
        check=False,
    )
    head, _, body = done.stdout.partition(b"\r\n\r\n")
    lines = [line.partition(": ")[::2] for line in head.decode().splitlines()]
    headers = dict(lines)
    status = int(headers.pop("Status", "200 OK").split()[0])
    return status, headers, body


def create(path: Path, files: Mapping[str, str | bytes]) -> Path:
    """Make a bare repository that can be served: one commit on `main`."""
    pairs = [(p, t if isinstance(t, bytes) else t.encode()) for p, t in files.items()]
    gitrepo.create(path, pairs, message="first\n", bare=True)
    for key in ("http.receivepack", "uploadpack.allowFilter"):
        git(path, "config", key, "true")
    return path


def git(path: Path, *arguments: str, stdin: bytes = b"") -> str:
    """Run git in a repository, with nothing of the developer's configuration."""
    done = subprocess.run(
        ["git", "-C", str(path), *arguments],
        env=gitrepo.environment(),
        input=stdin,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().strip()


def commit(path: Path, branch: str, files: Mapping[str, str | bytes]) -> str:
    """Add a commit with these files to a branch of a repository, as somebody's push does."""
    tip = git(path, "for-each-ref", "--format=%(objectname)", f"refs/heads/{branch}")
    start = tip or git(path, "rev-parse", "HEAD")
    lines = [
        f"commit refs/heads/{branch}\ncommitter Somebody <somebody@example.org> "
        f"{gitrepo.TIMESTAMP} +0000\ndata 6\nchange\nfrom {start}\n".encode()
    ]
    for name, text in files.items():
        data = text if isinstance(text, bytes) else text.encode()
        lines.append(b"M 644 inline %b\ndata %d\n%b\n" % (name.encode(), len(data), data))
    git(path, "fast-import", "--quiet", "--force", stdin=b"".join(lines))
    return git(path, "rev-parse", f"refs/heads/{branch}")


def hook(path: Path, name: str, script: str) -> None:
    """Install a hook at the server."""
    target = path / "hooks" / name
    target.parent.mkdir(exist_ok=True)
    target.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    os.chmod(target, 0o755)  # noqa: PTH101,S103  # hooks are programs
