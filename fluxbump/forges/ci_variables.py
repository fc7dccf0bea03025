"""Read from a CI job's variables which forge runs it, and the target of its change. Pure.

A job runs for a repository of its own forge, so a remote on that forge's host is on a forge of that
kind, at that URL. Of any other host the variables say nothing.

Which variables a CI sets, `kinds` says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from msgspec import Struct

from fluxbump.forges.kinds import KINDS
from fluxbump.forges.kinds.kind import Ci, ForgeKind
from fluxbump.git.remote_url import RemoteUrl


class CiForge(Struct, frozen=True):
    """The forge that runs this job.

    Attributes:
        kind: the kind of forge, one of `kinds.KINDS`.
        url: the URL of its pages, without a slash at the end; None if the variables do not tell it.
    """

    kind: str
    url: str | None


def revisions_to_compare_with(environ: Mapping[str, str]) -> Iterator[str]:
    """Yield the revisions by which a CI names the target of a change.

    Args:
        environ: the environment.
    """
    cis = [kind.ci for kind in KINDS.values()]
    yield from filter(None, (environ.get(ci.target_commit) for ci in cis))
    # Several set the same variable.
    for name in dict.fromkeys(ci.target_branch for ci in cis):
        branch = environ.get(name, "").removeprefix("refs/heads/")
        if branch:
            yield f"origin/{branch}"


def forge_of(remote: RemoteUrl, environ: Mapping[str, str]) -> CiForge | None:
    """Return the forge that a remote is on, if it is the one that runs this job.

    Args:
        remote: the URL that git pushes to.
        environ: the environment.
    """
    kind = _running(environ)
    if kind is None or not remote.host:
        return None
    ci, url = kind.ci, _url(kind.ci, environ)
    if remote.is_http:
        is_same = _host(url) == remote.host
    else:  # the port of ssh says nothing about that of the web
        names = {urlsplit(url).hostname, *(environ.get(name, "").lower() for name in ci.hosts)}
        is_same = urlsplit(f"//{remote.host}").hostname in names
    return CiForge(kind.name, url if ci.is_site else None) if is_same else None


def _running(environ: Mapping[str, str]) -> ForgeKind | None:
    """Return the kind of forge whose CI runs this job, and says where the forge is."""
    marked = [kind for kind in KINDS.values() if _runs(kind.ci, environ)]
    named = [kind for kind in marked if _url(kind.ci, environ)]
    posed = {name for kind in named for name in kind.ci.poses_as}
    return next((kind for kind in named if kind.name not in posed), None)


def _runs(ci: Ci, environ: Mapping[str, str]) -> bool:
    name, value = ci.marker
    return name in environ if value is None else environ.get(name, "").lower() == value.lower()


def _url(ci: Ci, environ: Mapping[str, str]) -> str:
    """Return the first URL in the variables that can be parsed; empty if there is none."""
    urls = (environ.get(name, "").rstrip("/") for name in ci.urls)
    return next((url for url in urls if _has_host(url)), "")


def _has_host(url: str) -> bool:
    try:
        return bool(urlsplit(url).hostname and _host(url))
    except ValueError:
        return False


def _host(url: str) -> str:
    """Return the host of a URL as `RemoteUrl` has it: with its port, if that is not the usual."""
    parts = urlsplit(url)
    usual = {"https": 443, "http": 80}.get(parts.scheme)
    netloc = parts.netloc.rpartition("@")[2].lower()
    return netloc.removesuffix(f":{usual}")
