"""Make the `Authorization` header for a forge, and check where it may be sent."""

from __future__ import annotations

import base64
from collections.abc import Collection

import httpx
from msgspec import Struct

from fluxbump.errors import ForgeError
from fluxbump.forges.responses import one_line
from fluxbump.system import token_transport
from fluxbump.system.http.exchange import read_url
from fluxbump.system.secret import Secret, masked


class Auth(Struct, frozen=True):
    """The header `Authorization`, made with `bearer` or `basic`.

    Attributes:
        value: the whole value of the header.
        token: the token in it, to be masked in messages.

    Raises:
        ForgeError: the token is empty, or has characters that a header cannot have.
    """

    value: Secret
    token: Secret

    def __post_init__(self) -> None:
        if not self.token:
            raise ForgeError("the token is empty", hint="give one, for example in FLUXBUMP_TOKEN")
        value = self.value.reveal()
        if not (value.isascii() and value.isprintable() and value == value.strip()):
            raise ForgeError(
                "the token has characters that no token has",
                hint="look for a line break, a blank or a quote that came with it",
            )

    def hide(self, text: str) -> str:
        """Return `text` with the token masked, also in its encoding in the header."""
        return masked(text, (self.token.reveal(), self.value.reveal().rpartition(" ")[2]))


def bearer(token: Secret, *, scheme: str = "Bearer") -> Auth:
    """Return `Authorization: Bearer TOKEN` (RFC 6750), or with another word for `Bearer`."""
    return Auth(Secret(f"{scheme} {token.reveal()}"), token)


def basic(username: str, password: Secret) -> Auth:
    """Return `Authorization: Basic …` (RFC 7617)."""
    pair = base64.b64encode(f"{username}:{password.reveal()}".encode()).decode()
    return Auth(Secret(f"Basic {pair}"), password)


def checked_base(forge: str, address: str, allow_http: Collection[str] = ()) -> httpx.URL:
    """Return the URL of a REST API, if a token may be sent there.

    Args:
        forge: the forge's name for messages.
        address: an https URL, or an http URL of this machine.
        allow_http: further hosts that may have an http URL.

    Raises:
        ForgeError: the URL is not valid, or a token may not be sent there.
    """
    url = read_url(address)
    if url is None or url.scheme not in ("https", "http"):
        raise ForgeError(f"{forge}: its URL is not a valid https URL", hint="see run.forge_url")
    if not token_transport.is_safe(str(url), allow_http):
        name = one_line(url.netloc.decode("ascii", "replace"))
        raise ForgeError(
            f"{forge}: fluxbump sends no token over http to {name}",
            hint=f"use https, or --allow-http {name} if you trust the network",
        )
    return url.copy_with(userinfo=b"", query=None, fragment=None)
