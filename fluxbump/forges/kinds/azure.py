"""The hosts, URLs, CI variables and token names of Azure DevOps. Pure.

https://learn.microsoft.com/azure/devops/pipelines/build/variables
"""

from __future__ import annotations

from msgspec.structs import replace

from fluxbump.errors import ForgeError
from fluxbump.forges.kinds.kind import Ci, ForgeKind, ForgeTokens, Workflow
from fluxbump.git.remote_url import RemoteUrl

_VISUAL_STUDIO = ".visualstudio.com"  # the hosts of Azure DevOps before dev.azure.com


def _renamed(remote: RemoteUrl) -> RemoteUrl:
    """Return the URL on dev.azure.com that replaces an older URL on visualstudio.com.

    https://learn.microsoft.com/azure/devops/release-notes/2018/sep-10-azure-devops-launch
    """
    host = remote.host.partition(":")[0]
    if not host.endswith(_VISUAL_STUDIO):
        return remote
    if not remote.is_http:  # ORG@vs-ssh.visualstudio.com:v3/ORG/PROJECT/NAME
        return replace(remote, host="ssh.dev.azure.com")
    organization = host.removesuffix(_VISUAL_STUDIO)
    path = remote.path.removeprefix("DefaultCollection/")
    return replace(remote, host="dev.azure.com", path=f"{organization}/{path}")


def _located(site: str, segments: list[str]) -> tuple[str, str]:
    """Return the URL of the forge, and the path of a repository there as `ORG/PROJECT/NAME`.

    A path is `v3/ORG/PROJECT/NAME` over ssh, and `ORG/PROJECT/_git/NAME` otherwise. The second form
    may omit a project with the same name as the repository. On Azure DevOps Server a collection
    takes the place of the organization, and the path before it belongs to the URL of the server.

    Args:
        site: the URL of the forge.
        segments: the parts of the remote's path there.

    Raises:
        ForgeError: the path names no repository.
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
    return site, "/".join(path)


KIND = ForgeKind(
    name="azure",
    adapter="fluxbump.forges.azure",
    hosts=("dev.azure.com",),
    aliases={"ssh.dev.azure.com": "dev.azure.com"},
    suffix=_VISUAL_STUDIO,
    renamed=_renamed,
    located=_located,
    ci=Ci(
        # Azure Pipelines also builds repositories on GitHub. TfsGit means one in Azure Repos.
        marker=("BUILD_REPOSITORY_PROVIDER", "TfsGit"),
        urls=("BUILD_REPOSITORY_URI",),
        is_site=False,
        target_branch="SYSTEM_PULLREQUEST_TARGETBRANCH",
    ),
    # https://learn.microsoft.com/azure/devops/cli/log-in-via-pat
    # https://learn.microsoft.com/azure/devops/pipelines/build/variables (System.AccessToken)
    token=ForgeTokens(variables=("AZURE_DEVOPS_EXT_PAT", "SYSTEM_ACCESSTOKEN")),
    # Azure Pipelines also builds repositories on other forges, so its file tells no forge.
    workflow=Workflow(
        path="azure-pipelines.yml", sign="azure-pipelines.yml", template="azure", tells=False
    ),
)
