"""The hosts, CI variables and token names of Gitea. Pure.

Its CI also sets the variables of GitHub.
"""

from __future__ import annotations

from fluxbump.forges.kinds.kind import Ci, ForgeKind, ForgeTokens, Workflow

KIND = ForgeKind(
    name="gitea",
    adapter="fluxbump.forges.gitea:GITEA",
    hosts=("gitea.com",),
    interface="/api/v1",
    ci=Ci(
        marker=("GITEA_ACTIONS", "true"),
        urls=("GITHUB_SERVER_URL",),
        poses_as=("github",),
        target_branch="GITHUB_BASE_REF",
    ),
    token=ForgeTokens(variables=("GITEA_TOKEN", "FORGEJO_TOKEN")),
    workflow=Workflow(
        path=".gitea/workflows/flux-pins.yml", sign=".gitea/workflows/", template="gitea"
    ),
)
