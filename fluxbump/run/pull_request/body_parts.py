"""The inputs of a pull request's body, and its sections, which can be shortened. Pure."""

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
"""Returns the URL of a line of a file, from path and line. Empty if there is none."""


class BodyInputs(Struct, frozen=True):
    """The facts from which a body is made.

    Attributes:
        prepared: the bump.
        base_branch: the name of the branch that the pull request goes to.
        way: the route whose first hop is the bump. None if there is no route to show.
        skipped: the newer releases that get no pull request.
        notes: the release notes by release, as untrusted Markdown. None leaves the section out.
        without_notes: the releases on the way whose notes are not available.
        link: gives the URL of a place in the repository. None writes places without links.
        remote: the name of the remote, for the commands to type.
        release_page: gives the URL of a release's page. None writes releases without links.
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
        """The release that the pull request moves to."""
        return self.prepared.plan.targets[FLUX]

    @property
    def current(self) -> str | None:
        """The release that the base holds. None if it is not known."""
        return self.prepared.before.installed


class Section(Struct, frozen=True):
    """A part of a body that can be shortened.

    Attributes:
        title: the heading of the section. Empty for none.
        items: the lines of the section. If it is shortened, the first ones are kept.
        word: the noun for an item, such as `pin`, for the line that counts the others.
        head: the lines before the items, such as a table's header.
        table: whether the items are rows of a table.
        folded: the summary of a folded section, with counts. Empty for a section that is always
            open.
    """

    title: str
    items: tuple[str, ...] = ()
    word: str = "line"
    head: tuple[str, ...] = ()
    table: bool = False
    folded: str = ""

    def render(self, count: int | None = None, *, hidden: bool = False) -> str:
        """Return the section with its first `count` items. Empty if it has no content.

        Args:
            count: the number of items to keep. None keeps all.
            hidden: whether the forge folds `<details>`.
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
    """Return a place as a link, or as code if there is no URL. `cell` is for a table's cell."""
    url = link(location.path, location.line) if link else ""
    return markdown.link(f"{location.path}:{location.line}", url, cell=cell)


def header(*cells: str) -> tuple[str, str]:
    """Return the two lines that begin a table."""
    return row(*cells), row(*("---" for _ in cells))


def row(*cells: str) -> str:
    """Return a row of a table."""
    return f"| {' | '.join(cells)} |"
