"""Which forge a remote is on, and the repository's path there. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

from msgspec import Struct
from msgspec.structs import replace

from fluxbump.errors import ForgeError
from fluxbump.forges import ci_variables
from fluxbump.git.remote_url import RemoteUrl
from fluxbump.text.patterns import lazy_pattern

HOSTS = {
    "github.com": "github",
    "gitlab.com": "gitlab",
    "codeberg.org": "forgejo",
    "gitea.com": "gitea",
    "bitbucket.org": "bitbucket",
    "dev.azure.com": "azure",
}
"""The kind of forge of each host that is known to everybody."""

KINDS = ("github", "gitlab", "gitea", "forgejo", "bitbucket", "azure")

_ALIASES = {
    # ssh on port 443, where a firewall lets nothing else through.
    # https://docs.github.com/authentication/troubleshooting-ssh/using-ssh-over-the-https-port
    "ssh.github.com": "github.com",
    "altssh.gitlab.com": "gitlab.com",
    "altssh.bitbucket.org": "bitbucket.org",
    "ssh.dev.azure.com": "dev.azure.com",
}
_INTERFACES = {
    "github": "/api/v3",
    "gitlab": "/api/v4",
    "gitea": "/api/v1",
    "forgejo": "/api/v1",
    "bitbucket": "/2.0",
    "azure": "",
}
"""Where below its own address a forge has its REST interface."""
_ELSEWHERE = {
    "https://github.com": "https://api.github.com",
    "https://bitbucket.org": "https://api.bitbucket.org/2.0",
}
_GHE_CLOUD = ".ghe.com"  # GitHub Enterprise Cloud with data residency: https://api.NAME.ghe.com
_VISUAL_STUDIO = ".visualstudio.com"  # what Azure DevOps was called

_HOST = lazy_pattern(r"(?:[A-Za-z0-9_][A-Za-z0-9_.-]*|\[[0-9A-Fa-f:.]+\])(?::\d+)?")


class Hosted(Struct, frozen=True):
    """A repository on a forge.

    Attributes:
        kind: of forge, one of `KINDS`.
        api_base: address of its REST interface, without a slash at the end. Azure DevOps: of the
            service, without the organization.
        path: of the repository there, `owner/name`; GitLab: `group/subgroup/name`; Azure DevOps:
            `organization/project/name`.
    """

    kind: str
    api_base: str
    path: str


def detect(remote: RemoteUrl, *, kind: str | None = None, forge_url: str | None = None) -> Hosted:
    """Say where a remote's pull requests live.

    Args:
        remote: where git pushes to.
        kind: of forge, from the configuration; needed for hosts that are not in `HOSTS`.
        forge_url: address of the forge, from the configuration, with or without that of its REST
            interface; where it differs from the remote's.

    Raises:
        ForgeError: the remote is on no forge, or nobody can know on which.
    """
    known, site, segments = _located(remote, kind, forge_url)
    if known == "azure":
        return _azure(site, segments)
    return Hosted(known, _api(known, site), _owned(segments))


def owner(remote: RemoteUrl, *, kind: str | None = None, forge_url: str | None = None) -> Hosted:
    """Say where an owner of repositories is: as `detect`, of a URL without a repository's name.

    Raises:
        ForgeError: as `detect`, or the URL names no owner.
    """
    known, site, segments = _located(remote, kind, forge_url, "use --forge with")
    if not segments:
        raise ForgeError(
            "the URL names no organization, group, or user", hint="give https://HOST/OWNER"
        )
    return Hosted(known, _api(known, site), "/".join(segments))


def _located(
    remote: RemoteUrl,
    kind: str | None,
    forge_url: str | None,
    advice: str = "set run.forge in fluxbump.yaml to",
) -> tuple[str, str, list[str]]:
    """Return the kind of forge, its URL, and the segments of the remote's path there."""
    if kind is not None and kind not in KINDS:
        raise ForgeError(f"{kind!r} is not a kind of forge", hint=f"use one of {_listed()}")
    if remote.is_local:
        raise ForgeError(
            "the remote is a local repository, so there are no pull requests",
            hint="give a remote on a forge: https://…, ssh://… or git@host:path",
        )
    if _name(remote).endswith(_VISUAL_STUDIO):
        remote = _renamed(remote)
    name = _name(remote)
    # The port of ssh says nothing about that of the web, and known hosts need none.
    ours = remote.site if remote.is_http and name not in HOSTS else f"https://{name}"
    site = _site(forge_url) if forge_url else ours
    known = kind or _kind(urlsplit(site).hostname or "") or _kind(name)
    if known is None:
        raise ForgeError(
            f"unknown kind of forge: {name}",
            hint=f"{advice} one of {_listed()}",
        )
    segments = _segments(remote.path)
    below = _segments(urlsplit(site.removesuffix(_INTERFACES[known])).path)
    if remote.is_http and below == segments[: len(below)]:
        segments = segments[len(below) :]  # the forge itself is below a path of its host
    return known, site, segments


