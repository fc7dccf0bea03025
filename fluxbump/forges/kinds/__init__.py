"""The table of the supported kinds of forges. Pure: the adapters send the requests."""

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
"""The kinds of forges, by their name in the configuration."""

_NOBODY = frozenset(
    name
    for kind in KINDS.values()
    for name in (kind.token.username, kind.token.address_username)
    if name
)


def token_words(kind: str | None) -> ForgeTokens:
    """Return the names of the token variables and usernames of a kind of forge.

    None and unknown kinds have no variables. The usernames that stand for a token are those of all
    kinds of forges, whatever the kind is.
    """
    known = KINDS.get(kind or "")
    return replace(known.token if known else ForgeTokens(), nobody=_NOBODY)
