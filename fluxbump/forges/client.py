"""A small REST client for forges: bounded, patient, and careful with the token."""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NoReturn, Protocol, TypedDict, TypeVar, Unpack
from urllib.parse import quote

import httpx

from fluxbump.errors import ForgeError, IndexSourceError
from fluxbump.forges.authorization import Auth, checked_base, same_server
from fluxbump.forges.forge import Forge
from fluxbump.forges.responses import (
    Answer,
    StatusError,
    UncertainError,
    by_link,
    clock_time,
    one_line,
)
from fluxbump.system.http.retries import Patience, explain, open_client
from fluxbump.system.http.transport import Body, Bounds, TemporaryError
from fluxbump.system.secret import Secret

T = TypeVar("T")

PATIENCE = Patience(total=90.0, longest=60.0)
LARGEST = 16 << 20
"""Bytes that an answer may have: a page of 100 pull requests has 3 MB or so."""
MOST_PAGES = 50

_MAX_REDIRECTS = 5
_REDIRECTS = (301, 302, 307, 308)
_REPEATABLE = ("GET", "HEAD", "PUT", "DELETE")  # RFC 9110, 9.2.2
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
_HINTS = {
    401: "the token is wrong, expired or revoked: give another, for example in FLUXBUMP_TOKEN",
    403: "the token has not the right to do this",
    404: "there is no such repository, or the token may not see it",
    409: "somebody changed it at the same time: run again",
    429: "try again later",
}

Advice = Callable[[Answer], str | None]
"""Says what to do about a refusal; None for the usual."""
Following = Callable[[Answer], str | None]
"""Returns the address of the page after an answer, or None."""


class Transport(TypedDict, total=False):
    """How an adapter reaches its forge; all of it has defaults.

    Attributes:
        patience: how long to wait, and how often to try.
        clock: seconds on a monotonic clock.
        now: seconds since the epoch.
        sleep: waits for so many seconds.
    """

    patience: Patience
    clock: Callable[[], float]
    now: Callable[[], float]
    sleep: Callable[[float], None]


class Leaf(Protocol):
    """An adapter: a module with these two."""

    NAME: str
    """Of the kind of forge, one of `remotes.KINDS`."""

    def connect(
        self,
        api_base: str,
        repository: str,
        secret: Secret,
        account: str = "",
        **transport: Unpack[Transport],
    ) -> Forge:
        """Return the adapter for a repository; nothing is asked yet.

        Args:
            api_base: address of the REST interface.
            repository: its path on the forge, as `remotes.Hosted` has it.
            secret: the token.
            account: whose it is, where the two belong together; empty where it is not known.
            transport: how to reach the forge.

        Raises:
            ForgeError: there is no such repository by its form, or no token can be sent there.
        """
        ...


def path(*segments: str | int) -> str:
    """Return a path of these segments, each escaped: a name may hold a slash."""
    return "".join(f"/{quote(str(segment), safe='')}" for segment in segments)


@dataclass(frozen=True, slots=True)
class _Call:
    method: str
    url: httpx.URL
    body: Mapping[str, object] | None
    repeatable: bool


class _PassingError(Exception):
    """A failure that may pass: what to say when it does not.

    Args:
        final: what to say.
        wait: seconds, when the server says so.
        untouched: the server has done nothing, so any request can be repeated.
    """

    def __init__(self, final: ForgeError, wait: float | None = None, *, untouched: bool) -> None:
        super().__init__(str(final))
        self.final = final
        self.wait = wait
        self.untouched = untouched