def known(remote: RemoteUrl, environ: Mapping[str, str]) -> str | None:
    """Return the kind of forge that a host is known to be; None for any other.

    Args:
        remote: where git pushes to.
        environ: the environment; a CI says there of which kind its own forge is.
    """
    name = _name(remote)
    kind = "azure" if name.endswith(_VISUAL_STUDIO) else _kind(name)
    if kind is None:
        told = ci_variables.forge_of(remote, environ)
        kind = told.kind if told else None
    return kind


def told_by_ci(
    remote: RemoteUrl, environ: Mapping[str, str], kind: str | None
) -> tuple[str | None, str | None]:
    """Return kind and URL of a forge whose remote does not tell, as far as a CI does.

    Args:
        remote: where git pushes to.
        environ: the environment.
        kind: what the configuration says; a CI of another kind is not asked.
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


def _kind(name: str) -> str | None:
    name = name.removeprefix("api.")
    return "github" if name.endswith(_GHE_CLOUD) else HOSTS.get(name)


def _api(kind: str, site: str) -> str:
    """Return the address of the REST interface, given that of the forge or the interface itself."""
    if site in _ELSEWHERE:
        return _ELSEWHERE[site]
    host = urlsplit(site).hostname or ""
    if host == "api.github.com" or (host.startswith("api.") and host.endswith(_GHE_CLOUD)):
        return site
    if host.endswith(_GHE_CLOUD):
        return site.replace("://", "://api.", 1)
    return site.removesuffix(_INTERFACES[kind]) + _INTERFACES[kind]


def _segments(path: str) -> list[str]:
    """Return what stands between the slashes, without escapes.

    Raises:
        ForgeError: it is not the path of a repository.
    """
    segments = [unquote(segment) for segment in path.strip("/").split("/") if segment]
    for segment in segments:
        if segment in (".", "..") or "/" in segment or not segment.isprintable():
            raise ForgeError("the remote's URL does not name a repository")
    if segments and segments[-1] != ".git":
        segments[-1] = segments[-1].removesuffix(".git")
    return segments


def _owned(segments: list[str]) -> str:
    if not segments[1:]:  # an owner alone
        raise ForgeError(
            "the remote's URL does not name a repository",
            hint="use OWNER/NAME as its path",
        )
    return "/".join(segments)


def _renamed(remote: RemoteUrl) -> RemoteUrl:
    """Return an address of the time before dev.azure.com as one of today.

    https://learn.microsoft.com/azure/devops/release-notes/2018/sep-10-azure-devops-launch
    """
    if not remote.is_http:  # ORG@vs-ssh.visualstudio.com:v3/ORG/PROJECT/NAME
        return replace(remote, host="ssh.dev.azure.com")
    organization = _name(remote).removesuffix(_VISUAL_STUDIO)
    path = remote.path.removeprefix("DefaultCollection/")
    return replace(remote, host="dev.azure.com", path=f"{organization}/{path}")


def _azure(site: str, segments: list[str]) -> Hosted:
    """Take apart a path of Azure DevOps.

    Over ssh `v3/ORG/PROJECT/NAME`; otherwise `ORG/PROJECT/_git/NAME`, where a project of the same
    name may be left out. On a server of one's own a collection stands for the organization, and
    what is before it belongs to the server's address.
    """
    path = segments[1:] if segments[:1] == ["v3"] else []
    if "_git" in segments:
        at = segments.index("_git")
        before = segments[:at]
        name = [part for part in segments[at + 1 :] if part not in ("_full", "_optimized")]
        if len(before) == 1:
            before += name
        site = "/".join([site, *before[:-2]])
        path = before[-2:] + name
    if len(path) != len(("organization", "project", "name")):
        raise ForgeError(
            "the remote's URL does not name a repository",
            hint="use ORGANIZATION/PROJECT/_git/NAME as its path",
        )
    return Hosted("azure", site, "/".join(path))


def _listed() -> str:
    return ", ".join(KINDS)
