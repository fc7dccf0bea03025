"""Who we are for a forge, and where that may be sent."""

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
    """The header `Authorization`, which says who we are. Make one with `bearer` or `basic`.

    Attributes:
        value: all of its value.
        token: that is in it, to be kept out of what is shown.

    Raises:
        ForgeError: a header cannot hold it.
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
        """Return `text` without the token, and without what the header makes of it."""
        return masked(text, (self.token.reveal(), self.value.reveal().rpartition(" ")[2]))


def bearer(token: Secret, *, scheme: str = "Bearer") -> Auth:
    """Return `Authorization: Bearer TOKEN` (RFC 6750), or with another word for `Bearer`."""
    return Auth(Secret(f"{scheme} {token.reveal()}"), token)


def basic(username: str, password: Secret) -> Auth:
    """Return `Authorization: Basic …` (RFC 7617)."""
    pair = base64.b64encode(f"{username}:{password.reveal()}".encode()).decode()
    return Auth(Secret(f"Basic {pair}"), password)


def checked_base(forge: str, address: str, allow_http: Collection[str] = ()) -> httpx.URL:
    """Return the address of a REST interface, when a token may be sent there.

    Args:
        forge: its name, for people.
        address: https, or http on the loopback interface.
        allow_http: other hosts whose address may be http.

    Raises:
        ForgeError: a token may not be sent there.
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
