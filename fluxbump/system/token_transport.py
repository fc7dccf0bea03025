"""Decide whether a token may be sent to a URL: over https, or over http if allowed. Pure.

Callers check before the first call of git and before the first of a forge's REST interface.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Mapping
from urllib.parse import urlsplit

from fluxbump.errors import RefusedError

ALLOW_HTTP = "FLUXBUMP_ALLOW_HTTP"
"""The variable with the hosts, separated by commas, to which a token may be sent over http.

The repository's own file has no key for it: whoever can change that file would read the token.
"""


def http_hosts(environ: Mapping[str, str]) -> frozenset[str]:
    """Return the hosts that the operator allows, each with or without a port."""
    named = environ.get(ALLOW_HTTP, "").split(",")
    return frozenset(host.strip().lower() for host in named if host.strip())


def is_safe(url: str, allowed: Collection[str]) -> bool:
    """Whether a token may be sent to a URL.

    Args:
        url: the URL; the result is True for all schemes but http, and for texts that are not URLs.
        allowed: the hosts that the operator allows, as `http_hosts` returns them.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return True
    if parts.scheme != "http":
        return True
    host = parts.hostname or ""
    return _is_loopback(host) or host in allowed or _name(url) in allowed


def require_safe(url: str, allowed: Collection[str]) -> None:
    """Refuse to send a token to a URL without encryption.

    Raises:
        RefusedError: the URL is http, on another machine, and not allowed.
    """
    if not is_safe(url, allowed):
        raise RefusedError(
            f"fluxbump sends no token to http://{_name(url)}",
            facts=["http is not encrypted"],
            hint=f"use https, or --allow-http {_name(url)} if you trust the network",
        )


def _name(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2].lower()


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
