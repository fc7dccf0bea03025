"""The exceptions for every expected failure, with their exit codes.

The command line prints the parts of such an exception on standard error and ends with the exit
code of its class. A failed check is a `Finding` (see `model`), not an
exception. Anything else that escapes is a bug (exit code 70).

    FluxbumpError
    ├── UsageError          2   the request makes no sense (bad version text, options that clash)
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
    └── OutputError        74   a result cannot be written
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

The classes below have the codes of expected errors. 70, 71 and 74 are EX_SOFTWARE, EX_OSERR and
EX_IOERR of sysexits(3). If a signal ends fluxbump, the code is 128 plus the signal, as in shells.
"""

UPDATE_AVAILABLE = 20
UPDATE_BLOCKED = 21
BUG = 70
INTERRUPTED = 130
TERMINATED = 143


class Again(Struct, frozen=True):
    """Advice to repeat the command that failed, with other options.

    The code that raises an error does not know the command; the command line puts it in.

    Attributes:
        add: the words to add, such as an option and its value.
        why: what the command does with them, in a few words.
        drop: the options to leave out; they are options without a value.
    """

    add: tuple[str, ...] = ()
    why: str = ""
    drop: tuple[str, ...] = ()


class FluxbumpError(Exception):
    """An expected failure in parts: the problem, its place, facts, and what to do next.

    Args:
        message: the problem in a few words that begin in lower case, without a final full stop.
        where: the place of the problem in the repository; None if it has none.
        hint: what the reader can do next, if that is not a command.
        facts: what else the reader needs to know, one line for each fact.
        places: all places that the problem is about, each with a message that says what is there.
        next: the commands that the reader can type next.
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
        """The places as lines, grouped by message; empty if there is at most one place.

        The message of the error already names a single place.
        """
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
        """Return all parts except the commands on one line, to be quoted as a reason."""
        advice = f" ({self.hint})" if self.hint else ""
        return "; ".join([self.problem, *self.facts]) + advice


def _group(message: str, group: list[str]) -> tuple[str, ...]:
    """Return the lines for places that share one message."""
    if len(group) == 1:
        return (f"{group[0]}: {message}",)
    return (f"{len(group)} places: {message}", *(f"  {location}" for location in group))


class UsageError(FluxbumpError):
    """The request makes no sense: a bad version text, or options that clash."""

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
    """A place that belongs to a bump would keep its old version, or nobody can tell whether."""


class UnprovenError(PinError):
    """A search of the edited files finds other pins than the planned ones.

    Either a version in a text decides what is recognized around it, or a kind of pin has a bug.
    """


class RepositoryError(FluxbumpError):
    """Git has no such repository or revision, or a branch is in the way."""

    exit_code = 6


class IndexSourceError(FluxbumpError):
    """The chart index, a registry or an archive cannot be read, or is not valid."""

    exit_code = 7


class NoAnswerError(IndexSourceError):
    """A source gave no answer: the network or the server is down, or the cache is empty offline.

    A cached copy, or the table that ships with the package, may be used instead. If a server has
    answered, the error is what the server says, and not this class.
    """


class ToolError(FluxbumpError):
    """A program such as git, helm or kubectl is missing, or it failed."""

    exit_code = 8


class RefusedError(FluxbumpError):
    """The request is possible, but dangerous, so it needs an explicit flag."""

    exit_code = 9


class ForgeError(FluxbumpError):
    """The forge cannot be reached, refuses the token, or gives an invalid answer."""

    exit_code = 10


class MachineError(FluxbumpError):
    """The machine lacks disk space, memory, descriptors or processes."""

    exit_code = 71  # EX_OSERR in sysexits(3)


class OutputError(FluxbumpError):
    """A result cannot be written, because the disk is full for example."""

    exit_code = 74  # EX_IOERR in sysexits(3)
