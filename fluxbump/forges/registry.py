"""The forges that there are.

A leaf is a module, or an object in one, with `NAME` and `connect` (see `Leaf`), entered in
`FORGES` by its place: each brings models of its own, so only the one that is asked is imported.
Which one a remote is on, `detect` says.
"""

from __future__ import annotations

from pkgutil import resolve_name
from typing import Final, Protocol, Unpack

from fluxbump.errors import ForgeError
from fluxbump.forges.client import Transport
from fluxbump.forges.detect import Hosted
from fluxbump.forges.forge import Forge
from fluxbump.system.secret import Secret

FORGES: Final[dict[str, str]] = {
    "github": "fluxbump.forges.github",
    "gitlab": "fluxbump.forges.gitlab",
    "gitea": "fluxbump.forges.gitea:GITEA",
    "forgejo": "fluxbump.forges.gitea:FORGEJO",
    "bitbucket": "fluxbump.forges.bitbucket",
    "azure": "fluxbump.forges.azure",
}
"""The place of the adapter of each kind of forge, by the names in `detect.KINDS`."""


class Leaf(Protocol):
    """An adapter: a module with these two."""

    NAME: str
    """Of the kind of forge, one of `detect.KINDS`."""

    def connect(
        self,
        api_base: str,
        repository: str,
        secret: Secret,
        account: str = "",
        **transport: Unpack[Transport],
    ) -> Forge:
        """Return the adapter for a repository; nothing is asked yet.

        Args:
            api_base: address of the REST interface.
            repository: its path on the forge, as `detect.Hosted` has it.
            secret: the token.
            account: whose it is, where the two belong together; empty where it is not known.
            transport: how to reach the forge.

        Raises:
            ForgeError: there is no such repository by its form, or no token can be sent there.
        """
        ...


def adapter(kind: str) -> Leaf:
    """Return the adapter of a kind of forge.

    Raises:
        ForgeError: there is none.
    """
    if kind not in FORGES:
        kinds = ", ".join(FORGES)
        raise ForgeError(f"no adapter for {kind}", hint=f"there are: {kinds}")
    found: Leaf = resolve_name(FORGES[kind])
    return found


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
    leaf = adapter(hosted.kind)
    return leaf.connect(hosted.api_base, hosted.path, secret, account, **transport)
