"""Defines the scope of a search for pins: what the configuration and the chart index add. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

from msgspec import Struct

from fluxbump.discover.copies_and_archives import archive_of, holds_copies
from fluxbump.discover.pins.kind import (
    COMMUNITY_REPOSITORIES,
    SETTINGS_FILE,
    Context,
    CustomPin,
    ProgramSource,
)
from fluxbump.model import Location, Note, Pin
from fluxbump.system.parallel import Spread, serially


class Scope(Struct, frozen=True):
    """What the configuration and the chart index add to the search for pins.

    Attributes:
        exclude: glob patterns for paths that are not searched; `*` also matches `/`.
        leave_excluded: glob patterns for excluded paths whose pins a bump may leave behind.
        custom: pins that the configuration adds.
        repositories: the chart repositories that serve the community's chart, mirrors included.
        app_versions: the Flux release of each version of the chart `flux2`, from the chart index;
            None if there is no index.
        also: fixed texts that later steps search for, so that the tree is searched once.
        spread: divides the work on many files.
        program_source: whether exact URLs and helm calls in the source code of programs are pins or
            mentions.
        search_archives: whether folders whose names say that they are archives are searched too.
    """

    exclude: tuple[str, ...] = ()
    leave_excluded: tuple[str, ...] = ()
    custom: tuple[CustomPin, ...] = ()
    repositories: tuple[str, ...] = COMMUNITY_REPOSITORIES
    app_versions: Mapping[str, str] | None = None
    also: tuple[str, ...] = ()
    spread: Spread = serially
    program_source: ProgramSource = "pins"
    search_archives: bool = False

    def excludes(self, path: str) -> bool:
        """Whether a path is not searched: by the configuration, or because it is in an archive."""
        return any(fnmatchcase(path, glob) for glob in self.exclude) or self.archives(path)

    def archives(self, path: str) -> bool:
        """Whether a path is not searched because one of its folders has the name of an archive."""
        return not self.search_archives and archive_of(path) is not None

    def kept(self, paths: Sequence[str]) -> Sequence[str]:
        """Return those of the paths that are searched, in the same order."""
        return [path for path in paths if not self.excludes(path)]

    def weighs(self, path: str) -> bool:
        """Whether an excluded file may be live, so that a bump must not leave its pins behind."""
        meant = any(fnmatchcase(path, glob) for glob in self.leave_excluded)
        resting = meant or holds_copies(path) or self.archives(path)
        return self.excludes(path) and not resting


def idle(context: Context, pins: Collection[Pin]) -> Iterator[Note]:
    """Yield a note for each configured pin that finds no version or names an unknown track.

    Such a pin has a typing error, or its file is gone.
    """
    for custom in context.custom:
        where = Location(SETTINGS_FILE, custom.line)
        if context.track_named(custom.track) is None:
            known = ", ".join(["flux", *context.names()])
            message = f"no track is called {custom.track}"
            yield Note(where, message, advice=f"Name one of {known}")
        elif not any(fnmatchcase(pin.location.path, custom.path) for pin in pins):
            yield Note(where, f"finds no version in {custom.path}", advice="Fix it or remove it")
