"""Talking to servers: redirects, bounds and errors. The layer below the cache."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator

import httpx
from msgspec import Struct

from fluxbump.errors import IndexSourceError, NoAnswerError
from fluxbump.system.http.retries import retry_after

Progress = Callable[[int, int | None], None]
"""Called with the bytes received so far, and their total when the server says."""

_MAX_REDIRECTS = 5
_PACKED = (".tgz", ".gz")
_CONDITIONS = (b"if-none-match", b"if-modified-since")
_ABOUT_THE_BODY_AS_SENT = (b"content-encoding", b"content-length", b"transfer-encoding")
_HINTS = {
    401: "put a valid user and password into the URL, as https://USER:PASSWORD@HOST/…",
    403: "put a valid user and password into the URL, as https://USER:PASSWORD@HOST/…",
    404: "check the URL; an index is usually called index.yaml",
    407: "put a valid user and password into the proxy's URL",
}


class TemporaryError(Exception):
    """A failure that may pass: what to say when it does not, and how long to wait if known."""

    def __init__(self, final: IndexSourceError, wait: float | None = None) -> None:
        super().__init__(str(final))
        self.final = final
        self.wait = wait


class Bounds(Struct, frozen=True):
    """What one body may cost."""

    address: httpx.URL
    limit: int
    deadline: float
    clock: Callable[[], float]
    progress: Progress | None

    def check(self, size: int, total: int | None) -> None:
        """Report `size` bytes received of `total`.

        Raises:
            IndexSourceError: that is too many, or it took too long.
        """
        if size > self.limit:
            raise too_large(self.address, self.limit)
        if self.clock() > self.deadline:
            raise failed(self.address, "it takes too long", "try again later", error=NoAnswerError)
        if self.progress:
            self.progress(size, total)


class Origin(httpx.BaseTransport):
    """Answers for one URL with a whole, plain body (200) or with nothing new (304)."""

    def __init__(
        self, client: httpx.Client, address: httpx.URL, bounds: Bounds, now: Callable[[], float]
    ) -> None:
        self._client = client
        self._address = address
        self._bounds = bounds
        self._now = now

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Ask for the URL; of `request`, only the conditions count.

        Raises:
            IndexSourceError: the answer is of no use.
            TemporaryError: it is of no use now.
            httpx.TransportError: there is no answer.
        """
        conditions = [pair for pair in request.headers.raw if pair[0].lower() in _CONDITIONS]
        # Some servers label an archive as compressed text; Helm takes the bytes as they come.
        packed = self._address.path.lower().endswith(_PACKED)
        encoding = (b"accept-encoding", b"identity" if packed else b"gzip")
        hop = self._client.build_request("GET", self._address, headers=[encoding, *conditions])
        response = followed(self._client, hop, self._address)
        if response.status_code == httpx.codes.NOT_MODIFIED and conditions:
            return response
        if response.status_code != httpx.codes.OK:
            response.close()
            raise self._refusal(response)
        body = Body(response, self._bounds, packed=packed)
        headers = [
            pair for pair in response.headers.raw if pair[0].lower() not in _ABOUT_THE_BODY_AS_SENT
        ]
        return httpx.Response(200, headers=headers, stream=body)

    def _refusal(self, response: httpx.Response) -> Exception:
        status = response.status_code
        later = temporary(response, self._address, self._now)
        return later or failed(self._address, f"HTTP {status}", _HINTS.get(status))


def followed(client: httpx.Client, hop: httpx.Request, address: httpx.URL) -> httpx.Response:
    """Send a request and follow redirects; httpx drops `Authorization` at another host.

    Args:
        client: sends it.
        hop: the request.
        address: what an error names.

    Raises:
        IndexSourceError: it redirects from https to something else, or without end.
        httpx.TransportError: there is no answer.
    """
    for _ in range(_MAX_REDIRECTS + 1):
        response = client.send(hop, stream=True)
        following = response.next_request
        if following is None:
            return response
        response.close()
        if following.url.scheme not in ("https", hop.url.scheme):
            reason = f"it redirects from {hop.url.scheme} to {following.url.scheme}"
            raise failed(address, reason, "give the URL that it should lead to")
        hop = following
    raise failed(address, f"it redirects more than {_MAX_REDIRECTS} times")


def temporary(
    response: httpx.Response, address: httpx.URL, now: Callable[[], float]
) -> TemporaryError | None:
    """Return the error of an answer that another attempt may change; None for any other answer."""
    status = response.status_code
    if status != httpx.codes.TOO_MANY_REQUESTS and not response.is_server_error:
        return None
    wait = retry_after(response.headers.get("retry-after", ""), now())
    final = failed(address, f"HTTP {status}", _HINTS.get(status), error=NoAnswerError)
    return TemporaryError(final, wait)


class Body(httpx.SyncByteStream):
    """A body from the network, decompressed, within its bounds."""

    def __init__(self, response: httpx.Response, bounds: Bounds, *, packed: bool) -> None:
        self._response = response
        self._bounds = bounds
        encoding = response.headers.get("content-encoding", "identity").strip().lower()
        self._gzip = encoding in ("gzip", "x-gzip") and not packed
        if not (packed or self._gzip or encoding in ("identity", "")):
            response.close()
            raise failed(bounds.address, "its body is compressed in a way that was not asked for")

    def __iter__(self) -> Iterator[bytes]:
        length = self._response.headers.get("content-length", "")
        total = int(length) if length.isdecimal() and not self._gzip else None
        if total and total > self._bounds.limit:
            raise too_large(self._bounds.address, self._bounds.limit)
        self._bounds.check(0, total)
        chunks = self._response.iter_raw()
        size = 0
        for data in self._inflated(chunks) if self._gzip else chunks:
            size += len(data)
            self._bounds.check(size, total)
            yield data

    def _inflated(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        # Piece by piece: one small chunk can unfold to a thousand times its size.
        inflate = zlib.decompressobj(wbits=31)
        try:
            for chunk in chunks:
                data = chunk
                while data and not inflate.eof:
                    yield inflate.decompress(data, 1 << 16)
                    data = inflate.unconsumed_tail
        except zlib.error:
            raise failed(self._bounds.address, "its body is not valid gzip") from None
        if not inflate.eof:
            raise TemporaryError(failed(self._bounds.address, "its body ends too early"))

    def close(self) -> None:
        """Let go of the connection."""
        self._response.close()


def failed(
    address: httpx.URL,
    reason: str,
    hint: str | None = None,
    *,
    error: type[IndexSourceError] = IndexSourceError,
) -> IndexSourceError:
    """Return the error for a URL that cannot be read."""
    shown = address.copy_with(userinfo=b"", query=None, fragment=None)
    return error(f"cannot read {shown}: {reason}", hint=hint)


def too_large(address: httpx.URL, limit: int) -> IndexSourceError:
    """Return the error for a body of more than `limit` bytes."""
    return failed(address, f"larger than {limit / (1 << 20):g} MiB")
