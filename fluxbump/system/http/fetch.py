"""Reading URLs: careful, cached, bounded. The only import of httpx, hishel and platformdirs.

An answer passes through three layers. `origin` talks to servers: it follows redirects, decodes
and bounds the body, and turns every answer but 200 and 304 into an error, so nothing above it
sees, let alone keeps, an error page or half a body. hishel decides, by RFC 9111, what may be kept
and how it is revalidated; `kept` is its storage. `Web`, on top, retries.

The origin sits below the cache, so an answer is kept under the URL that was asked for: a release
asset is a redirect to a signed URL that is never the same twice. It also is the only layer that
knows credentials.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import hishel
import hishel.httpx
import httpx
import platformdirs

from fluxbump.errors import IndexSourceError, NoAnswerError
from fluxbump.system.http.cache import Kept
from fluxbump.system.http.exchange import HttpReply, HttpRequest, exchange
from fluxbump.system.http.retries import BAD_REDIRECT, Patience, explain, open_client
from fluxbump.system.http.transport import (
    Bounds,
    Origin,
    Progress,
    TemporaryError,
    failed,
    too_large,
)

__all__ = ["HttpReply", "HttpRequest", "Patience", "Progress", "Web"]

T = TypeVar("T")

_PATIENCE = Patience()
_PRIVATE = hishel.CacheOptions(shared=False)
_UNREACHABLE = "check the network and the proxy settings, or use --offline if it was read before"

# Without a handler of their own, what hishel logs would end up on standard error.
logging.getLogger("hishel").addHandler(logging.NullHandler())


class Web:
    """Gets what is behind URLs.

    Answers are kept, and revalidated with the server each time they are asked for again, unless
    they are said to be settled.

    Args:
        cache_dir: where answers are kept; None for the user's cache directory. One that cannot
            be written is not an error.
        offline: answer only from what is kept, however old.
        patience: how long to wait, and how often to try.
        clock: seconds on a monotonic clock.
        now: seconds since the epoch.
        sleep: waits for so many seconds.

    Attributes:
        directory: where answers are kept.
        offline: whether nothing is asked.
    """

    def __init__(
        self,
        *,
        cache_dir: Path | None = None,
        offline: bool = False,
        patience: Patience = _PATIENCE,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.directory = cache_dir or platformdirs.user_cache_path("fluxbump", appauthor=False)
        self.offline = offline
        self._patience = patience
        self._clock = clock
        self._now = now
        self._sleep = sleep

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        # Making the client loads the certificates, which is too slow to do only to close it.
        if "_client" in self.__dict__:
            self._client.close()

    def get(
        self, url: str, *, limit: int, progress: Progress | None = None, settled: bool = False
    ) -> bytes:
        """Return the body behind `url`.

        Args:
            url: http or https; may hold a user and a password.
            limit: the largest body that is accepted, in bytes, after decompression.
            progress: called while the body is received.
            settled: what is behind the URL never changes, so what is kept is not asked for again.

        Raises:
            IndexSourceError: it is not available within the limits, or, offline, is not kept.
        """
        address = _address(url)
        kept = Kept(self.directory / "http", address)
        body = kept.body() if self.offline or settled else None
        if body is None:
            self._require_network(address)
            bounds = self._bounds(address, limit, progress)
            body = self._retried(bounds, lambda: self._attempt(address, kept, bounds))
        if len(body) > limit:
            raise too_large(address, limit)
        return body

    def kept_at(self, url: str) -> datetime | None:
        """Return when what is kept of `url` was read or confirmed; None where nothing is kept."""
        return Kept(self.directory / "http", _address(url)).since()

    def ask(self, request: HttpRequest) -> HttpReply:
        """Return what a server answers, whatever its status; nothing is kept.

        Raises:
            IndexSourceError: there is no answer within the limits, or, offline, in any case.
        """
        address = _address(request.url)
        self._require_network(address)
        bounds = self._bounds(address, request.limit, None)
        return self._retried(bounds, lambda: exchange(self._client, request, bounds, self._now))

    def _require_network(self, address: httpx.URL) -> None:
        if self.offline:
            raise failed(
                address,
                "not in the cache, and offline",
                f"run once without --offline: what is read then is kept in {self.directory}",
                error=NoAnswerError,
            )

    def _bounds(self, address: httpx.URL, limit: int, progress: Progress | None) -> Bounds:
        deadline = self._clock() + self._patience.total
        return Bounds(address, limit, deadline, self._clock, progress)

    def _retried(self, bounds: Bounds, attempt: Callable[[], T]) -> T:
        number = 1
        while True:
            try:
                return _explained(bounds.address, attempt)
            except TemporaryError as error:
                pause = self._pause(error, number)
                late = self._clock() + pause > bounds.deadline
                if number == self._patience.attempts or late:
                    raise error.final from None
            self._sleep(pause)
            number += 1

    def _pause(self, error: TemporaryError, attempt: int) -> float:
        if error.wait is None:
            return self._patience.before(attempt)
        if error.wait > self._patience.longest:
            message = f"{error.final.message}; the server asks to wait {error.wait:.0f} s"
            raise NoAnswerError(message, hint="try again later") from None
        return error.wait

    def _attempt(self, address: httpx.URL, kept: Kept, bounds: Bounds) -> bytes:
        origin = Origin(self._client, address, bounds, self._now)
        cache = hishel.httpx.CacheTransport(origin, storage=kept, rfc=_PRIVATE)
        # hishel would trust an answer as long as the server allows, and guess when it says
        # nothing; the newest release is worth one small request.
        request = httpx.Request("GET", kept.url, headers={"cache-control": "no-cache"})
        response = cache.handle_request(request)
        try:
            return b"".join(response.iter_raw())
        finally:
            response.close()

    @cached_property
    def _client(self) -> httpx.Client:
        return open_client(self._patience, IndexSourceError, accept="*/*")


def _address(url: str) -> httpx.URL:
    try:
        address = httpx.URL(url)
    except (httpx.InvalidURL, UnicodeError):
        # Not shown: what makes it invalid may be a piece of a password.
        address = httpx.URL("")
    if address.scheme not in ("https", "http") or not address.host:
        hint = "escape special characters of a password, `/` as %2F and `@` as %40"
        raise IndexSourceError("a URL is not a valid https or http URL", hint=hint)
    return address


def _explained(address: httpx.URL, attempt: Callable[[], T]) -> T:
    """Return what an attempt comes to; where there is no answer, the error says why."""
    try:
        return attempt()
    except httpx.TransportError as error:
        raise _unreachable(address, error) from None
    except (httpx.InvalidURL, UnicodeError):
        raise failed(address, BAD_REDIRECT) from None


def _unreachable(address: httpx.URL, error: httpx.TransportError) -> Exception:
    failure = explain(error)
    if failure.passing:
        return TemporaryError(failed(address, failure.reason, _UNREACHABLE, error=NoAnswerError))
    hint = failure.hint or _UNREACHABLE
    return failed(address, failure.reason, hint, error=NoAnswerError)
