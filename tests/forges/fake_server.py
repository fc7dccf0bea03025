"""What fake forges have in common: a real HTTP server on loopback that keeps a log.

A fake is a subclass with `reply`. It is told of trouble to make with `trouble`, and what it holds
against its clients (a request that no documentation allows) is in `problems`.
"""

from __future__ import annotations

import json
import re
import ssl
import threading
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from enum import Enum
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from msgspec import Struct

from tests.loopback import Loopback

_PATIENCE = 10.0


class Cut(Enum):
    """The connection is closed without an answer."""

    BEFORE = "nothing is done"
    AFTER = "the request is carried out"


class Call(Struct, frozen=True):
    """A request; `path` is still escaped, header names are in lower case.

    `pairs` are the query's, for names that come more than once.
    """

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    pairs: tuple[tuple[str, str], ...] = ()

    def json(self) -> dict[str, Any]:
        value = json.loads(self.body)
        assert isinstance(value, dict)
        return value


@dataclass(frozen=True)
class Reply:
    """An answer; the body becomes JSON, None becomes nothing."""

    status: int
    body: object = None
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def raw(self) -> bytes:
        return b"" if self.body is None else json.dumps(self.body).encode()


@dataclass(frozen=True)
class Exchange:
    """A request and what it got; `reply` is None when the connection was cut."""

    call: Call
    reply: Reply | None


class FakeServer(Loopback, ABC):
    """Answers one request after the other, and remembers everything."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(_Handler, tls=tls, fake=self)
        self.scheme = "https" if tls else "http"
        self.exchanges: list[Exchange] = []
        self.problems: list[str] = []
        self.lock = threading.RLock()
        self._troubles: list[tuple[str, re.Pattern[str], Reply | Cut]] = []

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host}"

    def trouble(
        self, *what: Reply | Cut, method: str = "[A-Z]+", path: str = ".*", times: int = 1
    ) -> None:
        """Make trouble for the next requests that match, one after the other.

        Args:
            what: comes instead of the answer.
            method: a regular expression for all of it.
            path: a regular expression for a part of it.
            times: how often all of it comes.
        """
        pattern = re.compile(path)
        with self.lock:
            self._troubles += [(method, pattern, one) for one in what * times]

    def quiet(self) -> None:
        """Make no more trouble."""
        with self.lock:
            self._troubles.clear()

    @abstractmethod
    def reply(self, call: Call) -> Reply:
        """Answer a request; nothing else runs at the same time."""

    def exchange(self, call: Call) -> Reply | None:
        with self.lock:
            reply = self._answer(call)
            self.exchanges.append(Exchange(call, reply))
            return reply

    def _answer(self, call: Call) -> Reply | None:
        trouble = self._next_trouble(call)
        if isinstance(trouble, Reply):
            return trouble
        if trouble is Cut.BEFORE:
            return None
        try:
            reply = self.reply(call)
        except Exception as error:  # a bug of the fake, or a request that it cannot take
            self.problems.append(f"{call.method} {call.path}: {error!r}")
            return Reply(500, {"message": "the fake failed"})
        return None if trouble is Cut.AFTER else reply

    def _next_trouble(self, call: Call) -> Reply | Cut | None:
        for index, (method, pattern, what) in enumerate(self._troubles):
            if re.fullmatch(method, call.method) and pattern.search(call.path):
                del self._troubles[index]
                return what
        return None

    def sent(self, method: str, path: str = "") -> list[Call]:
        """Return the requests of a method whose path ends so."""
        with self.lock:
            calls = [exchange.call for exchange in self.exchanges]
        return [call for call in calls if call.method == method and call.path.endswith(path)]

    def transcript(self) -> bytes:
        """Return every byte of bodies that came and went, and the targets: to search in."""
        with self.lock:
            pieces = [
                f"{e.call.method} {e.call.path} {e.call.query}\n".encode()
                + e.call.body
                + (e.reply.raw if e.reply else b"")
                for e in self.exchanges
            ]
        return b"\n".join(pieces)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _PATIENCE
    fake: FakeServer

    def do_GET(self) -> None:
        self.close_connection = True
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length", "0")))
        target = urlsplit(self.path)
        pairs = tuple(parse_qsl(target.query, keep_blank_values=True))
        call = Call(self.command, target.path, dict(pairs), headers, body, pairs)
        reply = self.fake.exchange(call)
        if reply is None:
            return
        raw = reply.raw
        self.send_response(reply.status)
        standard = {"Connection": "close", "Content-Type": "application/json; charset=utf-8"}
        for name, value in {**standard, **reply.headers, "Content-Length": str(len(raw))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(raw)

    do_POST = do_PATCH = do_PUT = do_DELETE = do_GET

    def log_message(self, *_: object) -> None:
        pass
