"""Set one deadline for a whole exchange: name, connection, TLS, headers and body together.

httpx limits each call of a socket. A server that sends one byte before each of these limits can
hold a client as long as it likes: 100 KB of headers at a byte in 19 s take three weeks. So the
streams below httpx give each call no more than the time that is left for the whole exchange.

httpcore has an interface for that, `NetworkBackend`, and takes one where a pool is made. httpx
makes its pools itself and hands no backend on (0.28), so `bound` sets it afterwards, by private
names: those of the ranges in pyproject.toml. The public ways are worse:

- A transport of our own over httpcore would have to repeat what httpx does in private: which proxy
  of the environment is for which host, its login and its TLS, and which error of httpcore is which.
- A watchdog that closes the connection needs the connection. The extension `network_stream` names
  it when the headers are there, which is what a slow server withholds, and `trace` only when it is
  made, not when it is used again.
- A loop over the body has a deadline already (`exchange`), and comes after the headers.

If httpx changes, `bound` raises, and tests/test_deadline.py fails.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import httpcore
import httpx

from fluxbump.system.wait_at_most import Heard, SilentError

_PIECE = 1 << 14
"""Bytes to send before the clock is read again."""


class Deadline:
    """The time that is left for the current exchange of each thread.

    Args:
        clock: returns the seconds of a monotonic clock.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._own = threading.local()

    @contextmanager
    def until(self, moment: float) -> Iterator[None]:
        """Set the deadline, as a time of the clock, for the streams of this thread in the block."""
        self._own.moment = moment
        try:
            yield
        finally:
            del self._own.moment

    def left(self, wanted: float | None, late: type[httpcore.TimeoutException]) -> float | None:
        """Return the seconds that one call of a socket may take.

        Args:
            wanted: seconds that httpx allows; None for no limit.
            late: the exception to raise if no time is left.
        """
        moment: float | None = getattr(self._own, "moment", None)
        if moment is None:  # a connection is closed outside of any exchange
            return wanted
        left = moment - self._clock()
        if left <= 0:
            raise late("no answer before the deadline")
        return left if wanted is None else min(wanted, left)


def bound(client: httpx.Client, deadline: Deadline) -> None:
    """Apply a deadline to all connections of a client, also those to proxies.

    Raises:
        TypeError: this version of httpx makes its connections elsewhere, so the deadline has no
            effect.
    """
    transports = [client._transport, *client._mounts.values()]
    for transport in (found for found in transports if found is not None):
        pool: Any = getattr(transport, "_pool", None)
        if not isinstance(getattr(pool, "_network_backend", None), httpcore.NetworkBackend):
            raise TypeError(f"httpx {httpx.__version__} makes its connections in another way")
        pool._network_backend = _Backend(deadline)


class _Backend(httpcore.NetworkBackend):
    """Makes connections that keep to a deadline."""

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address of a host name that answers."""
        failure: Exception | None = None
        # One by one: the library would give each of them all of the time.
        for address in self._addresses(host, port, timeout):
            left = self._deadline.left(timeout, httpcore.ConnectTimeout)
            try:
                made = self._inner.connect_tcp(address, port, left, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return _Stream(made, self._deadline)
        raise failure or httpcore.ConnectError(f"cannot resolve the host name {host}")

    def _addresses(self, host: str, port: int, timeout: float | None) -> list[str]:
        """Return the addresses of a host name, within the deadline.

        The system's own look-up waits as long as its name servers are silent.
        """
        left = self._deadline.left(timeout, httpcore.ConnectTimeout)
        look_up = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
        try:
            found = Heard(lambda _: look_up()).wait(left, left) if left else look_up()
        except SilentError:
            raise httpcore.ConnectTimeout("no name server answers in time") from None
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(str(error)) from error
        return [str(address[0]) for *_, address in found]


class _Stream(httpcore.NetworkStream):
    """A connection whose calls all keep to the deadline."""

    def __init__(self, inner: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._inner = inner
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read up to `max_bytes` bytes."""
        return self._inner.read(max_bytes, self._deadline.left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all bytes of `buffer`."""
        for start in range(0, len(buffer), _PIECE):
            left = self._deadline.left(timeout, httpcore.WriteTimeout)
            self._inner.write(buffer[start : start + _PIECE], left)

    def close(self) -> None:
        """Close the connection."""
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """Start TLS on the connection; Python applies the time limit to the whole handshake."""
        left = self._deadline.left(timeout, httpcore.ConnectTimeout)
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, left), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        """Return a detail of the connection, by httpcore's name for it."""
        return self._inner.get_extra_info(info)
