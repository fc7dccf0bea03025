"""A server on the loopback interface, in threads of its own: what all servers of tests stand on."""

from __future__ import annotations

import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self


class Loopback:
    """Serves as long as it is entered.

    Args:
        handler: of its requests.
        tls: with which it speaks HTTPS.
        shared: attributes of the handler.

    Attributes:
        closing: is set when the server is about to be closed, for answers that wait.
    """

    def __init__(
        self,
        handler: type[BaseHTTPRequestHandler],
        *,
        tls: ssl.SSLContext | None = None,
        **shared: Any,
    ) -> None:
        self.closing = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (handler,), shared))
        # Closing waits for every answer, so that no socket outlives its test.
        self._server.daemon_threads = False
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.closing.set()
        self.let_go()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def let_go(self) -> None:
        """End what keeps answers waiting, beside `closing`."""

    @property
    def host(self) -> str:
        """Its name and port."""
        return f"127.0.0.1:{self._server.server_address[1]}"
