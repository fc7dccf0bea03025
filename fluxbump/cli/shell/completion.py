"""Completes releases, rules and revisions in a shell, fast and without the network.

A shell asks while the user types. So the releases come from the table that ships with fluxbump,
the rules come from the names of their pages, and an error completes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import fluxbump
from fluxbump.errors import FluxbumpError, UsageError
from fluxbump.text.patterns import lazy_pattern

SHELLS = ("bash", "zsh", "fish", "powershell", "pwsh")
"""The shells that fluxbump has a completion for."""

OPTIONS = ("--show-completion", "--install-completion")
"""The options that take the name of a shell, by default that of the calling shell."""

VARIABLE = "_FLUXBUMP_COMPLETE"
"""The variable that the shell's completion sets when it asks for the words that fit."""

_PROGRAM = "fluxbump"
_WORDS = ("latest", "latest-safe")
_HARMLESS = lazy_pattern(r"[\w.][\w./+@:,=%-]*")
"""Matches text that every shell reads as one plain word."""


def releases(incomplete: str) -> list[str]:
    """Complete a Flux release: words such as `latest`, lines such as 2.5, then each release."""
    from fluxbump.flux.tables import charts

    found = sorted({chart.app_version for chart in charts.by_version().values()}, reverse=True)
    lines = dict.fromkeys(f"{release.major}.{release.minor}" for release in found)
    return _fitting([*_WORDS, *lines, *map(str, found)], incomplete)


def codes(incomplete: str) -> list[str]:
    """Complete the last code in a list of rules that is separated by commas."""
    before, comma, last = incomplete.rpartition(",")
    return [f"{before}{comma}{code}" for code in _fitting(_codes(), last)]


def rules(incomplete: str) -> list[str]:
    """Complete the code of one rule."""
    return _fitting(_codes(), incomplete)


def revisions(incomplete: str) -> list[str]:
    """Complete a branch or a tag of the repository that the user is in.

    A shell puts a completion into the command line as it is. So a name that the shell would read as
    a command, `$(…)`, is left out, because anybody who can push a branch chooses its name.
    """
    from fluxbump.git import refs

    try:
        return _fitting(filter(_HARMLESS.fullmatch, refs.revisions()), incomplete)
    except FluxbumpError:
        return []


def _codes() -> list[str]:
    # Importing the rules takes a fifth of a second; their pages have the same names.
    pages = Path(fluxbump.__file__).parent / "check" / "rules" / "pages"
    return sorted(page.stem for page in pages.glob("FB*.md"))


def _fitting(names: Iterable[str], incomplete: str) -> list[str]:
    return [name for name in names if name.lower().startswith(incomplete.lower())]


def asked(arguments: Sequence[str]) -> bool:
    """Whether a command line names a shell to show or install the completion for."""
    option, *shells = arguments or [""]
    return option in OPTIONS and len(shells) == 1


def answer(option: str, shell: str) -> str:
    """Return the completion script of a shell, or install it and return where it is.

    Raises:
        UsageError: fluxbump has no completion for this shell.
    """
    from typer import _completion_shared as completion

    if shell not in SHELLS:
        raise UsageError(f"unsupported shell: {shell!r}", hint=f"use {', '.join(SHELLS)}")
    if option == OPTIONS[0]:
        return completion.get_completion_script(
            prog_name=_PROGRAM, complete_var=VARIABLE, shell=shell
        )
    _, path = completion.install(shell=shell, prog_name=_PROGRAM, complete_var=VARIABLE)
    return f"{shell} completion installed in {path} (open a new shell to use it)"
