"""The values that one attempt of a run works with: its repository, remote, forge and log."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from msgspec import Struct

from fluxbump.forges.forge import Forge
from fluxbump.git.repository import Repository
from fluxbump.run.remote_and_forge import Publisher, RemoteBranches


class Log(Protocol):
    """A function that takes the events of a run as they happen."""

    def __call__(self, event: str, message: str, **details: object) -> None:
        """Note an event.

        Args:
            event: a stable word.
            message: one sentence for the reader.
            details: further values of the event, such as `url`.
        """
        ...


Notes = Callable[[tuple[str, ...]], Mapping[str, str] | None]
"""Returns the notes of the releases that have some, by release. None if notes are turned off."""


class Effect(Struct, frozen=True):
    """One thing that a run did, or left unchanged.

    Attributes:
        event: a stable word: `pushed`, `opened`, `refreshed`, `superseded`, `scheduled`, `told`,
            `deleted`, `dashboard`, `left`.
        message: one sentence.
        url: the URL of the pull request or issue. Empty if there is none.
    """

    event: str
    message: str
    url: str = ""


class World(Struct, frozen=True):
    """The repository, the remote and the forge that an attempt reads and changes.

    Attributes:
        repository: the local repository that has the base.
        remote: the remote that branches are pushed to.
        forge: the forge that has the pull requests, for reading.
        publisher: makes the changes on the remote and on the forge, or records them in a dry run.
        notes: gives the notes of releases.
        log: takes the events of the run.
        base_branch: the name of the branch that pull requests go to.
    """

    repository: Repository
    remote: RemoteBranches
    forge: Forge
    publisher: Publisher
    notes: Notes
    log: Log
    base_branch: str
