"""What the configuration and the chart index add to the search for pins. Pure."""

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
    """What the configuration and the chart index add to the search.

    Attributes:
        exclude: globs over paths; `*` also matches `/`.
        leave_excluded: globs over excluded paths whose pins are meant to stay behind.
        custom: pins that the configuration adds.
        repositories: where the community chart may come from.
        app_versions: chart version to Flux release, as the index says.
        also: what others will look for, so that one search of a large tree is enough.
        spread: how work on many files is divided.
        program_source: what exact URLs and calls of helm in the source code of a program are.
        search_archives: whether folders that by their names are archives are searched too.
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
        """Whether a path is in a folder that by its name is an archive, and is not searched."""
        return not self.search_archives and archive_of(path) is not None

    def kept(self, paths: Sequence[str]) -> Sequence[str]:
        """Return the paths that are searched."""
        return [path for path in paths if not self.excludes(path)]

    def weighs(self, path: str) -> bool:
        """Whether what an excluded path holds may be live, so that it must not stay behind."""
        meant = any(fnmatchcase(path, glob) for glob in self.leave_excluded)
        resting = meant or holds_copies(path) or self.archives(path)
        return self.excludes(path) and not resting


def idle(context: Context, pins: Collection[Pin]) -> Iterator[Note]:
    """A configured pin that finds nothing is a typing error, or outlived its file."""
    for custom in context.custom:
        where = Location(SETTINGS_FILE, custom.line)
        if context.track_named(custom.track) is None:
            known = ", ".join(["flux", *context.names()])
            message = f"no track is called {custom.track}"
            yield Note(where, message, advice=f"Name one of {known}")
        elif not any(fnmatchcase(pin.location.path, custom.path) for pin in pins):
            yield Note(where, f"finds no version in {custom.path}", advice="Fix it or remove it")
