"""Send one request and read its answer: completely, and within limits."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping
from enum import Enum

import httpx
from msgspec import Struct

from fluxbump.system.allowed_servers import AllowedServers, server_of
from fluxbump.system.http.failure import HttpError
from fluxbump.system.secret import Secret

Progress = Callable[[int, int | None], None]
"""A function that gets the bytes received so far, and the total; None if it is not known."""

FORM = "application/x-www-form-urlencoded"

_NOTHING = Secret("")
_MAX_REDIRECTS = 5
_REDIRECTS = (301, 302, 307, 308)


class Redirects(Enum):
    """How a request treats redirects."""

    FOLLOWED = "followed"
    """Follow by RFC 9110, 15.4, without `Authorization` to other servers, and never from https."""
    SAME_SERVER = "same server"
    """Send the same request again, at the same scheme, host and port."""
    ANSWER = "answer"
    """Return the redirect as the answer."""


class HttpRequest(Struct, frozen=True):
    """A request to a server.

    Attributes:
        url: an http or https URL; a user and a password in it are sent as `Authorization`.
        limit: the largest body that is accepted, in bytes, after decompression.
        accept: the accepted media types.
        authorization: the value of the header `Authorization`; empty for none.
        method: the HTTP method.
        body: the body to send; empty for none.
        media_type: the media type of the body.
        headers: further headers.
        redirects: how redirects are treated.
        gzip: whether the answer may be compressed. If not, its bytes are kept as sent, for digests
            and for archives that servers label as compressed text.
        errors: whether the body is read even if the status is not 200.
        repeatable: whether the request has the same effect if it is sent twice.
    """

    url: str
    limit: int
    accept: str = "*/*"
    authorization: Secret = _NOTHING
    method: str = "GET"
    body: Secret = _NOTHING
    media_type: str = FORM
    headers: Mapping[str, str] = {}
    redirects: Redirects = Redirects.FOLLOWED
    gzip: bool = False
    errors: bool = False
    repeatable: bool = True


class HttpReply(Struct, frozen=True):
    """The answer of a server.

    Attributes:
        status: the HTTP status.
        headers: the headers, with names in lower case.
        body: the complete, decompressed body; empty if the status is not 200, unless the request
            has `errors`.
        elsewhere: whether the answer comes from another server after a redirect.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    elsewhere: bool = False


class Bounds(Struct, frozen=True):
    """The limits of one exchange.

    Attributes:
        url: the URL for messages.
        limit: the largest body, in bytes.
        deadline: the time of the clock at which the answer must be complete.
        clock: returns the seconds of a monotonic clock.
        progress: called while the body is received; None to report nothing.
        servers: the servers that may be asked; None for all.
    """

    url: str
    limit: int
    deadline: float
    clock: Callable[[], float]
    progress: Progress | None = None
    servers: AllowedServers | None = None

    def check(self, size: int, total: int | None) -> None:
        """Check the limits after `size` bytes of `total`, and report the progress.

        Raises:
            HttpError: the body is too large.
            httpx.ReadTimeout: the deadline is over.
        """
        if size > self.limit:
            raise too_large(self.url, self.limit)
        if self.clock() > self.deadline:
            raise httpx.ReadTimeout("no answer before the deadline")
        if self.progress:
            self.progress(size, total)


class CutError(Exception):
    """A compressed body ends too early; another attempt may get the whole body."""


def exchange(client: httpx.Client, request: HttpRequest, bounds: Bounds) -> HttpReply:
    """Send a request once, and return the answer.

    Raises:
        HttpError: the answer is too large, or the request or a redirect goes to a place that is not
            allowed.
        CutError: the answer is not complete.
        httpx.TransportError: there is no answer.
    """
    first = _built(client, request)
    _require_allowed(first.url, bounds)
    response = _followed(client, first, request, bounds)
    try:
        status = response.status_code
        wanted = request.method != "HEAD" and (request.errors or status == httpx.codes.OK)
        body = b"".join(_body(response, bounds, gzip=request.gzip)) if wanted else b""
        said = {name.lower(): text for name, text in response.headers.items()}
        return HttpReply(status, said, body, response.url.netloc != first.url.netloc)
    finally:
        response.close()


def _built(client: httpx.Client, request: HttpRequest) -> httpx.Request:
    encoding = "gzip" if request.gzip else "identity"
    headers = {"accept": request.accept, "accept-encoding": encoding, **request.headers}
    if request.authorization:
        headers["authorization"] = request.authorization.reveal()
    if request.body:
        headers["content-type"] = request.media_type
    content = request.body.reveal().encode() if request.body else None
    return client.build_request(request.method, request.url, headers=headers, content=content)


