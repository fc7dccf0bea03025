"""Send HTTP requests, with retries and limits, for all parts of fluxbump.

Requests for indexes, manifests, registries and forges go through this module. So they have the same
limits: one deadline around all attempts and pauses, redirects, sizes, certificates and proxies.
"""

from __future__ import annotations

import os
import re
import socket
import ssl
import time
import weakref
from collections.abc import Callable
from functools import cache, cached_property

import httpx

from fluxbump.system.allowed_servers import AllowedServers
from fluxbump.system.http.deadline import Deadline, bound
from fluxbump.system.http.exchange import (
    Bounds,
    CutError,
    HttpReply,
    HttpRequest,
    Progress,
    exchange,
    read_url,
    too_late,
)
from fluxbump.system.http.failure import HttpError
from fluxbump.system.http.retries import Later, Patience
from fluxbump.version import __version__

Judge = Callable[[HttpReply], Later | None]
"""A function that says whether another attempt may get a better answer; None if not."""

# Linux has a second code, for a name that is there and has no address.
_NO_SUCH_HOST = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}

CHECK_NETWORK = "check the network and the proxy settings"
"""The hint of an error without any answer."""

_HOST = r"(?=.{1,253}\Z)(?!-)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*\.?|[0-9a-f.]*:[0-9a-f:.]+"
"""A host name (RFC 1123 section 2.1, with underscores for private zones) or an IPv6 address.

The address has no brackets.
"""

_REDIRECT = "it redirects to something that is not a URL"
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)


