"""Find and connect the adapter of a forge.

A leaf is a module, or an object in one, with `NAME` and `connect` (see `Leaf`). The kind of forge
names its place (`kinds.KINDS`). Each leaf has models of its own, so no more than the needed one is
imported. `detect` returns the forge of a remote.
"""

from __future__ import annotations

from pkgutil import resolve_name
from typing import Protocol, Unpack

from fluxbump.errors import ForgeError
from fluxbump.forges.client import Transport
from fluxbump.forges.detect import Hosted
from fluxbump.forges.forge import Forge
from fluxbump.forges.kinds import KINDS
from fluxbump.system.secret import Secret


class Leaf(Protocol):
    """An adapter of a forge: a module, or an object in one, with these two members."""

    NAME: str
    """Of the kind of forge, one of `kinds.KINDS`."""

    def connect(
        self,
        api_base: str,
        repository: str,
        secret: Secret,
        account: str = "",
        **transport: Unpack[Transport],
    ) -> Forge:
        """Return the adapter for a repository, without a request to the forge yet.

        Args:
            api_base: address of the REST interface.
            repository: its path on the forge, as `detect.Hosted` has it.
            secret: the token.
            account: the account of the token, for forges that need both; empty if it is not known.
            transport: how to reach the forge.

        Raises:
            ForgeError: `repository` has another form, or no token can be sent there.
        """
        ...


def adapter(kind: str) -> Leaf:
    """Return the adapter of a kind of forge.

    Raises:
        ForgeError: there is no adapter for this kind.
    """
    if kind not in KINDS:
        kinds = ", ".join(KINDS)
        raise ForgeError(f"no adapter for {kind}", hint=f"there are: {kinds}")
    found: Leaf = resolve_name(KINDS[kind].adapter)
    return found


def connect(
    hosted: Hosted, secret: Secret, account: str = "", **transport: Unpack[Transport]
) -> Forge:
    """Return the adapter for a repository, without a request to the forge yet.

    Args:
        hosted: the repository.
        secret: the token.
        account: the account of the token, for forges that need both; empty if it is not known.
        transport: how to reach the forge.

    Raises:
        ForgeError: there is no adapter for it, or the token cannot be sent there.
    """
    leaf = adapter(hosted.kind)
    return leaf.connect(hosted.api_base, hosted.path, secret, account, **transport)
