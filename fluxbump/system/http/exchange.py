"""One request and its answer as values, and how the answer is read: bounded, and whole."""

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
"""Called with the bytes received so far, and their total when the server says."""

FORM = "application/x-www-form-urlencoded"

_NOTHING = Secret("")
_MAX_REDIRECTS = 5
_REDIRECTS = (301, 302, 307, 308)


class Redirects(Enum):
    """What a redirect does."""

    FOLLOWED = "followed"
    """By RFC 9110, 15.4; `Authorization` stays behind at another server, and https is not left."""
    SAME_SERVER = "same server"
    """The request is made again as it was, at the same scheme, host and port."""
    ANSWER = "answer"
    """It is the answer."""


class HttpRequest(Struct, frozen=True):
    """What is asked of a server.

    Attributes:
        url: http or https; a user and a password in it are sent as `Authorization`.
        limit: the largest body that is accepted, in bytes, after decompression.
        accept: media types.
        authorization: the header of that name, empty for none.
        method: of HTTP.
        body: what is sent.
        media_type: of the body.
        headers: further ones.
        redirects: what becomes of them.
        gzip: the answer may be compressed. If not, its bytes are taken as they are sent: those
            that a digest is of, and those of archives that servers label as compressed text.
        errors: the body of an answer is read if its status is not 200 too.
        repeatable: to do it twice is to do it once.
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
    """What a server answered.

    Attributes:
        status: of HTTP.
        headers: names in lower case.
        body: whole and decompressed, if the status is 200 or the request asked for it; else empty.
        elsewhere: the server is not the one that was asked, but one that it redirected to.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    elsewhere: bool = False


class Bounds(Struct, frozen=True):
    """What one answer may cost.

    Attributes:
        url: for messages.
        limit: bytes of its body.
        deadline: moment of the clock by which it is there.
        clock: seconds on a monotonic clock.
        progress: hears how far it is.
        servers: that may be asked; None for all.
    """

    url: str
    limit: int
    deadline: float
    clock: Callable[[], float]
    progress: Progress | None = None
    servers: AllowedServers | None = None

    def check(self, size: int, total: int | None) -> None:
        """Report `size` bytes received of `total`.

        Raises:
            HttpError: that is too many.
            httpx.ReadTimeout: it took too long.
        """
        if size > self.limit:
            raise too_large(self.url, self.limit)
        if self.clock() > self.deadline:
            raise httpx.ReadTimeout("no answer before the deadline")
        if self.progress:
            self.progress(size, total)


class CutError(Exception):
    """A compressed body ends too early: another attempt may bring all of it."""


def exchange(client: httpx.Client, request: HttpRequest, bounds: Bounds) -> HttpReply:
    """Ask once.

    Raises:
        HttpError: the answer is too large, or the request or a redirect leads where it may not.
        CutError: the answer is not whole.
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
    """Refuse to ask a server that the operator does not allow."""
    server = server_of(str(target))
    if bounds.servers is None or bounds.servers.allows(server):
        return
    reason = f"{server} is not an allowed server"
    if redirected:
        reason = f"it redirects to {server}, which is not an allowed server"
    raise HttpError(bounds.url, reason, f"allow it with --allow-host {server}")


def read_url(text: str, base: httpx.URL | None = None) -> httpx.URL | None:
    """Return a URL with a host that can be decoded; None if it is none.

    It is not shown: what makes it invalid may be a piece of a password.

    Args:
        text: the URL, or a reference to one.
        base: where the reference stands.
    """
    try:
        url = base.join(text) if base else httpx.URL(text)
        host = url.host  # reading it decodes it
    except (httpx.InvalidURL, UnicodeError):
        return None
    return url if host else None


def same_server(left: httpx.URL, right: httpx.URL) -> bool:
    """Tell whether a token for one URL may go to the other."""
    return (left.scheme, left.host, left.port) == (right.scheme, right.host, right.port)


def _body(response: httpx.Response, bounds: Bounds, *, gzip: bool) -> Iterator[bytes]:
    """Yield a body from the network, decompressed, within its bounds."""
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
    """Return the error for what was not there at its deadline."""
    return HttpError(url, "it takes too long", "try again later", silent=True)
