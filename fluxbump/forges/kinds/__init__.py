"""The kinds of forges that are supported. Pure: the adapters send the requests."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from fluxbump.forges.kinds import azure, bitbucket, forgejo, gitea, github, gitlab
from fluxbump.forges.kinds.kind import ForgeKind, ForgeTokens

KINDS: Final[dict[str, ForgeKind]] = {
    kind.name: kind
    for kind in (
        github.KIND,
        gitlab.KIND,
        gitea.KIND,
        forgejo.KIND,
        bitbucket.KIND,
        azure.KIND,
    )
}

_NOBODY = frozenset(
    name
    for kind in KINDS.values()
    for name in (kind.token.username, kind.token.address_username)
    if name
)


def token_words(kind: str | None) -> ForgeTokens:
    """Return what a kind of forge calls its tokens; None and other kinds have no words of theirs.

    A username that stands for the token does so whatever the forge is.
    """
    known = KINDS.get(kind or "")
    return replace(known.token if known else ForgeTokens(), nobody=_NOBODY)
