"""The command line as it was typed, and with other words, for advice that works when followed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from fluxbump.errors import Again, FluxbumpError
from fluxbump.model import Step
from fluxbump.reports.next_steps import typed

_words: list[str] = []


def remember(arguments: Sequence[str]) -> None:
    """Note what this run was called with; who reads a page types no command that prints one."""
    _words.clear()
    for word in arguments:
        if word == "html" and _words[-1:] in (["--output"], ["-o"]):
            del _words[-1]
        elif word != "--output=html":
            _words.append(word)


def again(
    *more: str,
    without: Collection[str] = (),
    flags: Collection[str] = (),
    instead: Mapping[str, str] | None = None,
) -> str:
    """Write the command of this run once more, so that a shell reads it.

    Args:
        more: words to add.
        without: options with a value that are left out.
        flags: options without a value that are left out.
        instead: words in place of others.
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
    """Return what an error says to type next, with this run's own words where it says so."""
    return [
        Step(again(*step.add, flags=step.drop), step.why) if isinstance(step, Again) else step
        for step in error.next
    ]


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
