"""What can go wrong, as types.

Every expected failure is one of these; the command line prints its parts on standard error and
ends with the exit code of its class. A failed check is a `Finding` (see `model`), not an
exception. Anything else that escapes is a bug (exit code 70).

    FluxbumpError
    ├── UsageError          2   what was asked makes no sense (bad version text, options that clash)
    ├── ConfigError         3   fluxbump.yaml cannot be used
    ├── ResolveError        4   no chart ships the release that was asked for
    ├── PinError            5   the repository's pins cannot be read, or cannot be moved safely
    │   ├── HalfBumpError   5   something would stay behind, or nobody can tell
    │   └── UnprovenError   5   the result of the edits is not the planned one
    ├── RepositoryError     6   git: no repository, no such revision, branch in the way
    ├── IndexSourceError    7   the chart index, a registry or an archive cannot be read
    │   └── NoAnswerError   7   there is no answer: no network, or nothing in the cache offline
    ├── ToolError           8   an outside program (git, helm) is missing or failed
    ├── RefusedError        9   possible, but dangerous: needs an explicit flag
    ├── ForgeError         10   the forge cannot be reached, refuses, or answers nonsense
    ├── MachineError       71   the machine lacks disk, memory, descriptors or processes
    └── OutputError        74   what was found cannot be written
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from msgspec import Struct

if TYPE_CHECKING:
    from fluxbump.model import Location, Related, Step

EXIT_CODES = {
    0: "done, or nothing to do",
    1: "a check failed",
    2: "wrong usage",
    3: "an invalid fluxbump.yaml",
    4: "no chart ships the release",
    5: "pins that block it",
    6: "git, or the repository",
    7: "the chart index",
    8: "a missing program",
    9: "refused without a flag",
    10: "the forge",
    20: "an update, with --exit-code",
    21: "blocked, with --exit-code",
    70: "a bug",
    71: "disk, memory or open files",
    74: "output cannot be written",
    130: "interrupted",
    143: "terminated",
}
"""Every exit code in a few words: `--help` prints them, and docs/exit-codes.md says more.

Those of expected errors are the classes' below; EX_SOFTWARE, EX_OSERR and EX_IOERR are those of
sysexits(3), and what a signal ends is 128 and the signal, as shells have it.
"""

UPDATE_AVAILABLE = 20
UPDATE_BLOCKED = 21
BUG = 70
INTERRUPTED = 130
TERMINATED = 143


class Again(Struct, frozen=True):
    """The command that failed, typed again with other words; only the command line knows it.

    Attributes:
        add: words to add, such as an option.
        why: what the command does then, a few words.
        drop: options without a value to leave out.
    """

    add: tuple[str, ...] = ()
    why: str = ""
    drop: tuple[str, ...] = ()


class FluxbumpError(Exception):
    """An expected failure in parts: the problem, its place, facts, and what to do next.

    Args:
        message: the problem in a few words that begin in lower case, without a final full stop.
        where: the place in the repository, when there is one.
        hint: what the reader can do next, if that is no command.
        facts: what else the reader needs to know, one line each.
        places: all places that it is about, each with what is there.
        next: the commands to type next.
    """

    exit_code: ClassVar[int] = BUG

    def __init__(
        self,
        message: str,
        *,
        where: Location | str | None = None,
        hint: str | None = None,
        facts: Iterable[str] = (),
        places: Iterable[Related] = (),
        next: Iterable[Step | Again] = (),  # noqa: A002  # the label that readers see
    ) -> None:
        super().__init__(message)
        self.message = message
        self.where = str(where) if where is not None else None
        self.hint = hint
        self.facts = tuple(facts)
        self.places = tuple(places)
        self.next = tuple(next)

    @property
    def listed(self) -> tuple[str, ...]:
        """The places, where the sentence cannot name them all; what several share is said once."""
        if not self.places[1:]:  # one place is in the sentence
            return ()
        groups: dict[str, list[str]] = {}
        for place in self.places:
            groups.setdefault(place.message, []).append(str(place.location))
        return tuple(line for message, group in groups.items() for line in _group(message, group))

    @property
    def problem(self) -> str:
        """The problem and its place, without facts and advice."""
        return f"{self.where}: {self.message}" if self.where else self.message

    def __str__(self) -> str:
        """Return all on one line but the commands, as the reason of something else."""
        advice = f" ({self.hint})" if self.hint else ""
        return "; ".join([self.problem, *self.facts]) + advice


def _group(message: str, group: list[str]) -> tuple[str, ...]:
    """Return the lines of places with one message."""
    if len(group) == 1:
        return (f"{group[0]}: {message}",)
    return (f"{len(group)} places: {message}", *(f"  {location}" for location in group))


class UsageError(FluxbumpError):
    """What was asked makes no sense."""

    exit_code = 2


class ConfigError(FluxbumpError):
    """fluxbump.yaml cannot be used."""

    exit_code = 3


class ResolveError(FluxbumpError):
    """No chart ships the release that was asked for."""

    exit_code = 4


class PinError(FluxbumpError):
    """The repository's pins cannot be read, or cannot be moved safely."""

    exit_code = 5


class HalfBumpError(PinError):
    """Something that belongs to what moves would stay behind, or nobody can tell."""


class UnprovenError(PinError):
    """On the result of the edits other pins are found than the planned ones.

    A text was written so that a version decides what is recognised around it, or a kind is wrong.
    """


class RepositoryError(FluxbumpError):
    """Git: no repository, no such revision, a branch in the way."""

    exit_code = 6


class IndexSourceError(FluxbumpError):
    """The chart index, a registry or an archive cannot be read, or is not valid."""

    exit_code = 7


class NoAnswerError(IndexSourceError):
    """There is no answer: the network or the server is down, or nothing is kept, offline.

    What was read before, or ships with the package, may stand in. Where a server has answered,
    what it says is the error.
    """


class ToolError(FluxbumpError):
    """An outside program is missing or failed."""

    exit_code = 8


class RefusedError(FluxbumpError):
    """Possible, but dangerous: needs an explicit flag."""

    exit_code = 9


class ForgeError(FluxbumpError):
    """The forge cannot be reached, refuses the token, or answers what it should not."""

    exit_code = 10


class MachineError(FluxbumpError):
    """The machine lacks disk space, memory, descriptors or processes."""

    exit_code = 71  # EX_OSERR in sysexits(3)


class OutputError(FluxbumpError):
    """What was found cannot be written: the disk is full, for one."""

    exit_code = 74  # EX_IOERR in sysexits(3)
