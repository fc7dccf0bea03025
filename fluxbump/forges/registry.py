"""The adapters of the forges.

A leaf is a module, or an object in one, with `NAME` and `connect` (see `Leaf`). Its kind names its
place (`kinds.KINDS`): each brings models of its own, so only the one that is asked is imported.
Which one a remote is on, `detect` says.
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
    """An adapter: a module with these two."""

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
    if kind not in KINDS:
        kinds = ", ".join(KINDS)
        raise ForgeError(f"no adapter for {kind}", hint=f"there are: {kinds}")
    found: Leaf = resolve_name(KINDS[kind].adapter)
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
