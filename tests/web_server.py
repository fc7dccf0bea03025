"""A real HTTP server on the loopback interface that answers as a test tells it to."""

from __future__ import annotations

import ssl
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from urllib.parse import urlsplit

from tests.loopback import Loopback

_PATIENCE = 10.0
_CHUNK = 1 << 16


@dataclass(frozen=True)
class Answer:
    """What a request gets; with an `ETag` or a `Last-Modified`, also 304 where that is right."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    chunked: bool = False
    missing: int = 0
    """How many bytes fewer than promised are sent before the connection is closed."""
    unframed: bool = False
    """Neither the length is promised nor the end marked: closing the connection ends the body."""
    stalls: bool = False
    """Nothing follows the headers until the server is closed."""
    cut: bool = False
    """The connection is closed instead of an answer."""

    def is_known(self, request: dict[str, str]) -> bool:
        tag, date = self.headers.get("ETag"), self.headers.get("Last-Modified")
        if tag:
            return request.get("if-none-match") == tag
        return date is not None and request.get("if-modified-since") == date


@dataclass(frozen=True)
class Request:
    """What a client asked for; header names in lower case."""

    target: str
    headers: dict[str, str]
    answered: int
    method: str = "GET"
    body: bytes = b""


class WebServer(Loopback):
    """Serves `answers`: for each path a list, the last of which is repeated."""

    def __init__(self, *, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(_Handler, tls=tls, script=self)
        self.answers: dict[str, list[Answer]] = {}
        self.requests: list[Request] = []
        self.arrived = threading.Condition()
        self.scheme = "https" if tls else "http"

    def counted(self, number: int) -> int:
        """Return how many requests came; wait a while for `number` of them."""
        with self.arrived:
            self.arrived.wait_for(lambda: len(self.requests) >= number, timeout=10)
            return len(self.requests)

    def url(self, path: str, *, user: str = "") -> str:
        return f"{self.scheme}://{user}{'@' if user else ''}{self.host}{path}"

    def serve(self, path: str, *answers: Answer) -> str:
        """Set the answers for `path` and return its URL."""
        self.answers[path] = list(answers)
        return self.url(path)

    def answer(
        self, target: str, headers: dict[str, str], method: str = "GET", body: bytes = b""
    ) -> Answer:
        """Return what a request gets, and record it."""
        waiting = self.answers.get(urlsplit(target).path, [Answer(b"nothing here", 404)])
        answer = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        if answer.is_known(headers):
            answer = Answer(status=304, headers=answer.headers)
        with self.arrived:
            self.requests.append(Request(target, headers, answer.status, method, body))
            self.arrived.notify_all()
        return answer


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _PATIENCE
    script: WebServer

    def do_GET(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length", "0")))
        answer = self.script.answer(self.path, headers, self.command, body)
        self.close_connection = True
        if answer.cut:
            return
        self._send_head(answer)
        try:
            if answer.stalls:
                self.script.closing.wait(_PATIENCE)
            elif answer.chunked:
                self._send_chunks(answer)
            elif self.command != "HEAD":
                self.wfile.write(answer.body)
        except (ConnectionError, ssl.SSLError):
            pass  # the client had enough

    do_HEAD = do_POST = do_PATCH = do_PUT = do_DELETE = do_GET

    def _send_head(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in {"Connection": "close", **answer.headers}.items():
            self.send_header(name, value)
        if answer.chunked:
            self.send_header("Transfer-Encoding", "chunked")
        elif not answer.unframed:
            self.send_header("Content-Length", str(len(answer.body) + answer.missing))
        self.end_headers()

    def _send_chunks(self, answer: Answer) -> None:
        for start in range(0, len(answer.body), _CHUNK):
            piece = answer.body[start : start + _CHUNK]
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        if not answer.missing:
            self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_: object) -> None:
        pass
