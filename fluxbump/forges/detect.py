"""Detect the forge of a remote, and the repository's path there. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from fluxbump.errors import ForgeError
from fluxbump.forges import ci_variables
from fluxbump.forges.kinds import KINDS
from fluxbump.forges.kinds.kind import ForgeKind
from fluxbump.git.remote_url import RemoteUrl
from fluxbump.text.patterns import lazy_pattern

_ALIASES = {alias: name for kind in KINDS.values() for alias, name in kind.aliases.items()}
_HOST = lazy_pattern(r"(?:[A-Za-z0-9_][A-Za-z0-9_.-]*|\[[0-9A-Fa-f:.]+\])(?::\d+)?")


class Hosted(Struct, frozen=True):
    """A repository on a forge.

    Attributes:
        kind: the kind of forge, one of `KINDS`.
        api_base: the URL of its REST API, without a slash at the end. On Azure DevOps it is the URL
            of the service, without the organization.
        path: the repository's path there, `owner/name`; GitLab: `group/subgroup/name`; Azure
            DevOps: `organization/project/name`.
    """

    kind: str
    api_base: str
    path: str


def detect(remote: RemoteUrl, *, kind: str | None = None, forge_url: str | None = None) -> Hosted:
    """Return the forge and the path of a remote's repository.

    Args:
        remote: the URL that git pushes to.
        kind: the kind of forge from the configuration; needed for hosts that are not public.
        forge_url: the URL of the forge or of its REST API from the configuration, if it differs
            from the remote's.

    Raises:
        ForgeError: the remote is on no forge, or nobody can know on which.
    """
    found, site, segments = _located(remote, kind, forge_url)
    site, path = found.located(site, segments)
    return Hosted(found.name, _api(found, site), path)


def owner(remote: RemoteUrl, *, kind: str | None = None, forge_url: str | None = None) -> Hosted:
    """Return the forge and the path of an owner of repositories, whose URL names no repository.

    Raises:
        ForgeError: as `detect`, or the URL names no owner.
    """
    found, site, segments = _located(remote, kind, forge_url, "use --forge with")
    if not segments:
        raise ForgeError(
            "the URL names no organization, group, or user", hint="give https://HOST/OWNER"
        )
    return Hosted(found.name, _api(found, site), "/".join(segments))


def _located(
    remote: RemoteUrl,
    kind: str | None,
    forge_url: str | None,
    advice: str = "set run.forge in fluxbump.yaml to",
) -> tuple[ForgeKind, str, list[str]]:
    """Return the kind of forge, its URL, and the segments of the remote's path there."""
    if kind is not None and kind not in KINDS:
        raise ForgeError(f"{kind!r} is not a kind of forge", hint=f"use one of {_listed()}")
    if remote.is_local:
        raise ForgeError(
            "the remote is a local repository, so there are no pull requests",
            hint="give a remote on a forge: https://…, ssh://… or git@host:path",
        )
    of_host = _kind(_name(remote))
    if of_host is not None:
        remote = of_host.renamed(remote)
    name = _name(remote)
    # The port of ssh says nothing about that of the web, and known hosts need none.
    is_known = of_host is not None and name in of_host.hosts
    ours = remote.site if remote.is_http and not is_known else f"https://{name}"
    site = _site(forge_url) if forge_url else ours
    found = KINDS[kind] if kind else _kind(urlsplit(site).hostname or "") or _kind(name)
    if found is None:
        raise ForgeError(
            f"unknown kind of forge: {name}",
            hint=f"{advice} one of {_listed()}",
        )
    segments = _segments(remote.path)
    below = _segments(urlsplit(site.removesuffix(found.interface)).path)
    if remote.is_http and below == segments[: len(below)]:
        segments = segments[len(below) :]  # the forge itself is below a path of its host
    return found, site, segments


def known(remote: RemoteUrl, environ: Mapping[str, str]) -> str | None:
    """Return the kind of forge of a remote's host; None if it is not known.

    Args:
        remote: the URL that git pushes to.
        environ: the environment, in which a CI names the kind of its own forge.
    """
    kind = _kind(_name(remote))
    if kind is not None:
        return kind.name
    told = ci_variables.forge_of(remote, environ)
    return told.kind if told else None


def told_by_ci(
    remote: RemoteUrl, environ: Mapping[str, str], kind: str | None
) -> tuple[str | None, str | None]:
    """Return the kind and URL of a remote's forge, as far as the variables of a CI tell them.

    Args:
        remote: the URL that git pushes to.
        environ: the environment.
        kind: the kind from the configuration; a CI of another kind is ignored.
    """
    told = ci_variables.forge_of(remote, environ)
    if told is None or kind not in (None, told.kind) or _kind(_name(remote)):
        return kind, None
    return told.kind, told.url


def _name(remote: RemoteUrl) -> str:
    """Return the host's usual name, without its port."""
    name = remote.host if remote.host.endswith("]") else re.sub(r":\d+$", "", remote.host)
    return _ALIASES.get(name, name)


def _site(address: str) -> str:
    try:
        parts = urlsplit(address)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("https", "http") or not _HOST.fullmatch(parts.netloc):
        raise ForgeError(
            "run.forge_url is not the URL of a forge",
            hint="use a URL such as https://git.example.org",
        )
    return address.rstrip("/")


def _kind(name: str) -> ForgeKind | None:
    name = name.removeprefix("api.")
    return next((kind for kind in KINDS.values() if kind.has_host(name)), None)


def _api(kind: ForgeKind, site: str) -> str:
    """Return the URL of the REST API, given the URL of the forge or of the API itself."""
    if site in kind.interfaces:
        return kind.interfaces[site]
    host = urlsplit(site).hostname or ""
    if kind.interface_of is not None and host.endswith(kind.suffix):
        return kind.interface_of(site)
    return site.removesuffix(kind.interface) + kind.interface


def _segments(path: str) -> list[str]:
    """Return the parts of a path between its slashes, without escapes.

    Raises:
        ForgeError: `path` is not the path of a repository.
    """
    segments = [unquote(segment) for segment in path.strip("/").split("/") if segment]
    for segment in segments:
        if segment in (".", "..") or "/" in segment or not segment.isprintable():
            raise ForgeError("the remote's URL does not name a repository")
    if segments and segments[-1] != ".git":
        segments[-1] = segments[-1].removesuffix(".git")
    return segments


def _listed() -> str:
    return ", ".join(KINDS)
