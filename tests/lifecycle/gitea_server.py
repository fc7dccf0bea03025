"""A real Gitea on the loopback interface, with an organization and people."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import httpx

from fixtures import gitrepo
from tests import helpers
from tests.git_server import git
from tests.lifecycle import build
from tests.lifecycle.authority import Authority
from tests.lifecycle.people import client_of
from tests.lifecycle.site import ADMIN, JOB, OWNER, PERSON, SCOPES, Files, Kept, Place

_START = 120.0
"""Seconds that it may take to answer; the first thing that it does is to make its database."""
_INI = """\
APP_NAME = Gitea
RUN_MODE = prod
WORK_PATH = {work}
; Gitea refuses to run as root, as tests in a container do.
I_AM_BEING_UNSAFE_RUNNING_AS_ROOT = true
[server]
PROTOCOL = {scheme}
HTTP_ADDR = 127.0.0.1
HTTP_PORT = {port}
ROOT_URL = {scheme}://127.0.0.1:{port}/
LOCAL_ROOT_URL = {scheme}://127.0.0.1:{port}/
CERT_FILE = {work}/server.pem
KEY_FILE = {work}/server.key
DISABLE_SSH = true
OFFLINE_MODE = true
LFS_START_SERVER = false
[database]
DB_TYPE = sqlite3
PATH = {work}/gitea.db
[security]
INSTALL_LOCK = true
SECRET_KEY = of-no-importance
INTERNAL_TOKEN = of-no-importance
PASSWORD_HASH_ALGO = pbkdf2$1$10
[oauth2]
ENABLED = false
[service]
DISABLE_REGISTRATION = true
[log]
ROOT_PATH = {work}/log
MODE = file
LEVEL = Info
ENABLE_ACCESS_LOG = true
[actions]
ENABLED = false
[cron]
ENABLED = false
[indexer]
ISSUE_INDEXER_TYPE = db
[mailer]
ENABLED = false
[queue]
TYPE = channel
"""
_PASSWORD = "of-no-importance-1"


class GiteaServer:
    """A Gitea that runs.

    Args:
        work: its directory.
        port: where it listens.
        authority: the certificate of who vouches for it, if it speaks HTTPS.
    """

    def __init__(self, work: Path, port: int, authority: Path | None = None) -> None:
        self.work = work
        self.url = f"{'https' if authority else 'http'}://127.0.0.1:{port}"
        self._authority = authority
        self._numbers = count(1)
        self._tokens: dict[str, str] = {}

    @property
    def api(self) -> str:
        return f"{self.url}/api/v1"

    @property
    def program(self) -> list[str]:
        return [str(build.need()), "--config", str(self.work / "app.ini")]

    def people(self) -> None:
        """Make those who work there, and their organization."""
        self._administrator()
        for who in (ADMIN, JOB, PERSON):
            if who != ADMIN:
                names = {"username": who, "email": f"{who}@example.org"}
                password = {"password": _PASSWORD, "must_change_password": False}
                self.ask("POST", "/admin/users", {**names, **password})
            scopes = ("all",) if who == ADMIN else SCOPES
            self._tokens[who] = self._token(who, *scopes)
        self.ask("POST", "/orgs", {"username": OWNER})

    def _administrator(self) -> None:
        done = subprocess.run(
            [
                *self.program, "admin", "user", "create", "--admin", "--username", ADMIN,
                "--email", f"{ADMIN}@example.org", "--password", _PASSWORD,
                "--must-change-password=false",
            ],
            env=environment(self.work), capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr

    # --- Site ---------------------------------------------------------------------------------

    def repository(self, files: Files | None) -> Place:
        """Make a repository with one commit on `main`; None makes an empty one."""
        place = self._created(OWNER, f"monorepo-{next(self._numbers)}")
        if files is not None:
            self._push(place, files)
        return place

    def token(self, who: str, *scopes: str) -> str:
        """Make a token of somebody with these scopes."""
        return self._token(who, *scopes)

    def forbid(self, place: Place, who: str) -> None:
        """Let somebody only read a repository."""
        self._collaborator(place.name, who, "read")

    def organization(self, kept: Sequence[Kept]) -> str:
        """Make an organization with these repositories; return its URL."""
        owner = f"org-{next(self._numbers)}"
        self.ask("POST", "/orgs", {"username": owner})
        for one in kept:
            place = self._created(owner, one.name)
            if not one.empty:
                self._push(place, {"README.md": "here\n"})
            if one.archived:
                self.ask("PATCH", f"/repos/{place.name}", {"archived": True})
        return f"{self.url}/{owner}"

    def written(self) -> Sequence[bytes | Path]:
        """Return what it has written down of its requests."""
        return [self.work / "log"]

    # --- how ----------------------------------------------------------------------------------

    def _created(self, owner: str, name: str) -> Place:
        settings = {"name": name, "default_branch": "main", "private": True}
        self.ask("POST", f"/orgs/{owner}/repos", settings)
        for who in (JOB, PERSON):
            self._collaborator(f"{owner}/{name}", who, "write")
        url = f"{self.url}/{owner}/{name}.git"
        return Place(
            f"{owner}/{name}", url, self.api, self._tokens, ("--forge", "gitea"), self._authority
        )

    def _collaborator(self, name: str, who: str, permission: str) -> None:
        self.ask("PUT", f"/repos/{name}/collaborators/{who}", {"permission": permission})

    def _push(self, place: Place, files: Files) -> None:
        source = self.work / "pushed" / place.name
        source.parent.mkdir(parents=True, exist_ok=True)
        pairs = [(p, t if isinstance(t, bytes) else t.encode()) for p, t in files.items()]
        gitrepo.create(source, pairs, message="first\n", bare=True)
        login = f"://{ADMIN}:{self._tokens[ADMIN]}@"
        git(source, *place.trust, "push", "--quiet", place.git.replace("://", login), "main")
        # After a push Gitea finds out by itself that the repository is not empty any more.
        helpers.wait_for(lambda: not self.ask("GET", f"/repos/{place.name}")["empty"])

    def _token(self, who: str, *scopes: str) -> str:
        wanted = {"name": f"token-{next(self._numbers)}", "scopes": scopes}
        token: str = self.ask("POST", f"/users/{who}/tokens", wanted, user=who)["sha1"]
        return token

    def ask(self, method: str, where: str, body: object = None, *, user: str = ADMIN) -> Any:
        """Send a request as somebody, with their password."""
        login = (user, _PASSWORD)
        with client_of(self._authority, auth=login) as client:
            answer = client.request(method, self.api + where, json=body)
        assert answer.is_success, f"{method} {where}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def answers(self) -> bool:
        """Tell whether it is ready."""
        try:
            with client_of(self._authority) as client:
                return client.get(f"{self.api}/version").is_success
        except httpx.TransportError:
            return False


def environment(work: Path) -> dict[str, str]:
    """Return the environment of Gitea: nothing of the developer's."""
    return {"PATH": os.environ["PATH"], "HOME": str(work), "GITEA_WORK_DIR": str(work)}


@contextmanager
def running(work: Path, authority: Authority | None = None) -> Iterator[GiteaServer]:
    """Start a Gitea in a directory, and make people; it ends with the block.

    Args:
        work: the directory; made.
        authority: who vouches for it, if it is to speak HTTPS.
    """
    work.mkdir(parents=True)
    port, scheme = _free_port(), "http"
    if authority:
        authority.write(work / "server.pem", work / "server.key")
        scheme = "https"
    text = _INI.format(work=work, port=port, scheme=scheme)
    (work / "app.ini").write_text(text, encoding="utf-8")
    server = GiteaServer(work, port, authority.file if authority else None)
    with (work / "output").open("w") as output:
        process = subprocess.Popen(
            [*server.program, "web"], env=environment(work), stdout=output, stderr=output
        )
    try:
        _wait(server, process)
        server.people()
        yield server
    finally:
        process.terminate()
        process.wait()


def _wait(server: GiteaServer, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _START
    while not server.answers():
        said = (server.work / "output").read_text("utf-8", "replace")
        assert process.poll() is None, said
        assert time.monotonic() < end, said
        time.sleep(0.1)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port
