"""The forges that there are.

A leaf is a module with `NAME` and `connect` (see `client.Leaf`), entered in `FORGES`. Which one a
remote is on, `remotes` says. Only what talks to a forge imports this: it brings httpx.
"""

from __future__ import annotations

from typing import Final, Unpack

from fluxbump.errors import ForgeError
from fluxbump.forges import azure, bitbucket, gitea, github, gitlab
from fluxbump.forges.client import Leaf, Transport
from fluxbump.forges.forge import Forge
from fluxbump.forges.remotes import Hosted
from fluxbump.secret import Secret

FORGES: Final[dict[str, Leaf]] = {
    github.NAME: github,
    gitlab.NAME: gitlab,
    gitea.GITEA.NAME: gitea.GITEA,
    gitea.FORGEJO.NAME: gitea.FORGEJO,
    bitbucket.NAME: bitbucket,
    azure.NAME: azure,
}
"""The adapter of each kind of forge, by the names in `remotes.KINDS`."""


def connect(
    hosted: Hosted, secret: Secret, account: str = "", **transport: Unpack[Transport]
) -> Forge:
    """Return the adapter for a repository; nothing is asked yet.

    Args:
        hosted: the repository.
        secret: the token.
        account: whose it is, where the two belong together; empty where it is not known.
        transport: how to reach the forge.

    Raises:
        ForgeError: there is no adapter for it, or the token cannot be sent there.
    """
    leaf = FORGES.get(hosted.kind)
    if leaf is None:
        kinds = ", ".join(FORGES)
        raise ForgeError(f"there is no adapter for {hosted.kind}", hint=f"there are: {kinds}")
    return leaf.connect(hosted.api_base, hosted.path, secret, account, **transport)
