"""Which servers a repository's own configuration may name, where the operator limits them. Pure.

Who runs a fleet has its token and stands in its network; who can change a repository's
fluxbump.yaml may have neither. What the operator names, in an option or in the fleet's file, is
not asked about.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from fluxbump.config import validation
from fluxbump.config.settings import (
    ALLOW_HOSTS,
    DEFAULT_FLUX_REPOSITORY,
    DEFAULT_INDEX,
    DEFAULT_RELEASES,
    FILE,
    RELEASE_NOTES,
    Settings,
)
from fluxbump.errors import RefusedError, UsageError
from fluxbump.git import remote_url
from fluxbump.git.remote_url import RemoteUrl

if TYPE_CHECKING:
    from fluxbump.run.checkout import Asked

_REGISTRY = "https://ghcr.io"  # of Flux's own artifacts, and of the community's charts
_USUAL = (DEFAULT_INDEX, DEFAULT_RELEASES, RELEASE_NOTES, DEFAULT_FLUX_REPOSITORY, _REGISTRY)
_PORTS = {"https": 443, "http": 80, "oci": 443, "ssh": 22}


def limits(environ: Mapping[str, str], more: Collection[str] = ()) -> frozenset[str] | None:
    """Return the hosts that the operator allows beside the usual ones; None if there is no limit.

    Args:
        environ: the environment.
        more: hosts that options name.
    """
    named = environ.get(ALLOW_HOSTS)
    if named is None and not more:
        return None
    hosts = [*(named or "").split(","), *more]
    return frozenset(host.strip().lower() for host in hosts if host.strip())


def require_allowed(
    settings: Settings,
    text: str,
    asked: Asked,
    remote: RemoteUrl | None,
    hosts: Collection[str],
) -> None:
    """Refuse a configuration that names a server which the operator does not allow.

    Args:
        settings: of the repository.
        text: of its fluxbump.yaml.
        asked: what the operator names instead.
        remote: of the repository; None if it has none.
        hosts: allowed beside those that fluxbump takes by itself, and the remote's own.

    Raises:
        RefusedError: it does; names the line.
    """
    allowed = {*hosts, *(_server(usual) for usual in _USUAL)}
    if remote is not None:
        allowed.add(_server(remote.url) if remote.is_http else remote.host.partition(":")[0])
    for path, url in _named(settings, asked):
        server = _server(url)
        if server is None or server in allowed:
            continue
        key = ".".join(path)
        raise RefusedError(
            f"{key} names {server}, which whoever runs fluxbump here does not allow",
            where=validation.location(text, FILE, path),
            hint=f"allow it with --allow-host {server}, or in allow_hosts of the fleet's file",
        )


def _named(settings: Settings, asked: Asked) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the keys that name a server, with their values, as far as they count."""
    if asked.sources.index is None:
        yield ("index",), settings.index
    if asked.sources.releases is None:
        yield ("releases",), settings.releases
    yield ("flux_repository",), settings.flux_repository
    if asked.forge_url is None and settings.run.forge_url is not None:
        yield ("run", "forge_url"), settings.run.forge_url
    if settings.run.release_notes is not None:
        yield ("run", "release_notes"), settings.run.release_notes


def _server(url: str) -> str | None:
    """Return the host of a URL, with its port unless that is the usual one; None for a path."""
    if "://" not in url:
        return _of_git(url)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "an invalid URL"
    if parts.scheme == "file":
        return None
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    return host if port in (None, _PORTS.get(parts.scheme)) else f"{host}:{port}"


def _of_git(place: str) -> str | None:
    try:
        found = remote_url.parse(place)[0]
    except UsageError:
        return None
    return None if found.is_local else found.host
