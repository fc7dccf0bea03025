"""Keeps the command line as typed, and writes next commands from it that work when pasted."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from fluxbump.errors import Again, FluxbumpError
from fluxbump.model import Step
from fluxbump.reports.next_steps import typed

_words: list[str] = []

_FLAGS = frozenset(
    [
        "--cluster",
        "--offline",
        "--dry-run",
        "-n",
        "--in-place",
        "--checkout",
        "--align",
        "--no-mentions",
        "--migrate-apis",
        "--leave-gotk",
        "--render",
    ]
)
"""The options among `TAKEN` and `OF_BUMP` that take no value."""
_SHORT = frozenset("nqy")
_WORKTREE = ("--worktree",)
_CLUSTERS = ("--kubernetes", "--cluster-state", "--cluster", "--context")
_SOURCES = ("--index", "--releases", "--offline")
TAKEN: Mapping[str, Collection[str]] = {
    "status": ("--repo", "--rev", *_SOURCES),
    "check": ("--repo", "--rev", *_CLUSTERS, *_SOURCES),
    "to": ("--repo", "--rev", *_CLUSTERS, *_SOURCES),
    "path": ("--repo", "--rev", *_CLUSTERS, *_SOURCES),
    "releases": ("--repo", "--rev", "--index"),  # it asks the index, so never offline
    "init": ("--repo",),
}
"""The options of each command for its place of work and its sources of facts."""
OF_BUMP = ("--dry-run", "-n", "--in-place", "--checkout", "--bump", "--operator", "--align",
           "--no-mentions", "--migrate-apis", "--fix", "--leave-gotk", "--render", "--helm",
           "--flux")  # fmt: skip
"""The options that a further bump takes over. `--accept-risk` is not one of them."""


def remember(arguments: Sequence[str]) -> None:
    """Keep the arguments of this run, without the option that prints a page for a browser."""
    _words.clear()
    for word in _parted(arguments):
        if word == "html" and _words[-1:] in (["--output"], ["-o"]):
            del _words[-1]
        elif word != "--output=html":
            _words.append(word)


def _parted(arguments: Iterable[str]) -> Iterator[str]:
    """Yield the words, with short flags that share a word taken apart: `-nq` is `-n -q`."""
    for word in arguments:
        if word.startswith("-") and len(word) > len("-n") and {*word[1:]} <= _SHORT:
            yield from (f"-{letter}" for letter in word[1:])
        else:
            yield word


def again(
    *more: str,
    without: Collection[str] = (),
    flags: Collection[str] = (),
    instead: Mapping[str, str] | None = None,
) -> str:
    """Return the command of this run with changes, quoted for a shell.

    Args:
        more: the words to add.
        without: the options with a value to leave out.
        flags: the options without a value to leave out.
        instead: maps words to the words that replace them.
    """
    words = ["fluxbump"]
    rest = iter(_words)
    for word in rest:
        if word in without:
            next(rest, None)
        elif word not in flags and not word.startswith(tuple(f"{name}=" for name in without)):
            words.append((instead or {}).get(word, word))
    return typed([*words, *more])


def steps(error: FluxbumpError) -> list[Step]:
    """Return the next commands of an error. For an `Again`, it is the command of this run."""
    return [
        Step(again(*step.add, flags=step.drop), step.why)
        if isinstance(step, Again)
        else _placed(step)
        for step in error.next
    ]


def placed(steps: Iterable[Step]) -> list[Step]:
    """Return the commands with this run's options for repository, revision and sources."""
    return [_placed(step) for step in steps]


def _placed(step: Step) -> Step:
    words = shlex.split(step.command)
    if words[0] != "fluxbump" or not _words:
        return step
    given = {word.partition("=")[0] for word in words}
    more = [*_carried(words[1], given)]
    if {*_CLUSTERS} & {*more}:  # a cluster was named, so that none has to be guessed
        words = [word for word in words if word != "--cluster"]
    return Step(typed([*words, *more]), step.why)


def _carried(command: str, given: Collection[str]) -> Iterator[str]:
    """Yield the options of this run that another command takes and does not have yet."""
    wanted = {*TAKEN.get(command, ())}
    if command == "to" and _words[0] in ("to", "sync"):
        wanted |= {*OF_BUMP}
    if {"-n", "--dry-run"} & {*given}:
        wanted -= {"-n", "--dry-run"}
    if command == "to" and "--in-place" not in given and (_words[0] == "sync" or has(_WORKTREE)):
        yield "--in-place"
    rest = iter(_words[1:])
    for word in rest:
        name, equals, _ = word.partition("=")
        if not word.startswith("-") or name not in {*TAKEN["to"], *OF_BUMP}:
            continue
        value = [next(rest, "")] if not equals and name not in _FLAGS else []
        if name in wanted and name not in given:
            yield from (word, *value)


def has(flags: Collection[str]) -> bool:
    """Whether this run was called with one of these options, which take no value."""
    return any(word in flags for word in _words)


def kept(*options: str) -> list[str]:
    """Return those of these options, which take a value, that this run was called with."""
    found: list[str] = []
    rest = iter(_words)
    for word in rest:
        if word in options:
            found += [word, next(rest, "")]
        elif word.partition("=")[0] in options:
            found.append(word)
    return found
