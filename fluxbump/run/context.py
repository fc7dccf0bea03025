"""What an attempt acts on, and what it notes: the base, the remote, the forge, the log."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from msgspec import Struct

from fluxbump.forges.forge import Forge
from fluxbump.git.repository import Repository
from fluxbump.run.remote_and_forge import Publisher, RemoteBranches


class Log(Protocol):
    """Takes what happens, as it happens."""

    def __call__(self, event: str, message: str, **details: object) -> None:
        """Note an event: a stable word, a sentence, and what belongs to it."""
        ...


Notes = Callable[[tuple[str, ...]], Mapping[str, str] | None]
"""Returns release notes by release, of those that have them; None when none are wanted."""


class Effect(Struct, frozen=True):
    """One thing that a run did, or left.

    Attributes:
        event: a stable word: `pushed`, `opened`, `refreshed`, `superseded`, `scheduled`, `told`,
            `deleted`, `dashboard`, `left`.
        message: one sentence.
        url: of the pull request; empty where there is none.
    """

    event: str
    message: str
    url: str = ""


class World(Struct, frozen=True):
    """What an attempt looks at and acts on.

    Attributes:
        repository: that has the base.
        remote: that branches are pushed to.
        forge: where pull requests live.
        publisher: acts on the remote and on the forge.
        notes: of releases.
        log: takes what happens.
        base_branch: that is proposed to.
    """

    repository: Repository
    remote: RemoteBranches
    forge: Forge
    publisher: Publisher
    notes: Notes
    log: Log
    base_branch: str
