"""Read URLs with a cache, limits and retries.

An answer is cached under the requested URL, not under the target of a redirect: a release asset
redirects to a signed URL that differs each time. Complete answers with status 200 are cached and no
others, so an error page or a half body never comes from the cache.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import platformdirs

from fluxbump.system.allowed_servers import AllowedServers
from fluxbump.system.http.cache import Kept
from fluxbump.system.http.client import CHECK_NETWORK, HttpClient, parse, show
from fluxbump.system.http.exchange import (
    HttpReply,
    HttpRequest,
    Progress,
    Redirects,
    too_large,
)
from fluxbump.system.http.failure import HttpError
from fluxbump.system.http.retries import Later, Patience, retry_after

__all__ = ["HttpReply", "HttpRequest", "Patience", "Progress", "Redirects", "Web"]

_OK, _NOT_MODIFIED, _TOO_MANY, _SERVER_ERROR = 200, 304, 429, 500
_PATIENCE = Patience()
_PACKED = (".tgz", ".gz")
_HINTS = {
    401: "put a valid user and password into the URL, as https://USER:PASSWORD@HOST/…",
    403: "put a valid user and password into the URL, as https://USER:PASSWORD@HOST/…",
    407: "put a valid user and password into the proxy's URL",
}


class Web:
    """Reads the bodies at URLs.

    Answers are cached, and revalidated with the server at each further request, unless the caller
    says that the URL's contents never change.

    Args:
        cache_dir: the cache directory; None for the user's. One that cannot be written is not an
            error.
        offline: whether to answer from the cache alone, however old.
        patience: how long to wait, and how often to try.
        servers: the servers that may be asked, redirects included; None for all.
        clock: returns the seconds of a monotonic clock.
        now: returns the time in seconds since the epoch.
        sleep: waits for a number of seconds.

    Attributes:
        directory: the cache directory.
        offline: whether no server is asked.
    """

    def __init__(
        self,
        *,
        cache_dir: Path | None = None,
        offline: bool = False,
        patience: Patience = _PATIENCE,
        servers: AllowedServers | None = None,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.directory = cache_dir or platformdirs.user_cache_path("fluxbump", appauthor=False)
        self.offline = offline
        self._patience = patience
        self._now = now
        self._client = HttpClient(patience, servers=servers, clock=clock, sleep=sleep)

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
        self._client.close()

    def get(
        self, url: str, *, limit: int, progress: Progress | None = None, settled: bool = False
    ) -> bytes:
        """Return the body at `url`, from the server or from the cache.

        Args:
            url: an http or https URL, which can have a user and a password.
            limit: the largest body that is accepted, in bytes, after decompression.
            progress: called while the body is received.
            settled: whether the contents never change, so that a cached answer is not revalidated.

        Raises:
            HttpError: the body is not available within the limits, or, offline, is not in the
                cache.
        """
        address = parse(url)
        place = self._kept(url)
        kept = place.read()
        if kept is not None and (self.offline or settled):
            body = kept.body
        else:
            conditions = kept.conditions if kept is not None else {}
            packed = urlsplit(url).path.lower().endswith(_PACKED)
            request = HttpRequest(url, limit, headers=conditions, gzip=not packed)
            reply = self._asked(request, progress)
            if kept is not None and conditions and reply.status == _NOT_MODIFIED:
                body = kept.body
                place.confirm()
            elif reply.status != _OK:
                raise self._refused(show(address), reply)
            else:
                body = reply.body
                place.write(reply.headers, body)
        if len(body) > limit:
            raise too_large(show(address), limit)
        return body

    def kept_at(self, url: str) -> datetime | None:
        """Return when the cached body of `url` was received or revalidated; None without one."""
        return self._kept(url).since()

    def _kept(self, url: str) -> Kept:
        address = parse(url).copy_with(userinfo=b"", fragment=None)
        return Kept(self.directory / "http", str(address))

    def ask(self, request: HttpRequest) -> HttpReply:
        """Return the answer to a request, whatever its status, without the cache.

        Raises:
            HttpError: there is no answer within the limits, or the server cannot answer now (429,
                5xx), or `offline` is set.
        """
        reply = self._asked(request, None)
        if self._later(reply) is not None:
            raise self._refused(show(parse(request.url)), reply)
        return reply

    def _asked(self, request: HttpRequest, progress: Progress | None) -> HttpReply:
        if self.offline:
            raise HttpError(
                show(parse(request.url)),
                "not in the cache, and offline",
                f"run once without --offline, which fills the cache in {self.directory}",
                silent=True,
            )
        try:
            return self._client.ask(request, judge=self._later, progress=progress)
        except HttpError as error:
            if error.hint == CHECK_NETWORK:
                error.hint = f"{CHECK_NETWORK}, or use --offline if it was read before"
            raise

    def _later(self, reply: HttpReply) -> Later | None:
        if reply.status != _TOO_MANY and reply.status < _SERVER_ERROR:
            return None
        return Later(retry_after(reply.headers.get("retry-after", ""), self._now()))

    def _refused(self, url: str, reply: HttpReply) -> HttpError:
        """Return the error for an answer with a status that is not usable."""
        reason, hint = f"HTTP {reply.status}", _HINTS.get(reply.status)
        later = self._later(reply)
        if later is not None and later.wait is not None and later.wait > self._patience.longest:
            reason = f"{reason}, and the server asks to wait {later.wait:.0f} s"
            hint = "try again later"
        return HttpError(url, reason, hint, status=reply.status)
