"""One request and its answer as values, for what is not kept under its URL: a registry's API."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import httpx
from msgspec import Struct

from fluxbump.system.http.transport import Body, Bounds, followed, temporary
from fluxbump.system.secret import Secret

_NOTHING = Secret("")


class HttpRequest(Struct, frozen=True):
    """What is asked of a server.

    Attributes:
        url: http or https, without a user.
        limit: the largest body that is accepted, in bytes, after decompression.
        accept: media types.
        authorization: the header of that name, empty for none. It is not sent on when a redirect
            leads to another server.
        method: `GET`, `HEAD` or `POST`.
        form: what a `POST` sends, as `application/x-www-form-urlencoded`.
        follow: whether a redirect is followed; if not, it is the answer.
    """

    url: str
    limit: int
    accept: str = "*/*"
    authorization: Secret = _NOTHING
    method: str = "GET"
    form: Secret = _NOTHING
    follow: bool = True


class HttpReply(Struct, frozen=True):
    """What a server answered.

    Attributes:
        status: of HTTP; never 429 or 5xx.
        headers: names in lower case.
        body: whole, if the status is 200; otherwise empty, because it is not read.
        elsewhere: the server is not the one that was asked, but one that it redirected to.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    elsewhere: bool = False


def exchange(
    client: httpx.Client, request: HttpRequest, bounds: Bounds, now: Callable[[], float]
) -> HttpReply:
    """Ask once.

    Raises:
        IndexSourceError: the answer is too large, takes too long, or redirects where it may not.
        TemporaryError: the server cannot answer now.
        httpx.TransportError: there is no answer.
    """
    # Blobs are compressed already, and the bytes that a digest is of are those that are sent.
    headers = {"accept": request.accept, "accept-encoding": "identity"}
    if request.authorization:
        headers["authorization"] = request.authorization.reveal()
    if request.form:
        headers["content-type"] = "application/x-www-form-urlencoded"
    hop = client.build_request(
        request.method,
        bounds.address,
        headers=headers,
        content=request.form.reveal() or None,
    )
    response = (
        followed(client, hop, bounds.address) if request.follow else client.send(hop, stream=True)
    )
    try:
        later = temporary(response, bounds.address, now)
        if later is not None:
            raise later
        status = response.status_code
        has_body = status == httpx.codes.OK and request.method != "HEAD"
        body = b"".join(Body(response, bounds, packed=True)) if has_body else b""
        said = {name.lower(): text for name, text in response.headers.items()}
        elsewhere = response.url.netloc != bounds.address.netloc
        return HttpReply(status, said, body, elsewhere)
    finally:
        response.close()
