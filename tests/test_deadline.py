"""A server that always has one more byte: the whole exchange has one deadline, however it is cut.

Each server below ends with a whole and valid answer, long after the deadline, and counts the bytes
that a client waited for: without a deadline around the exchange that is about all of them.
"""

from __future__ import annotations

import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpcore
import httpx
import pytest
import trustme

from fluxbump.errors import ForgeError
from fluxbump.forges.authorization import bearer
from fluxbump.forges.client import Client
from fluxbump.forges.responses import UncertainError
from fluxbump.system.http.deadline import Deadline, bound
from fluxbump.system.http.failure import HttpError
from fluxbump.system.http.fetch import HttpRequest, Patience, Web
from fluxbump.system.secret import Secret
from tests.web_server import Answer, WebServer

BRIEF = Patience(connect=5.0, read=5.0, total=0.5, attempts=4, pause=0.01)
"""A byte each fiftieth of a second always comes within `read`, and never all within `total`."""
PAUSE = 0.02
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n"
PADDING = b"X-Padding: " + b"x" * 150 + b"\r\n"


class Dripper:
    """Answers every connection with `quick` at once, and then `slow` byte by byte."""

    def __init__(self, quick: bytes, slow: bytes, tls: ssl.SSLContext | None = None) -> None:
        self._quick = quick
        self._slow = slow
        self._tls = tls
        self._closing = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self.connections = 0
        self.sent = 0
        self.host = f"127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Dripper:
        self._begin(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join()

    def _begin(self, work: object, *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments)  # type: ignore[arg-type]  # a method
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._begin(self._drip, connection)

    def _drip(self, raw: socket.socket) -> None:
        try:
            with raw, self._secured(raw) as connection:
                connection.recv(1 << 16)
                connection.sendall(self._quick)
                for byte in self._slow:
                    if self._closing.wait(PAUSE):
                        return
                    connection.sendall(bytes([byte]))
                    self.sent += 1
        except OSError:
            pass  # the client had enough

    def _secured(self, raw: socket.socket) -> socket.socket:
        return self._tls.wrap_socket(raw, server_side=True) if self._tls else raw


HEADERS = (b"", HEAD + PADDING * 6 + b"\r\nok")
BODY = (HEAD.replace(b": 2", b": 1000") + b"\r\n", b"x" * 1000)
CHUNKS = (
    HEAD.replace(b"Content-Length: 2", b"Transfer-Encoding: chunked") + b"\r\n",
    b"1\r\nx\r\n" * 170 + b"0\r\n\r\n",
)
EARLY_HINTS = (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 40 + HEAD + b"\r\nok")
EVERYTHING = pytest.mark.parametrize(
    ("quick", "slow"),
    [HEADERS, BODY, CHUNKS, EARLY_HINTS],
    ids=["headers", "body", "chunks", "early hints"],
)


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    with Web(cache_dir=tmp_path / "cache", patience=BRIEF) as made:
        yield made


@EVERYTHING
def test_an_index_that_drips_is_given_up(web: Web, quick: bytes, slow: bytes) -> None:
    with Dripper(quick, slow) as server, pytest.raises(HttpError) as caught:
        web.get(f"http://{server.host}/index.yaml", limit=1 << 20)
    assert str(caught.value) == f"http://{server.host}/index.yaml: it takes too long"
    assert server.connections == 1
    assert server.sent < len(slow) / 2


@EVERYTHING
def test_a_registry_that_drips_is_given_up(web: Web, quick: bytes, slow: bytes) -> None:
    with Dripper(quick, slow) as server, pytest.raises(HttpError, match="it takes too long"):
        web.ask(HttpRequest(f"http://{server.host}/v2/", 1 << 20))
    assert server.sent < len(slow) / 2


@EVERYTHING
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_forge_that_drips_is_given_up(method: str, quick: bytes, slow: bytes) -> None:
    with Dripper(quick, slow) as server:
        client = Client("Forge", f"http://{server.host}", bearer(Secret("t0ken")), patience=BRIEF)
        with pytest.raises(ForgeError, match=f"^Forge: {method} .*: it takes too long") as caught:
            client.send(method, "/pulls")
        client.close()
    assert server.sent < len(slow) / 2
    # A GET can be made again; of a POST nobody knows whether it was carried out.
    assert isinstance(caught.value, UncertainError) == (method == "POST")


def test_a_proxy_that_drips_is_given_up(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    with Dripper(*HEADERS) as proxy:
        monkeypatch.setenv("http_proxy", f"http://{proxy.host}")
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        with pytest.raises(HttpError, match="it takes too long"):
            web.get("http://charts.invalid/index.yaml", limit=1 << 20)
    assert proxy.sent < 500


def test_a_tunnel_that_drips_is_given_up(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    with Dripper(b"", b"HTTP/1.1 200 OK\r\n" + PADDING * 6 + b"\r\n") as proxy:
        monkeypatch.setenv("https_proxy", f"http://{proxy.host}")
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        with pytest.raises(HttpError, match="it takes too long"):
            web.get("https://charts.invalid/index.yaml", limit=1 << 20)
    assert proxy.sent < 500


@pytest.mark.parametrize(("quick", "slow"), [HEADERS, BODY], ids=["headers", "body"])
def test_tls_changes_nothing(
    tmp_path: Path, web: Web, quick: bytes, slow: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with Dripper(quick, slow, context) as server, pytest.raises(HttpError, match="too long"):
        web.get(f"https://{server.host}/index.yaml", limit=1 << 20)
    assert server.sent < len(slow) / 2


def test_a_handshake_that_never_comes_is_given_up(web: Web) -> None:
    # A record that says it is long, and comes byte by byte.
    with Dripper(b"\x16\x03\x03\x40\x00", b"\x02" * 1000) as server, pytest.raises(HttpError) as no:
        web.get(f"https://{server.host}/index.yaml", limit=1 << 20)
    assert "it takes too long" in str(no.value)
    assert server.sent < 500


_SILENT_NAME_SERVER = """
import socket, sys, threading
from pathlib import Path
from fluxbump.system.http.failure import HttpError
from fluxbump.system.http.fetch import Patience, Web

socket.getaddrinfo = lambda *_, **__: threading.Event().wait()
with Web(cache_dir=Path(sys.argv[1]), patience=Patience(0.2, 5.0, 1.0, 2, 0.01)) as web:
    try:
        web.get("http://charts.example.org/index.yaml", limit=1 << 20)
    except HttpError as error:
        print(error)
"""


def test_a_name_server_that_is_silent_is_given_up(tmp_path: Path) -> None:
    """Each attempt takes what a connection may take; the look-up is no reason not to end."""
    done = subprocess.run(
        [sys.executable, "-c", _SILENT_NAME_SERVER, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    said = "http://charts.example.org/index.yaml: no answer in time\n"
    assert (done.stdout, done.stderr) == (said, "")


@pytest.mark.parametrize("proxy", ["", "http_proxy", "all_proxy"])
def test_no_connection_is_made_otherwise(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a connection is made of, httpx says in public, if only when the answer is there."""
    for name in ("http_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    deadline = Deadline(time.monotonic)
    with WebServer() as server:
        url = server.serve("/a", Answer(b"ok"))
        if proxy:
            monkeypatch.setenv(proxy, server.url(""))
        with httpx.Client() as client:
            bound(client, deadline)
            with client.stream("GET", url) as answer:
                stream = answer.extensions["network_stream"]
                # Before a moment that is past nothing is left, also of what is there to be read.
                with deadline.until(time.monotonic() - 1), pytest.raises(httpcore.ReadTimeout):
                    stream.read(1)
        (request,) = server.requests
        assert request.target.startswith("http:") == bool(proxy)


def test_a_client_that_cannot_be_bound_is_none() -> None:
    other = httpx.MockTransport(lambda _: httpx.Response(200))
    deadline = Deadline(time.monotonic)
    with (
        httpx.Client(transport=other) as client,
        pytest.raises(TypeError, match="makes its connections in another way"),
    ):
        bound(client, deadline)


def test_what_comes_within_the_deadline_arrives(tmp_path: Path) -> None:
    patience = Patience(total=60.0)
    with (
        Dripper(b"", HEAD + b"\r\nok") as server,
        Web(cache_dir=tmp_path, patience=patience) as web,
    ):
        assert web.get(f"http://{server.host}/index.yaml", limit=1 << 20) == b"ok"
