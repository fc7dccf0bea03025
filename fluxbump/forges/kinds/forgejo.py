"""The hosts, CI variables and token names of Forgejo. Pure.

Its CI also sets the variables of Gitea and of GitHub.

https://forgejo.org/docs/latest/user/actions/reference/
"""

from __future__ import annotations

from fluxbump.forges.kinds.kind import Ci, ForgeKind, ForgeTokens, Workflow

KIND = ForgeKind(
    name="forgejo",
    adapter="fluxbump.forges.gitea:FORGEJO",
    hosts=("codeberg.org",),
    interface="/api/v1",
    ci=Ci(
        marker=("FORGEJO_ACTIONS", "true"),
        urls=("FORGEJO_SERVER_URL", "GITHUB_SERVER_URL"),
        poses_as=("gitea", "github"),
        target_branch="GITHUB_BASE_REF",
    ),
    token=ForgeTokens(variables=("FORGEJO_TOKEN", "GITEA_TOKEN")),
    workflow=Workflow(
        path=".forgejo/workflows/flux-pins.yml", sign=".forgejo/workflows/", template="gitea"
    ),
)