class HttpClient:
    """Sends requests to servers, with retries.

    Args:
        patience: how long to wait, and how often to try.
        servers: the servers that may be asked; None for all.
        clock: returns the seconds of a monotonic clock.
        sleep: waits for a number of seconds.
    """

    def __init__(
        self,
        patience: Patience,
        *,
        servers: AllowedServers | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._patience = patience
        self._servers = servers
        self._clock = clock
        self._sleep = sleep
        self._deadline = Deadline(clock)

    def close(self) -> None:
        """Close all connections; they are also closed when the client is garbage-collected."""
        # Making the client loads the certificates, which is too slow to do only to close it.
        if "_client" in self.__dict__:
            self._client.close()

    def ask(
        self,
        request: HttpRequest,
        *,
        judge: Judge,
        progress: Progress | None = None,
    ) -> HttpReply:
        """Send a request, and return the final answer after all retries.

        Args:
            request: the request to send.
            judge: says whether another attempt may get a better answer.
            progress: called while the body is received.

        Raises:
            HttpError: there is no answer within the limits.
        """
        shown = show(parse(request.url))
        deadline = self._clock() + self._patience.total
        bounds = Bounds(shown, request.limit, deadline, self._clock, progress, self._servers)
        number = 1
        while True:
            given, later = self._attempt(request, bounds, judge)
            if later is None:
                return _reply(given)
            if not (request.repeatable or later.untouched):
                return _reply(given, uncertain=True)
            pause = self._patience.before(number) if later.wait is None else later.wait
            spent = number >= self._patience.attempts or pause > self._patience.longest
            if spent or self._clock() + pause > deadline:
                return _reply(given)
            self._sleep(pause)
            number += 1

    def _attempt(
        self, request: HttpRequest, bounds: Bounds, judge: Judge
    ) -> tuple[HttpReply | HttpError, Later | None]:
        """Send a request once, and return the answer or error, and when a retry makes sense."""
        try:
            with self._deadline.until(bounds.deadline):
                reply = exchange(self._client, request, bounds)
        except httpx.TransportError as error:
            return self._unreachable(error, bounds)
        except CutError:
            return HttpError(bounds.url, "its body ends too early", silent=True), Later()
        except (httpx.InvalidURL, UnicodeError):
            return HttpError(bounds.url, _REDIRECT), None
        return reply, judge(reply)

    def _unreachable(
        self, error: httpx.TransportError, bounds: Bounds
    ) -> tuple[HttpError, Later | None]:
        """Return the error for a failed connection, and when a retry makes sense."""
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        if "in location header" in reason:
            # Not shown: what makes it invalid may be a piece of a password.
            return HttpError(bounds.url, _REDIRECT), None
        final = _certain(error, bounds.url)
        if final is not None:
            return final, None
        later = Later(untouched=isinstance(error, _NOT_SENT))
        if not isinstance(error, httpx.TimeoutException):
            return HttpError(
                bounds.url, f"no answer ({_plain(reason)})", CHECK_NETWORK, silent=True
            ), later
        if self._clock() >= bounds.deadline:
            return too_late(bounds.url), later
        return HttpError(bounds.url, "no answer in time", CHECK_NETWORK, silent=True), later

    @cached_property
    def _client(self) -> httpx.Client:
        made = _open(self._patience)
        bound(made, self._deadline)
        weakref.finalize(self, made.close)
        return made


def _reply(given: HttpReply | HttpError, *, uncertain: bool = False) -> HttpReply:
    if isinstance(given, HttpError):
        given.uncertain = uncertain
        raise given from None
    return given


def parse(url: str) -> httpx.URL:
    """Parse the URL of a request.

    Raises:
        HttpError: `url` is not a valid http or https URL; the message does not quote it.
    """
    parsed = read_url(url)
    if parsed is None or parsed.scheme not in ("https", "http"):
        hint = "escape special characters of a password, `/` as %2F and `@` as %40"
        raise HttpError("", "a URL is not a valid https or http URL", hint)
    return parsed


def show(url: httpx.URL) -> str:
    """Return a URL for messages: without user, password, query and fragment."""
    return str(url.copy_with(userinfo=b"", query=None, fragment=None))


def _untrusted(error: BaseException) -> str | None:
    """Return the problem of a certificate; None if the error has another cause."""
    cause: BaseException | None = error
    while cause:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return cause.verify_message
        cause = cause.__cause__ or cause.__context__
    return None


def _open(patience: Patience) -> httpx.Client:
    """Return a client that follows no redirects.

    Raises:
        HttpError: a variable for certificates or proxies has a value that cannot be used.
    """
    try:
        return httpx.Client(
            verify=_certificates(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")),
            timeout=httpx.Timeout(patience.read, connect=patience.connect),
            headers={"user-agent": f"fluxbump/{__version__}"},
        )
    except OSError:
        reason = "the certificates named by SSL_CERT_FILE or SSL_CERT_DIR cannot be read"
    except (ValueError, ImportError, httpx.InvalidURL):
        reason = "the proxy named by HTTP_PROXY, HTTPS_PROXY or ALL_PROXY cannot be used"
    raise HttpError("", reason, "correct or unset the variable")


@cache
def _certificates(file: str | None, directory: str | None) -> ssl.SSLContext:
    """Load the certificates once, because that takes longer than a request."""
    del file, directory  # httpx reads these variables itself
    return httpx.create_ssl_context()


def _certain(error: httpx.TransportError, url: str) -> HttpError | None:
    """Return the error for a failure that a retry cannot change; None for other failures."""
    untrusted = _untrusted(error)
    if untrusted is not None:
        hint = "name the certificate authority's file in SSL_CERT_FILE"
        return HttpError(url, f"certificate not trusted: {untrusted}", hint, silent=True)
    host = httpx.URL(url).raw_host.decode("ascii", "replace")
    if not re.fullmatch(_HOST, host, re.IGNORECASE):
        # A slip of the pen, which nothing may stand in for.
        return HttpError(url, "invalid host name", "correct the URL")
    if _no_such_host(error):
        # The name server has answered, and would answer the same again.
        return HttpError(url, "host name not found", CHECK_NETWORK, silent=True)
    return None


def _no_such_host(error: httpx.TransportError) -> bool:
    cause: BaseException | None = error
    while cause:
        if isinstance(cause, socket.gaierror):
            return cause.errno in _NO_SUCH_HOST
        cause = cause.__cause__ or cause.__context__
    return False


def _plain(reason: str) -> str:
    """Return the system's message about a connection as a clause, without its error number."""
    said = re.sub(r"^\[Errno -?\d+\] ", "", reason)
    return said if said[1:2].isupper() else said[:1].lower() + said[1:]
