"""A proxy in front of a registry: it records what is asked, and spoils answers if it is told."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler

from tests.loopback import Loopback


@dataclass(frozen=True)
class Asked:
    """A request; header names in lower case."""

    method: str
    target: str
    headers: dict[str, str]

    @property
    def brief(self) -> str:
        """What was asked for, without digests: `GET blobs/sha256`."""
        what = self.target.partition("/charts/flux2/")[2] or self.target
        return f"{self.method} {what.partition(':')[0]}"


@dataclass(frozen=True)
class Answered:
    """An answer; with `cut`, the connection is closed after so many bytes of its body."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    cut: int | None = None

    def header(self, name: str, value: str) -> Answered:
        """Return the answer with another value of a header."""
        return replace(self, headers=(*self.without(name).headers, (name, value)))

    def without(self, name: str) -> Answered:
        """Return the answer without a header."""
        kept = tuple(pair for pair in self.headers if pair[0].lower() != name.lower())
        return replace(self, headers=kept)

    def holding(self, body: bytes) -> Answered:
        """Return the answer with another body, and its length."""
        return replace(self, body=body).header("Content-Length", str(len(body)))


Spoil = Callable[[Asked, Answered], Answered]


class Front(Loopback):
    """A proxy in front of the registry at `behind`."""

    def __init__(self, behind: str) -> None:
        super().__init__(_Handler, front=self)
        self.behind = behind
        self.asked: list[Asked] = []
        self.spoil: Spoil = lambda _, answered: answered
        self.lock = threading.Lock()

    def take(self) -> list[str]:
        """Return what was asked since the last time, sorted, because some of it is at once."""
        with self.lock:
            taken, self.asked[:] = sorted(asked.brief for asked in self.asked), []
        return taken


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 10.0
    front: Front

    def do_GET(self) -> None:
        asked = Asked(self.command, self.path, {k.lower(): v for k, v in self.headers.items()})
        with self.front.lock:
            self.front.asked.append(asked)
        answered = self.front.spoil(asked, self._forwarded(asked))
        self.close_connection = True
        self.send_response(answered.status)
        for name, value in answered.headers:
            self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answered.body[: answered.cut])

    do_HEAD = do_POST = do_PUT = do_GET

    def _forwarded(self, asked: Asked) -> Answered:
        connection = http.client.HTTPConnection(self.front.behind, timeout=10)
        try:
            body = self.rfile.read(int(asked.headers.get("content-length", "0")))
            connection.request(asked.method, asked.target, body, asked.headers)
            answer = connection.getresponse()
            pairs = tuple(pair for pair in answer.getheaders() if pair[0].lower() != "connection")
            return Answered(answer.status, pairs, answer.read())
        finally:
            connection.close()

    def log_message(self, *_: object) -> None:
        pass
