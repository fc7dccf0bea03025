"""What a pull request's body is made from: its inputs, and sections that can be shortened. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from msgspec import Struct

from fluxbump.flux.upgrade_path import Route
from fluxbump.model import FLUX, Location
from fluxbump.run.decision import Skipped
from fluxbump.text import markdown

if TYPE_CHECKING:
    from fluxbump.bump.prepared_bump import Prepared

Link = Callable[[str, int], str]
"""Returns the address of a line of a file: path and line to URL; empty for none."""


class BodyInputs(Struct, frozen=True):
    """What a body says.

    Attributes:
        prepared: the bump.
        base_branch: that it goes to.
        way: of which the bump is the first hop; None when there is no more to say.
        skipped: newer releases that are not proposed.
        notes: release notes, Markdown from outside, by release.
        without_notes: releases that are crossed and whose notes are not available.
        link: to a place in the repository; None for places without links.
        remote: what people call the remote, for the commands to type.
        release_page: where people read about a release; None for no links.
    """

    prepared: Prepared
    base_branch: str
    way: Route | None = None
    skipped: tuple[Skipped, ...] = ()
    notes: Mapping[str, str] | None = None
    without_notes: tuple[str, ...] = ()
    link: Link | None = None
    remote: str = "origin"
    release_page: Callable[[str], str] | None = None

    @property
    def release(self) -> str:
        """The release that is proposed."""
        return self.prepared.plan.targets[FLUX]

    @property
    def current(self) -> str | None:
        """The release that the base holds."""
        return self.prepared.before.installed


class Section(Struct, frozen=True):
    """A part of a body that can be shortened.

    Attributes:
        title: of the section; empty for none.
        items: lines, of which only the first may be kept.
        word: what an item is, for the line that counts the others: `pin`.
        head: lines before the items, such as a table's header.
        table: the items are rows.
        folded: what a reader sees of it before it is opened, with counts; empty for a section that
            is always open.
    """

    title: str
    items: tuple[str, ...] = ()
    word: str = "line"
    head: tuple[str, ...] = ()
    table: bool = False
    folded: str = ""

    def render(self, count: int | None = None, *, hidden: bool = False) -> str:
        """Return the section with its first `count` items; empty when it says nothing.

        Args:
            count: items to keep; None for all.
            hidden: the forge folds `<details>`.
        """
        if not (self.items or self.head):
            return ""
        kept = self.items if count is None else self.items[:count]
        left = len(self.items) - len(kept)
        more = f"{left} more {self.word}{'s' if left != 1 else ''}."
        head = () if self.table and not kept else self.head
        parts = ["\n".join([*head, *kept])] if head or kept else []
        parts += [more] if left else []
        if self.folded and hidden:
            summary = f"<details>\n<summary>{self.folded}</summary>"
            return "\n\n".join([summary, *parts, "</details>"])
        opening = [f"### {self.title}"] if self.title else []
        return "\n\n".join([*opening, *([self.folded] if self.folded else []), *parts])


def place_of(location: Location, link: Link | None, *, cell: bool = False) -> str:
    """Return a place as a link, or as code where there is no address."""
    url = link(location.path, location.line) if link else ""
    return markdown.link(f"{location.path}:{location.line}", url, cell=cell)


def header(*cells: str) -> tuple[str, str]:
    """Return the two lines that begin a table."""
    return row(*cells), row(*("---" for _ in cells))


def row(*cells: str) -> str:
    """Return a row of a table."""
    return f"| {' | '.join(cells)} |"
