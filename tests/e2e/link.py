"""A slow link to a server: what is sent arrives late.

A client beside its server can be faster than the server's own caches: it may delete a permission
and make use of it within the same millisecond. A cluster's clients are not that near.
"""

from __future__ import annotations

import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

DELAY = 0.06
"""By how much, in seconds."""

_CHUNK = 1 << 16


@contextmanager
def slow(host: str, port: int) -> Iterator[int]:
    """Listen on the loopback interface, and hand on what comes; yield the port."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with socket.create_connection((host, port)) as server:
                back = threading.Thread(target=_copy, args=(server, self.request, 0.0))
                back.start()
                _copy(self.request, server, DELAY)
                back.join()

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as listener:
        serving = threading.Thread(target=listener.serve_forever, args=(0.05,))
        serving.start()
        try:
            yield listener.server_address[1]
        finally:
            listener.shutdown()
            serving.join()


def _copy(source: socket.socket, target: socket.socket, delay: float) -> None:
    with suppress(OSError):
        while data := source.recv(_CHUNK):
            time.sleep(delay)
            target.sendall(data)
    for end in (source, target):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
