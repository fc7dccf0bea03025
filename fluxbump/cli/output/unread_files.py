"""Notes the files that a command could not read and that may matter to its answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fluxbump.cli.console import Console
    from fluxbump.model import Unreadable


def say_unread(files: Iterable[Unreadable], console: Console) -> None:
    """Print one line for each file, with the reason why it was not read.

    Args:
        files: the files that could not be read. A file can appear several times.
        console: takes the lines.
    """
    from fluxbump.discover import unparsed

    for unreadable in {unreadable.location.path: unreadable for unreadable in files}.values():
        console.note(f"not searched: {unreadable.location} {unparsed.problem(unreadable)}")
