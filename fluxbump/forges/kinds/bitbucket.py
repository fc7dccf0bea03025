"""The hosts, CI variables and token names of Bitbucket Cloud. Pure.

https://support.atlassian.com/bitbucket-cloud/docs/variables-and-secrets/
"""

from __future__ import annotations

from fluxbump.forges.kinds.kind import Ci, ForgeKind, ForgeTokens, Workflow

KIND = ForgeKind(
    name="bitbucket",
    adapter="fluxbump.forges.bitbucket",
    hosts=("bitbucket.org",),
    aliases={"altssh.bitbucket.org": "bitbucket.org"},
    interface="/2.0",
    interfaces={"https://bitbucket.org": "https://api.bitbucket.org/2.0"},
    ci=Ci(
        marker=("BITBUCKET_BUILD_NUMBER", None),
        urls=("BITBUCKET_GIT_HTTP_ORIGIN",),
        is_site=False,
        target_commit="BITBUCKET_PR_DESTINATION_COMMIT",
    ),
    token=ForgeTokens(
        variables=("BITBUCKET_TOKEN",),
        # https://support.atlassian.com/bitbucket-cloud/docs/using-access-tokens/
        username="x-token-auth",
        account_variable="BITBUCKET_USERNAME",
        account_secrets=("BITBUCKET_API_TOKEN", "BITBUCKET_APP_PASSWORD"),
        # https://support.atlassian.com/bitbucket-cloud/docs/using-api-tokens/
        address_username="x-bitbucket-api-token-auth",
    ),
    workflow=Workflow(
        path="bitbucket-pipelines.yml", sign="bitbucket-pipelines.yml", template="bitbucket"
    ),
)
