"""The hosts, CI variables and token names of GitHub and GitHub Enterprise. Pure.

This covers GitHub.com, GitHub Enterprise Server, and GitHub Enterprise Cloud with data residency.

https://docs.github.com/actions/reference/workflows-and-actions/variables
"""

from __future__ import annotations

from fluxbump.forges.kinds.kind import Ci, ForgeKind, ForgeTokens, Workflow

_CLOUD = ".ghe.com"  # with data residency: https://api.NAME.ghe.com


def _interface_of(site: str) -> str:
    return site if "://api." in site else site.replace("://", "://api.", 1)


KIND = ForgeKind(
    name="github",
    adapter="fluxbump.forges.github",
    hosts=("github.com",),
    # The host for ssh through a firewall that allows only port 443.
    # https://docs.github.com/authentication/troubleshooting-ssh/using-ssh-over-the-https-port
    aliases={"ssh.github.com": "github.com"},
    suffix=_CLOUD,
    interface="/api/v3",
    interfaces={
        "https://github.com": "https://api.github.com",
        "https://api.github.com": "https://api.github.com",
    },
    interface_of=_interface_of,
    ci=Ci(
        marker=("GITHUB_ACTIONS", "true"),
        urls=("GITHUB_SERVER_URL",),
        target_branch="GITHUB_BASE_REF",
    ),
    token=ForgeTokens(
        # The order of the `gh` command: the token of a bot takes precedence over that of the job.
        # https://cli.github.com/manual/gh_help_environment
        variables=("GH_TOKEN", "GITHUB_TOKEN"),
        own_hosts=("github.com", "ssh.github.com", _CLOUD),
        elsewhere=("GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"),
        site_variable="GITHUB_SERVER_URL",
        # https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app
        username="x-access-token",
    ),
    workflow=Workflow(
        path=".github/workflows/flux-pins.yml", sign=".github/workflows/", template="github"
    ),
)
