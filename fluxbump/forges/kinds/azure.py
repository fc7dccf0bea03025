"""Azure DevOps, whose paths are its own. Pure.

https://learn.microsoft.com/azure/devops/pipelines/build/variables
"""

from __future__ import annotations

from msgspec.structs import replace

from fluxbump.errors import ForgeError
from fluxbump.forges.kinds.kind import Ci, ForgeKind, ForgeTokens, Workflow
from fluxbump.git.remote_url import RemoteUrl

_VISUAL_STUDIO = ".visualstudio.com"  # what Azure DevOps was called


def _renamed(remote: RemoteUrl) -> RemoteUrl:
    """Return the current form of a URL from the time before dev.azure.com.

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
    """Return the forge's URL and the repository's path, from a path of Azure DevOps.

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
        # Azure Pipelines also builds repositories of GitHub: TfsGit is one of Azure Repos.
        marker=("BUILD_REPOSITORY_PROVIDER", "TfsGit"),
        urls=("BUILD_REPOSITORY_URI",),
        is_site=False,
        target_branch="SYSTEM_PULLREQUEST_TARGETBRANCH",
    ),
    # https://learn.microsoft.com/azure/devops/cli/log-in-via-pat
    # https://learn.microsoft.com/azure/devops/pipelines/build/variables (System.AccessToken)
    token=ForgeTokens(variables=("AZURE_DEVOPS_EXT_PAT", "SYSTEM_ACCESSTOKEN")),
    # Azure Pipelines also builds repositories of other forges.
    workflow=Workflow(
        path="azure-pipelines.yml", sign="azure-pipelines.yml", template="azure", tells=False
    ),
)
