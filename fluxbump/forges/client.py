"""A small REST client for forges: bounded, patient, and careful with the token."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypedDict, TypeVar
from urllib.parse import quote

import httpx
from msgspec import json

from fluxbump.errors import ForgeError
from fluxbump.forges.authorization import Auth, checked_base
from fluxbump.forges.responses import (
    Answer,
    StatusError,
    UncertainError,
    by_link,
    clock_time,
    one_line,
)
from fluxbump.system.http.client import HttpClient
from fluxbump.system.http.exchange import HttpReply, HttpRequest, Redirects, read_url, same_server
from fluxbump.system.http.failure import HttpError
from fluxbump.system.http.retries import Later, Patience
from fluxbump.system.secret import Secret

T = TypeVar("T")

PATIENCE = Patience(total=90.0, longest=60.0)
LARGEST = 16 << 20
"""The largest answer in bytes; a page of 100 pull requests has about 3 MB."""
MOST_PAGES = 50

_REPEATABLE = ("GET", "HEAD", "PUT", "DELETE")  # RFC 9110, 9.2.2
_THEN = "try again then"
_HINTS = {
    401: "give another token, for example in FLUXBUMP_TOKEN",
    403: "the token lacks the permission for this",
    404: "the repository does not exist, or the token cannot read it",
    409: "it changed at the same time: run fluxbump again",
    429: "try again later",
}

Advice = Callable[[Answer], str | None]
"""A function that returns what the user can do about a refusal; None for the usual hint."""
Following = Callable[[Answer], str | None]
"""A function that returns the URL of the page after an answer; None after the last page."""


class Transport(TypedDict, total=False):
    """The settings by which an adapter reaches its forge.

    Attributes:
        patience: how long to wait, and how often to try.
        clock: returns the seconds of a monotonic clock.
        now: returns the time in seconds since the epoch.
        sleep: waits for a number of seconds.
        allow_http: hosts whose address may be http.
    """

    patience: Patience
    clock: Callable[[], float]
    now: Callable[[], float]
    sleep: Callable[[float], None]
    allow_http: Collection[str]


def path(*segments: str | int) -> str:
    """Return a path of these segments, each escaped, because a name can have a slash."""
    return "".join(f"/{quote(str(segment), safe='')}" for segment in segments)


@dataclass(frozen=True, slots=True)
class _Call:
    method: str
    url: httpx.URL
    body: Mapping[str, object] | None
    repeatable: bool


@dataclass(eq=False)
class Client:
    """A client for the REST API of one forge.

    Attributes:
        forge: the forge's name for messages.
        base: the URL of the REST API: https, or http on this machine.
        auth: the authorization; None for requests without one.
        headers: headers to send with each request.
        advise: returns what the user can do about a refusal.
        patience: how long to wait, and how often to try.
        clock: returns the seconds of a monotonic clock.
        now: returns the time in seconds since the epoch.
        sleep: waits for a number of seconds.
        allow_http: hosts other than this machine whose URL may be http.

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
    allow_http: Collection[str] = ()

    def __post_init__(self) -> None:
        self.base = str(checked_base(self.forge, self.base, self.allow_http)).rstrip("/")

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
        """Send a request, and return the answer if its status is a success (2xx).

        Args:
            method: the HTTP method.
            where: a path below `base`, made by `path`, or a whole URL of the same server.
            query: the parameters of the URL.
            body: the value to send as JSON.
            repeatable: whether the request has the same effect if it is sent twice, so that it can
                be retried; None to decide by the method.

        Raises:
            StatusError: the forge refuses the request.
            UncertainError: the forge may have carried out the request.
            ForgeError: the forge cannot be reached, or its answer is not valid.
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
        """Yield the pages of a listing, each as a value of `shape`.

        Args:
            where: the path or URL of the listing, as for `send`.
            shape: the type of a page for msgspec, such as a list of records.
            query: the parameters of the first page.
            following: finds the next page; by default in the `Link` header.
            most: the most pages to read.

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
            hint="close pull requests that are no longer needed",
        )

    def close(self) -> None:
        """Close the connections; they are also closed when the client is garbage-collected."""
        if "_http" in self.__dict__:
            self._http.close()

    @cached_property
    def _http(self) -> HttpClient:
        return HttpClient(self.patience, clock=self.clock, sleep=self.sleep)

    def _url(self, where: str) -> httpx.URL:
        if where.startswith("/"):
            return httpx.URL(self.base + where)
        url = httpx.URL(where)
        if not same_server(url, httpx.URL(self.base)):
            raise ForgeError(f"{self.forge}: a URL of another server")
        return url

    def _page(self, answer: Answer, address: str) -> str:
        """Return the URL of the next page, which must be on the same server."""
        url = read_url(address, answer.url)
        if url is None or url.host != answer.url.host:
            raise ForgeError(f"{answer.about}: its next page is on another server")
        # Behind a proxy that ends TLS, a server often does not know its own scheme and port.
        ours = answer.url
        return str(url.copy_with(scheme=ours.scheme, netloc=ours.netloc, fragment=None))

    def _exchanged(self, call: _Call) -> Answer:
        request = HttpRequest(
            str(call.url),
            LARGEST,
            accept="application/json",
            authorization=self.auth.value if self.auth else Secret(""),
            method=call.method,
            body=Secret(json.encode(call.body).decode() if call.body is not None else ""),
            media_type="application/json",
            headers=self.headers,
            redirects=Redirects.SAME_SERVER,
            gzip=True,
            errors=True,
            repeatable=call.repeatable,
        )
        try:
            reply = self._http.ask(request, judge=lambda reply: self._later(self._of(call, reply)))
        except HttpError as error:
            raise self._unreachable(call, error) from None
        answer = self._of(call, reply)
        if httpx.codes.is_success(answer.status):
            return answer
        raise self._refusal(call, answer)

    def _of(self, call: _Call, reply: HttpReply) -> Answer:
        address = call.url.copy_with(userinfo=b"")
        headers = httpx.Headers(dict(reply.headers), encoding="utf-8")  # any bytes may come
        return Answer(
            self.forge, call.method, address, reply.status, headers, reply.body, self._hidden
        )

    def _later(self, answer: Answer) -> Later | None:
        """Return when another attempt may get a better answer; None if it cannot."""
        status, wait = answer.status, answer.wait(self.now())
        if status >= httpx.codes.INTERNAL_SERVER_ERROR:
            untouched = status == httpx.codes.SERVICE_UNAVAILABLE and wait is not None
            return Later(wait, untouched=untouched)
        limited = status == httpx.codes.TOO_MANY_REQUESTS or wait is not None
        return Later(wait, untouched=True) if limited else None

    def _refusal(self, call: _Call, answer: Answer) -> ForgeError:
        """Return the error for an answer whose status is not a success."""
        said = answer.said()
        about = f"{answer.about}: HTTP {answer.status}{': ' if said else ''}{said}"
        later = self._later(answer)
        if later is not None and not (call.repeatable or later.untouched):
            return _uncertain(about)
        if later is not None and later.wait is not None:
            when = clock_time(self.now() + later.wait)
            return ForgeError(about, facts=[f"the forge asks to wait until {when}"], hint=_THEN)
        hint = self.advise(answer) or _HINTS.get(answer.status)
        return StatusError(about, status=answer.status, said=said, hint=hint)

    def _unreachable(self, call: _Call, error: HttpError) -> ForgeError:
        """Return the error for a request without a usable answer."""
        if not error.url:
            return ForgeError(f"{self.forge}: {error.reason}", hint=error.hint)
        where = call.url.copy_with(userinfo=b"", query=None, fragment=None)
        text = f"{self.forge}: {call.method} {where}: {error.reason}"
        about = self._hidden(one_line(text))
        return _uncertain(about) if error.uncertain else ForgeError(about, hint=error.hint)

    def _hidden(self, text: str) -> str:
        return self.auth.hide(text) if self.auth else text


def _uncertain(about: str) -> UncertainError:
    return UncertainError(
        about,
        facts=["fluxbump does not know whether the forge did it"],
        hint="check the pull requests on the forge, and run fluxbump again",
    )
