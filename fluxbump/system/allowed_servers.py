"""The servers that requests may go to, if the operator limits them. Pure."""

from __future__ import annotations

from urllib.parse import urlsplit

from msgspec import Struct

_PORTS = {"https": 443, "http": 80, "oci": 443, "ssh": 22}

INVALID = "an invalid URL"
"""The result of `server_of` for a URL that is not valid."""


class AllowedServers(Struct, frozen=True):
    """The servers that requests and redirects may go to.

    Attributes:
        names: allowed servers in lower case: `HOST` for the usual port of a scheme, `HOST:PORT` for
            another port.
        domains: domains in lower case, without a leading dot. All hosts below them are allowed, at
            their usual ports.
    """

    names: frozenset[str] = frozenset()
    domains: tuple[str, ...] = ()

    def allows(self, server: str) -> bool:
        """Whether a server is allowed; `server` is a result of `server_of`."""
        return server in self.names or any(server.endswith(f".{domain}") for domain in self.domains)


def server_of(url: str) -> str:
    """Return the host of a URL in lower case, with the port if it is not the scheme's usual one."""
    try:
        parts = urlsplit(url)
        port = parts.port  # reading it validates it
    except ValueError:
        return INVALID
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    return host if port in (None, _PORTS.get(parts.scheme)) else f"{host}:{port}"
