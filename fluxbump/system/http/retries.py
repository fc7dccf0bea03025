"""What all that goes over HTTP has in common: how long to wait, and what a failure means."""

from __future__ import annotations

import os
import random
import socket
import ssl
from email.utils import parsedate_to_datetime
from functools import cache

import httpx
from msgspec import Struct

from fluxbump.errors import FluxbumpError
from fluxbump.version import __version__

# Linux has a second code, for a name that is there and has no address.
_NO_SUCH_HOST = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}

BAD_REDIRECT = "it redirects to something that is not a URL"


class Patience(Struct, frozen=True):
    """How long to wait, in seconds, and how often to try.

    Attributes:
        connect: for a connection.
        read: for the next piece of an answer.
        total: for one request, attempts and pauses included.
        attempts: how often one request is made before it is given up.
        pause: at most, before the second attempt; doubled before each further one.
        longest: the longest pause that a server may ask for.
    """

    connect: float = 10.0
    read: float = 20.0
    total: float = 120.0
    attempts: int = 4
    pause: float = 1.0
    longest: float = 30.0

    def before(self, attempt: int) -> float:
        """Return the pause after `attempt`, which failed; spread, so that many do not come at once.

        Args:
            attempt: the first is 1.
        """
        spread = random.uniform(0.5, 1.0)  # noqa: S311  # not a secret
        return self.pause * float(2 ** (attempt - 1)) * spread


class Failure(Struct, frozen=True):
    """Why there is no answer.

    Attributes:
        reason: for people.
        hint: what to do about it; None when nothing better than looking at the network.
        passing: it may go away by itself.
    """

    reason: str
    hint: str | None = None
    passing: bool = False


def open_client(patience: Patience, error: type[FluxbumpError], *, accept: str) -> httpx.Client:
    """Return a client that follows no redirects.

    Raises:
        FluxbumpError: of the type `error`; a variable of the environment cannot be used.
    """
    try:
        return httpx.Client(
            verify=_certificates(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")),
            timeout=httpx.Timeout(patience.read, connect=patience.connect),
            headers={"user-agent": f"fluxbump/{__version__}", "accept": accept},
        )
    except OSError:
        message = "the certificates named by SSL_CERT_FILE or SSL_CERT_DIR cannot be read"
    except (ValueError, ImportError, httpx.InvalidURL):
        message = "the proxy named by HTTP_PROXY, HTTPS_PROXY or ALL_PROXY cannot be used"
    raise error(message, hint="correct or unset the variable")


@cache
def _certificates(file: str | None, directory: str | None) -> ssl.SSLContext:
    """Read the certificates; once, because that takes longer than a request."""
    del file, directory  # httpx reads these variables itself
    return httpx.create_ssl_context()


def explain(error: httpx.TransportError) -> Failure:
    """Say why there is no answer."""
    reason = " ".join(str(error).split())[:200] or type(error).__name__
    if "in location header" in reason:
        # Not shown: what makes it invalid may be a piece of a password.
        return Failure(BAD_REDIRECT)
    cause: BaseException | None = error
    while cause:
        if isinstance(cause, socket.gaierror) and cause.errno in _NO_SUCH_HOST:
            # The name server has answered, and would answer the same again.
            return Failure("the name of its host is not found")
        if isinstance(cause, ssl.SSLCertVerificationError):
            hint = "name the certificate authority's file in SSL_CERT_FILE"
            return Failure(cause.verify_message or reason, hint)
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpx.TimeoutException):
        reason = "no answer in time"
    return Failure(reason, passing=True)


def retry_after(value: str, now: float) -> float | None:
    """Return the seconds that a `Retry-After` asks to wait (RFC 9110, 10.2.3).

    Args:
        value: of the header; seconds or a date.
        now: seconds since the epoch.

    Returns:
        None when it says neither.
    """
    value = value.strip()
    if value.isdecimal():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - now)
    except (ValueError, OverflowError):
        return None
