"""Limits the servers that a repository's fluxbump.yaml can name, if the operator asks. Pure.

The operator of a fleet has its token and access to its network. A person who can change a
repository's fluxbump.yaml may have neither. Servers that the operator names, in an option or in
the fleet's file, are not checked.
"""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

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
from fluxbump.errors import ForgeError, RefusedError, UsageError
from fluxbump.forges import detect
from fluxbump.git import remote_url
from fluxbump.git.remote_url import RemoteUrl
from fluxbump.system.allowed_servers import AllowedServers, server_of

if TYPE_CHECKING:
    from fluxbump.run.checkout import Asked

_REGISTRY = "https://ghcr.io"  # of Flux's own artifacts, and of the community's charts
_USUAL = (DEFAULT_INDEX, DEFAULT_RELEASES, RELEASE_NOTES, DEFAULT_FLUX_REPOSITORY, _REGISTRY)
_STORES = ("githubusercontent.com",)
"""The domain to which GitHub redirects for the files of releases and of its registry."""

_FORGE = ("run", "forge_url")
_FORGE_HINT = "name the forge with --forge-url, or with forge_url in the fleet's file"
"""The hint for `forge_url`: to allow the host is not enough, because the token would go there."""


def limits(environ: Mapping[str, str], more: Collection[str] = ()) -> frozenset[str] | None:
    """Return the hosts that the operator allows beside the usual ones; None if there is no limit.

    Args:
        environ: the environment variables.
        more: the hosts that options name.
    """
    named = environ.get(ALLOW_HOSTS)
    if named is None and not more:
        return None
    hosts = [*(named or "").split(","), *more]
    return frozenset(host.strip().lower() for host in hosts if host.strip())


def servers(hosts: Collection[str], remote: RemoteUrl | None) -> AllowedServers:
    """Return the servers that URLs in a repository's configuration can lead to.

    Args:
        hosts: the hosts that the operator allows.
        remote: the remote of the repository. None if it has none.
    """
    names = {*hosts, *(server_of(usual) for usual in _USUAL)}
    if remote is not None and remote.host:
        names.add(server_of(remote.url) if remote.is_http else remote.host.partition(":")[0])
    return AllowedServers(frozenset(names), _STORES)


def require_allowed(settings: Settings, text: str, asked: Asked, allowed: AllowedServers) -> None:
    """Refuse a configuration that names a server which the operator does not allow.

    Args:
        settings: the configuration of the repository.
        text: the text of its fluxbump.yaml, to find the line.
        asked: the options of the operator, which replace some keys.
        allowed: the servers from `servers`.

    Raises:
        RefusedError: a key names another server, or a path outside of the repository.
    """
    for path, url in _named(settings, asked):
        where, key = validation.location(text, FILE, path), ".".join(path)
        server = _server(url)
        if server is None and _is_outside(url):
            raise RefusedError(
                f"{key} names a path outside of the repository, which is not allowed here",
                where=where,
                hint="give a path inside of it, or a URL",
            )
        if server is not None and not allowed.allows(server):
            raise RefusedError(
                f"{key} names {server}, which is not an allowed server",
                where=where,
                hint=_FORGE_HINT
                if path == _FORGE
                else f"allow it with --allow-host {server}, or in allow_hosts of the fleet's file",
            )


def require_own_forge(where: str, remote: RemoteUrl, kind: str | None) -> None:
    """Refuse to send the remote's token to another server because a file of the repository says so.

    Another port or a subdomain may be somebody else's, so only the operator can name one.

    Args:
        where: the URL of the forge in the file.
        remote: the remote of the repository.
        kind: the kind of forge. None if it is not known.

    Raises:
        RefusedError: the server is neither the remote's, nor the API server of a known forge.
    """
    # The port of ssh says nothing about the port of the API.
    own = {server_of(remote.url) if remote.is_http else remote.host.partition(":")[0]}
    with suppress(ForgeError):  # the kind is not known, so there is no other server
        own.add(server_of(detect.detect(remote, kind=kind).api_base))
    named = server_of(where)
    if named not in own:
        raise RefusedError(
            f"run.forge_url names {named}, and the remote is on {remote.host}",
            where=FILE,
            hint=f"to send the token there, use --forge-url {where}",
        )


def _named(settings: Settings, asked: Asked) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the keys that can name a server, with their values, if no option replaces them."""
    if asked.sources.index is None:
        yield ("index",), settings.index
    if asked.sources.releases is None:
        yield ("releases",), settings.releases
    yield ("flux_repository",), settings.flux_repository
    yield ("operator_chart",), settings.operator_chart
    if asked.forge_url is None and settings.run.forge_url is not None:
        yield _FORGE, settings.run.forge_url
    if settings.run.release_notes is not None:
        yield ("run", "release_notes"), settings.run.release_notes


def _server(url: str) -> str | None:
    """Return the server of a URL. None for a path."""
    if "://" not in url:
        return _of_git(url)
    return None if url.lower().startswith("file:") else server_of(url)


def _of_git(place: str) -> str | None:
    try:
        found = remote_url.parse(place)[0]
    except UsageError:
        return None
    return None if found.is_local else found.host


def _is_outside(path: str) -> bool:
    """Tell whether a path leads out of the folder where it starts."""
    if "://" in path:
        return True
    plain = posixpath.normpath(path.replace("\\", "/"))
    return plain.startswith(("/", "../")) or plain == ".."