def _followed(
    client: httpx.Client, hop: httpx.Request, request: HttpRequest, bounds: Bounds
) -> httpx.Response:
    for _ in range(_MAX_REDIRECTS + 1):
        response = client.send(hop, stream=True)
        following = _next(client, hop, response, request.redirects)
        if following is None:
            return response
        response.close()
        _refuse_redirect(hop.url, following.url, request.redirects, bounds.url)
        _require_allowed(following.url, bounds, redirected=True)
        hop = following
    raise HttpError(bounds.url, f"it redirects more than {_MAX_REDIRECTS} times")


def _next(
    client: httpx.Client, hop: httpx.Request, response: httpx.Response, redirects: Redirects
) -> httpx.Request | None:
    """Return the request that a redirect asks for; None if there is none to follow."""
    if redirects is Redirects.FOLLOWED:
        return response.next_request
    location = response.headers.get("location")
    if redirects is Redirects.ANSWER or response.status_code not in _REDIRECTS or not location:
        return None
    # RFC 9110 would make a GET of a POST, which a forge that was renamed does not mean.
    headers = {name: hop.headers[name] for name in hop.headers if name != "host"}
    target = hop.url.join(location)
    return client.build_request(hop.method, target, headers=headers, content=hop.content)


def _refuse_redirect(here: httpx.URL, target: httpx.URL, redirects: Redirects, url: str) -> None:
    if redirects is Redirects.SAME_SERVER and not same_server(here, target):
        raise HttpError(url, "redirects to another server", "give the URL that it should lead to")
    if target.scheme not in ("https", here.scheme):
        reason = f"it redirects from {here.scheme} to {target.scheme}"
        raise HttpError(url, reason, "give the URL that it should lead to")


def _require_allowed(target: httpx.URL, bounds: Bounds, *, redirected: bool = False) -> None:
    """Refuse a request to a server that the operator does not allow."""
    server = server_of(str(target))
    if bounds.servers is None or bounds.servers.allows(server):
        return
    reason = f"{server} is not an allowed server"
    if redirected:
        reason = f"it redirects to {server}, which is not an allowed server"
    raise HttpError(bounds.url, reason, f"allow it with --allow-host {server}")


def read_url(text: str, base: httpx.URL | None = None) -> httpx.URL | None:
    """Parse a URL with a valid host; None if `text` is not such a URL.

    An invalid URL must not be shown, because it may have a part of a password.

    Args:
        text: the URL, or a relative reference.
        base: the URL that a reference is relative to.
    """
    try:
        url = base.join(text) if base else httpx.URL(text)
        host = url.host  # reading it decodes it
    except (httpx.InvalidURL, UnicodeError):
        return None
    return url if host else None


def same_server(left: httpx.URL, right: httpx.URL) -> bool:
    """Whether two URLs have the same server, so that a token for one may go to the other."""
    return (left.scheme, left.host, left.port) == (right.scheme, right.host, right.port)


def _body(response: httpx.Response, bounds: Bounds, *, gzip: bool) -> Iterator[bytes]:
    """Yield a decompressed body from the network, within its limits."""
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    packed = gzip and encoding in ("gzip", "x-gzip")
    if gzip and not packed and encoding not in ("identity", ""):
        raise HttpError(bounds.url, "its body is compressed in a way that was not asked for")
    length = response.headers.get("content-length", "")
    total = int(length) if length.isdecimal() and not packed else None
    if total and total > bounds.limit:
        raise too_large(bounds.url, bounds.limit)
    bounds.check(0, total)
    size = 0
    chunks = response.iter_raw()
    for data in _inflated(chunks, bounds.url) if packed else chunks:
        size += len(data)
        bounds.check(size, total)
        yield data


def _inflated(chunks: Iterator[bytes], url: str) -> Iterator[bytes]:
    # Piece by piece: one small chunk can unfold to a thousand times its size.
    inflate = zlib.decompressobj(wbits=31)
    try:
        for chunk in chunks:
            data = chunk
            while data and not inflate.eof:
                yield inflate.decompress(data, 1 << 16)
                data = inflate.unconsumed_tail
    except zlib.error:
        raise HttpError(url, "its body is not valid gzip") from None
    if not inflate.eof:
        raise CutError


def too_large(url: str, limit: int) -> HttpError:
    """Return the error for a body of more than `limit` bytes."""
    return HttpError(url, f"larger than {limit / (1 << 20):g} MiB")


def too_late(url: str) -> HttpError:
    """Return the error for an answer that was not complete at the deadline."""
    return HttpError(url, "it takes too long", "try again later", silent=True)
