"""Which servers an exchange may lead to, where the operator limits them. Pure."""

from __future__ import annotations

from urllib.parse import urlsplit

from msgspec import Struct

_PORTS = {"https": 443, "http": 80, "oci": 443, "ssh": 22}

INVALID = "an invalid URL"
"""What stands for the server of such a one."""


class AllowedServers(Struct, frozen=True):
    """The servers that an exchange may lead to, redirects included.

    Attributes:
        names: `HOST` for the usual port of a scheme, `HOST:PORT` for another; lower case.
        domains: all hosts below them are allowed at their usual ports; lower case, no dot before.
    """

    names: frozenset[str] = frozenset()
    domains: tuple[str, ...] = ()

    def allows(self, server: str) -> bool:
        """Tell whether a server is allowed, as `server_of` spells it."""
        return server in self.names or any(server.endswith(f".{domain}") for domain in self.domains)


def server_of(url: str) -> str:
    """Return the host of a URL in lower case, with its port unless that is the usual one."""
    try:
        parts = urlsplit(url)
        port = parts.port  # reading it validates it
    except ValueError:
        return INVALID
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    return host if port in (None, _PORTS.get(parts.scheme)) else f"{host}:{port}"