@dataclass(eq=False)
class Client:
    """Talks to the REST interface of one forge.

    Attributes:
        forge: its name, for people.
        base: address of the interface: https, or http on the loopback interface.
        auth: who we are; None for nobody.
        headers: to send with each request.
        advise: what to do about a refusal.
        patience: how long to wait, and how often to try.
        clock: seconds on a monotonic clock.
        now: seconds since the epoch.
        sleep: waits for so many seconds.

    Raises:
        ForgeError: a token cannot be sent to `base`.
    """

    forge: str
    base: str
    auth: Auth | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    advise: Advice = lambda _: None
    patience: Patience = PATIENCE
    clock: Callable[[], float] = time.monotonic
    now: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep

    def __post_init__(self) -> None:
        self.base = str(checked_base(self.forge, self.base)).rstrip("/")

    def get(self, where: str, *, query: Mapping[str, str | int] | None = None) -> Answer:
        """Send a GET; see `send`."""
        return self.send("GET", where, query=query)

    def send(
        self,
        method: str,
        where: str,
        *,
        query: Mapping[str, str | int] | None = None,
        body: Mapping[str, object] | None = None,
        repeatable: bool | None = None,
    ) -> Answer:
        """Send a request and return the answer, when it is one of success (2xx).

        Args:
            method: of HTTP.
            where: a path below `base`, made by `path`; or a whole URL of the same server.
            query: its parameters.
            body: sent as JSON.
            repeatable: to do it twice is to do it once, so it can be tried again after it may have
                been carried out; None when the method says so.

        Raises:
            StatusError: the forge refuses it.
            UncertainError: it may have been carried out or not.
            ForgeError: the forge cannot be reached, or answers what it should not.
        """
        url = self._url(where)
        if query:
            url = url.copy_merge_params(query)
        repeat = method in _REPEATABLE if repeatable is None else repeatable
        return self._exchanged(_Call(method, url, body, repeat))

    def pages(
        self,
        where: str,
        shape: type[T],
        *,
        query: Mapping[str, str | int] | None = None,
        following: Following = by_link,
        most: int = MOST_PAGES,
    ) -> Iterator[T]:
        """Yield what the pages of a listing hold, each as a value of `shape`.

        Args:
            where: as for `send`.
            shape: a type that pydantic knows, such as a list of models.
            query: of the first page.
            following: finds the next page; `Link` headers by default.
            most: pages that are read.

        Raises:
            ForgeError: as `send`, or there are more pages than `most`.
        """
        answer = self.get(where, query=query)
        for _ in range(most):
            yield answer.read(shape)
            address = following(answer)
            if address is None:
                return
            answer = self.get(self._page(answer, address))
        raise ForgeError(
            f"{answer.about}: more than {most} pages",
            hint="close pull requests that nobody needs",
        )

    def close(self) -> None:
        """Close the connections; they are also closed when nothing refers to the client."""
        if "_http" in self.__dict__:
            self._http.close()

    @cached_property
    def _http(self) -> httpx.Client:
        client = open_client(self.patience, ForgeError, accept="application/json")
        weakref.finalize(self, client.close)
        return client

    def _url(self, where: str) -> httpx.URL:
        if where.startswith("/"):
            return httpx.URL(self.base + where)
        url = httpx.URL(where)
        if not same_server(url, httpx.URL(self.base)):
            raise ForgeError(f"{self.forge}: an address of another server")
        return url

    def _page(self, answer: Answer, address: str) -> str:
        """Return the address of a next page on our server."""
        try:
            url = answer.url.join(address)
        except (httpx.InvalidURL, UnicodeError):
            url = httpx.URL("")
        if url.host != answer.url.host:
            raise ForgeError(f"{answer.about}: its next page is on another server")
        # Behind a proxy that ends TLS, a server often does not know its own scheme and port.
        ours = answer.url
        return str(url.copy_with(scheme=ours.scheme, netloc=ours.netloc, fragment=None))

    def _exchanged(self, call: _Call) -> Answer:
        deadline = self.clock() + self.patience.total
        attempt = 1
        while True:
            try:
                return self._attempt(call, deadline)
            except _PassingError as failure:
                if not (call.repeatable or failure.untouched):
                    raise UncertainError(
                        f"{failure.final.message}; it is not known whether it was done",
                        hint="see what the forge has now, and run again",
                    ) from None
                pause = self._pause(failure, attempt, deadline)
            self.sleep(pause)
            attempt += 1

    def _pause(self, failure: _PassingError, attempt: int, deadline: float) -> float:
        """Return the seconds before the next attempt.

        Raises:
            ForgeError: there is none.
        """
        wait = failure.wait or 0.0
        pause = max(wait, self.patience.before(attempt))
        last = attempt >= self.patience.attempts
        if not last and wait <= self.patience.longest and self.clock() + pause <= deadline:
            return pause
        if failure.wait is None:
            raise failure.final from None
        when = clock_time(self.now() + wait)
        message = f"{failure.final.message}; it asks to wait until {when}"
        raise ForgeError(message, hint="try again then") from None

    def _attempt(self, call: _Call, deadline: float) -> Answer:
        try:
            return self._judged(self._followed(call), call, deadline)
        except httpx.TransportError as error:
            raise self._unreachable(call, error) from None
        except (httpx.InvalidURL, UnicodeError):
            reason = "it redirects to something that is not a URL"
            raise ForgeError(f"{self._about(call)}: {reason}") from None

    def _followed(self, call: _Call) -> httpx.Response:
        url = call.url
        for _ in range(_MAX_REDIRECTS + 1):
            response = self._http.send(self._request(call, url), stream=True)
            location = response.headers.get("location")
            if response.status_code not in _REDIRECTS or not location:
                return response
            response.close()
            url = url.join(location)
            if not same_server(url, call.url):
                raise ForgeError(
                    f"{self._about(call)}: redirects to another server",
                    hint="give the address that it should lead to as run.forge_url",
                )
        raise ForgeError(f"{self._about(call)}: redirects more than {_MAX_REDIRECTS} times")

    def _request(self, call: _Call, url: httpx.URL) -> httpx.Request:
        headers = {**self.headers, "accept-encoding": "gzip"}
        if self.auth:
            headers[self.auth.header] = self.auth.value.reveal()
        return self._http.build_request(call.method, url, headers=headers, json=call.body)

    def _judged(self, response: httpx.Response, call: _Call, deadline: float) -> Answer:
        try:
            body = self._whole(response, call, deadline)
        finally:
            response.close()
        address = call.url.copy_with(userinfo=b"")
        status, headers = response.status_code, response.headers
        answer = Answer(self.forge, call.method, address, status, headers, body, self._hidden)
        return answer if response.is_success else self._refused(answer)

    def _whole(self, response: httpx.Response, call: _Call, deadline: float) -> bytes:
        bounds = Bounds(call.url, LARGEST, deadline, self.clock, None)
        try:
            return b"".join(Body(response, bounds, packed=False))
        except IndexSourceError as error:
            raise ForgeError(f"{self.forge}: {error.message}", hint=error.hint) from None
        except TemporaryError as error:
            final = ForgeError(f"{self.forge}: {error.final.message}")
            raise _PassingError(final, untouched=False) from None

    def _refused(self, answer: Answer) -> NoReturn:
        status, wait = answer.status, answer.wait(self.now())
        said = answer.said()
        about = f"{answer.about}: HTTP {status}{': ' if said else ''}{said}"
        hint = self.advise(answer) or _HINTS.get(status)
        final = StatusError(about, status=status, said=said, hint=hint)
        limited = status == httpx.codes.TOO_MANY_REQUESTS or wait is not None
        if limited and status < httpx.codes.INTERNAL_SERVER_ERROR:
            raise _PassingError(final, wait, untouched=True)
        if status >= httpx.codes.INTERNAL_SERVER_ERROR:
            untouched = status == httpx.codes.SERVICE_UNAVAILABLE and wait is not None
            raise _PassingError(final, wait, untouched=untouched)
        raise final

    def _unreachable(self, call: _Call, error: httpx.TransportError) -> Exception:
        failure = explain(error)
        hint = failure.hint or "check the network, the proxy settings and the forge's address"
        reason = self._hidden(one_line(failure.reason))
        final = ForgeError(f"{self._about(call)}: no answer: {reason}", hint=hint)
        if failure.passing:
            return _PassingError(final, untouched=isinstance(error, _NOT_SENT))
        return final

    def _about(self, call: _Call) -> str:
        where = call.url.copy_with(userinfo=b"", query=None, fragment=None)
        return self._hidden(one_line(f"{self.forge}: {call.method} {where}"))

    def _hidden(self, text: str) -> str:
        return self.auth.hide(text) if self.auth else text
