"""A forge on loopback as the scenarios see it: a Gitea, or the fake that stands in for one.

    place = site.repository(files)      # a repository of its own
    people = Person(place, place.person)

Whoever works there has a token: the job, a person who may write, one who may only read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

Files = Mapping[str, str | bytes]

OWNER = "acme"
JOB, PERSON, ADMIN = "fluxbump-bot", "octocat", "admiral"
"""Who works there; the last one may change the settings."""
SCOPES = ("write:repository", "write:issue", "read:organization")
"""Of the tokens of those who are no administrator: what docs/forges.md asks for."""


@dataclass(frozen=True)
class Place:
    """A repository on a forge.

    Attributes:
        name: `owner/name`.
        git: its URL for git, without a user.
        api: the URL of the API.
        tokens: of `JOB`, `PERSON` and `ADMIN`.
        options: that `fluxbump run` needs to find the forge.
        authority: the certificate of a private authority that vouches for it.
    """

    name: str
    git: str
    api: str
    tokens: Mapping[str, str]
    options: tuple[str, ...] = ()
    authority: Path | None = None

    @property
    def trust(self) -> tuple[str, ...]:
        """What git is told, to trust it."""
        return ("-c", f"http.sslCAInfo={self.authority}") if self.authority else ()


@dataclass(frozen=True)
class Kept:
    """A repository of an organization, as it is listed."""

    name: str
    archived: bool = False
    empty: bool = False


class Site(Protocol):
    """A forge with people."""

    def repository(self, files: Files | None) -> Place:
        """Make a repository with one commit on `main`; None makes an empty one."""

    def token(self, who: str, *scopes: str) -> str:
        """Make a token of somebody with these scopes of Gitea's, such as `read:repository`."""

    def forbid(self, place: Place, who: str) -> None:
        """Let somebody only read a repository."""

    def organization(self, kept: Sequence[Kept]) -> str:
        """Make an organization with these repositories; return its URL."""

    def written(self) -> Sequence[bytes | Path]:
        """Return what the forge has written down of its requests, to search for a secret."""
