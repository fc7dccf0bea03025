"""Writes a fleet's file from the repositories that an owner has on a forge. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from msgspec import Struct

from fluxbump.forges.forge import OwnedRepository
from fluxbump.git.remote_url import RemoteUrl
from fluxbump.text.patterns import lazy_pattern

_PLAIN = lazy_pattern(r"[A-Za-z0-9@][A-Za-z0-9@:/._~+-]*[A-Za-z0-9/_~+-]")
"""Matches texts that YAML reads as strings without quotes."""


class Selection(Struct, frozen=True):
    """The choice of repositories for the file.

    Attributes:
        archived: whether archived repositories are listed.
        forks: whether forks are listed.
    """

    archived: bool = False
    forks: bool = False

    def reason(self, repository: OwnedRepository) -> str:
        """Return the word for why a repository is left out. Empty if it is listed."""
        if repository.archived and not self.archived:
            return "archived"
        if repository.fork and not self.forks:
            return "forks"
        return "empty" if repository.empty else ""


def fleet_file(
    owner: RemoteUrl,
    place: str,
    repositories: Iterable[OwnedRepository],
    selection: Selection,
    defaults: dict[str, str],
) -> str:
    """Return a fleet's file, sorted by path so that two of them can be compared.

    The URLs are built from that of the owner. The URLs in the forge's answer are not used, because
    a token would go to the host that they name.

    Args:
        owner: the URL of the owner on the forge.
        place: the path of the owner on its forge, which may be below a path of its host.
        repositories: all repositories of the owner.
        selection: the choice of those to list.
        defaults: the values for all repositories, by the keys of the file.
    """
    left_out: dict[str, int] = {}
    taken: list[str] = []
    depth = place.count("/") + 1
    for repository in repositories:
        reason = selection.reason(repository)
        if reason:
            left_out[reason] = left_out.get(reason, 0) + 1
        else:
            taken.append("/".join(repository.path.split("/")[depth:]))
    return "\n".join(_lines(owner, sorted(taken), left_out, defaults)) + "\n"


def _lines(
    owner: RemoteUrl, below: list[str], left_out: dict[str, int], defaults: dict[str, str]
) -> Iterator[str]:
    yield f"# Made by `fluxbump fleet discover {owner.url}`."
    if left_out:
        counted = ", ".join(f"{reason} {count}" for reason, count in sorted(left_out.items()))
        yield f"# Left out: {counted}."
    yield "repositories:" if below else "repositories: []"
    start = owner.url.rstrip("/")
    for path in below:
        yield f"  - {_scalar(f'{start}/{path}.git')}"
    if defaults:
        yield "defaults:"
        for key, value in defaults.items():
            yield f"  {key}: {_scalar(value)}"


def _scalar(text: str) -> str:
    return text if _PLAIN.fullmatch(text) else json.dumps(text)
