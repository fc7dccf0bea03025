"""What the variables of a CI job say: which forge runs it, and what its change goes to. Pure.

A job runs for a repository of its own forge, so a remote on that forge's host is on a forge of that
kind, at that URL. Of any other host the variables say nothing.

The variables are documented at:
https://docs.gitlab.com/ci/variables/predefined_variables/
https://docs.github.com/actions/reference/workflows-and-actions/variables
https://forgejo.org/docs/latest/user/actions/reference/
https://support.atlassian.com/bitbucket-cloud/docs/variables-and-secrets/
https://learn.microsoft.com/azure/devops/pipelines/build/variables
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from msgspec import Struct

from fluxbump.git.remote_url import RemoteUrl


class CiForge(Struct, frozen=True):
    """The forge that runs this job.

    Attributes:
        kind: one of `detect.KINDS`.
        url: of its web interface, without a slash at the end; None if only the remote tells.
    """

    kind: str
    url: str | None


class _Ci(Struct, frozen=True):
    """How a CI says which it is, and where its forge is.

    Attributes:
        kind: of forge.
        marker: a variable that is set in every job, and its value; any, if None.
        url: the variable with the URL of the forge, or of a repository there.
        is_site: the URL is that of the forge itself.
        hosts: variables with further names of its host, as git sees it over ssh.
    """

    kind: str
    marker: tuple[str, str | None]
    url: str
    is_site: bool = True
    hosts: tuple[str, ...] = ()


_CIS = (
    # Forgejo sets the variables of Gitea, too, and both set those of GitHub.
    _Ci("forgejo", ("FORGEJO_ACTIONS", "true"), "FORGEJO_SERVER_URL"),
    _Ci("forgejo", ("FORGEJO_ACTIONS", "true"), "GITHUB_SERVER_URL"),
    _Ci("gitea", ("GITEA_ACTIONS", "true"), "GITHUB_SERVER_URL"),
    _Ci("github", ("GITHUB_ACTIONS", "true"), "GITHUB_SERVER_URL"),
    _Ci("gitlab", ("GITLAB_CI", "true"), "CI_SERVER_URL", hosts=("CI_SERVER_SHELL_SSH_HOST",)),
    _Ci("bitbucket", ("BITBUCKET_BUILD_NUMBER", None), "BITBUCKET_GIT_HTTP_ORIGIN", is_site=False),
    # Azure Pipelines also builds repositories of GitHub: TfsGit is one of Azure Repos.
    _Ci("azure", ("BUILD_REPOSITORY_PROVIDER", "TfsGit"), "BUILD_REPOSITORY_URI", is_site=False),
)


_TARGET_COMMITS = ("CI_MERGE_REQUEST_DIFF_BASE_SHA", "BITBUCKET_PR_DESTINATION_COMMIT")
"""Of GitLab and Bitbucket Pipelines: the commit that a merge or pull request is compared with."""
_TARGET_BRANCHES = ("GITHUB_BASE_REF", "SYSTEM_PULLREQUEST_TARGETBRANCH")
"""Of the Actions of GitHub, Gitea and Forgejo, and of Azure Pipelines: the branch it goes to."""


def revisions_to_compare_with(environ: Mapping[str, str]) -> Iterator[str]:
    """Yield the revisions by which a CI says what a change goes to.

    Args:
        environ: the environment.
    """
    yield from (environ[name] for name in _TARGET_COMMITS if environ.get(name))
    for name in _TARGET_BRANCHES:
        branch = environ.get(name, "").removeprefix("refs/heads/")
        if branch:
            yield f"origin/{branch}"


def forge_of(remote: RemoteUrl, environ: Mapping[str, str]) -> CiForge | None:
    """Return the forge that a remote is on, if it is the one that runs this job.

    Args:
        remote: where git pushes to.
        environ: the environment.
    """
    ci = next((ci for ci in _CIS if _runs(ci, environ) and _url(ci, environ)), None)
    if ci is None or not remote.host:
        return None
    url = _url(ci, environ)
    if remote.is_http:
        is_same = _host(url) == remote.host
    else:  # the port of ssh says nothing about that of the web
        names = {urlsplit(url).hostname, *(environ.get(name, "").lower() for name in ci.hosts)}
        is_same = urlsplit(f"//{remote.host}").hostname in names
    return CiForge(ci.kind, url if ci.is_site else None) if is_same else None


def _runs(ci: _Ci, environ: Mapping[str, str]) -> bool:
    name, value = ci.marker
    return name in environ if value is None else environ.get(name, "").lower() == value.lower()


def _url(ci: _Ci, environ: Mapping[str, str]) -> str:
    """Return a URL that can be taken apart; empty for any other text."""
    url = environ.get(ci.url, "").rstrip("/")
    try:
        return url if urlsplit(url).hostname and _host(url) else ""
    except ValueError:
        return ""


def _host(url: str) -> str:
    """Return the host of a URL as `RemoteUrl` has it: with its port, if that is not the usual."""
    parts = urlsplit(url)
    usual = {"https": 443, "http": 80}.get(parts.scheme)
    netloc = parts.netloc.rpartition("@")[2].lower()
    return netloc.removesuffix(f":{usual}")
