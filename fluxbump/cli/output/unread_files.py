"""What a command has not read that may matter to its answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fluxbump.cli.console import Console
    from fluxbump.model import Unreadable


def say_unread(files: Iterable[Unreadable], console: Console) -> None:
    """Say once of each file why it was not read.

    Args:
        files: that could not be read; one may be named several times.
        console: takes a line for each.
    """
    from fluxbump.discover import unparsed

    for unreadable in {unreadable.location.path: unreadable for unreadable in files}.values():
        console.note(f"not searched: {unreadable.location} {unparsed.problem(unreadable)}")
