"""What a shell completes: releases, rules and revisions. Fast, and never from the network.

A shell asks while somebody types. So the releases are those of the table that ships, the rules are
read from the names of their pages, and whatever goes wrong completes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import fluxbump
from fluxbump.errors import FluxbumpError, UsageError
from fluxbump.text.patterns import lazy_pattern

SHELLS = ("bash", "zsh", "fish", "powershell", "pwsh")
"""Shells that there is a completion for."""

OPTIONS = ("--show-completion", "--install-completion")
"""Options that take the name of a shell; without it, that of the shell that runs fluxbump."""

VARIABLE = "_FLUXBUMP_COMPLETE"
"""Set by the completion of the shell when it asks what fits."""

_PROGRAM = "fluxbump"
_WORDS = ("latest", "latest-safe")
_HARMLESS = lazy_pattern(r"[\w.][\w./+@:,=%-]*")
"""What no shell reads as more than a word."""


def releases(incomplete: str) -> list[str]:
    """Complete a Flux release: words such as `latest`, lines such as 2.5, then each release."""
    from fluxbump.flux.tables import charts

    found = sorted({chart.app_version for chart in charts.by_version().values()}, reverse=True)
    lines = dict.fromkeys(f"{release.major}.{release.minor}" for release in found)
    return _fitting([*_WORDS, *lines, *map(str, found)], incomplete)


def codes(incomplete: str) -> list[str]:
    """Complete the last of several codes of rules with commas between."""
    before, comma, last = incomplete.rpartition(",")
    return [f"{before}{comma}{code}" for code in _fitting(_codes(), last)]


def rules(incomplete: str) -> list[str]:
    """Complete the code of one rule."""
    return _fitting(_codes(), incomplete)


def revisions(incomplete: str) -> list[str]:
    """Complete a branch or a tag of the repository that the user is in.

    A shell puts a completion into the command line as it is, so a name that the shell would read as
    a command, `$(…)`, is left out: anybody who may push a branch chooses its name.
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
    """Return the completion script of a shell, or install it and say where it is.

    Raises:
        UsageError: there is none for this shell.
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
