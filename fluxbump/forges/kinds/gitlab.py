"""The hosts, CI variables and token names of GitLab. Pure.

https://docs.gitlab.com/ci/variables/predefined_variables/
"""

from __future__ import annotations

from fluxbump.forges.kinds.kind import Ci, ForgeKind, ForgeTokens, Workflow

KIND = ForgeKind(
    name="gitlab",
    adapter="fluxbump.forges.gitlab",
    hosts=("gitlab.com",),
    aliases={"altssh.gitlab.com": "gitlab.com"},
    interface="/api/v4",
    ci=Ci(
        marker=("GITLAB_CI", "true"),
        urls=("CI_SERVER_URL",),
        hosts=("CI_SERVER_SHELL_SSH_HOST",),
        target_commit="CI_MERGE_REQUEST_DIFF_BASE_SHA",
    ),
    token=ForgeTokens(
        variables=("GITLAB_TOKEN",),  # https://gitlab.com/gitlab-org/cli#environment-variables
        # https://docs.gitlab.com/api/oauth2/ (Access Git over HTTPS); other tokens take any name
        username="oauth2",
    ),
    workflow=Workflow(path=".gitlab-ci.yml", sign=".gitlab-ci.yml", template="gitlab"),
)
