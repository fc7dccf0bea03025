"""Finds pins in excluded files and in archives, which a bump would leave behind. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from msgspec.structs import replace

from fluxbump.discover import charts
from fluxbump.discover.copies_and_archives import archive_of, kind_of_archive
from fluxbump.discover.pins import DEPENDENCIES, OF_NO_PARSER
from fluxbump.discover.pins.kind import Context
from fluxbump.model import FLUX2, Form, Inventory, Note, Pin, Track
from fluxbump.text import versions
from fluxbump.text.live_code import TextFile

Finder = Callable[[Iterable[TextFile], Context], Inventory]
"""Searches files for pins of each kind, as `pin_search.find_pins` does."""


def pins(files: Sequence[TextFile], context: Context, find: Finder) -> tuple[Pin, ...]:
    """Find the pins that excluded files would have if they were not excluded.

    Args:
        files: the excluded candidates.
        context: knows the charts that fluxbump bumps.
        find: searches files for pins of each kind.
    """
    own = [file for file in files if file.path.rpartition("/")[2] == charts.FILE]
    others = find([file for file in files if file not in own], context)
    hidden = [pin for file in own for pin in _dependencies(file, context)]
    unread = [
        pin
        for path in dict.fromkeys(unreadable.location.path for unreadable in others.unreadable)
        for pin in _unread(TextFile(path, others.files[path]), context)
    ]
    return (*hidden, *others.pins, *unread)


def archived(files: Sequence[TextFile], context: Context, find: Finder) -> Iterator[Note]:
    """Yield a note for each archive folder with places that would be pins elsewhere.

    Args:
        files: the candidates in archives.
        context: knows the charts that fluxbump bumps.
        find: searches files for pins of each kind.
    """
    held: dict[str, list[Pin]] = {}
    for pin in pins(files, context, find) if files else ():
        held.setdefault(archive_of(pin.location.path) or "", []).append(pin)
    for folder, found in held.items():
        count = "1 place" if len(found) == 1 else f"{len(found)} places"
        verb = "is" if len(found) == 1 else "are"
        kind = kind_of_archive(folder)
        message = f"{folder}/ looks like {kind}, so {count} of Flux in it {verb} not checked"
        yield Note(found[0].location, message, advice=_SEARCH)


_SEARCH = "To search it, set `search_archives: true` in fluxbump.yaml"


def _dependencies(file: TextFile, context: Context) -> Iterator[Pin]:
    """Yield the pins in the dependencies of an excluded chart, but not the chart's own version."""
    chart = charts.read_one(file, context)
    if chart is not None:
        own = replace(context, charts={**context.charts, chart.name: chart})
        for kind in DEPENDENCIES:
            yield from (found for found in kind.find(file, own) if isinstance(found, Pin))


def _unread(file: TextFile, context: Context) -> Iterator[Pin]:
    """Yield known versions of charts in the live code of a file that cannot be parsed."""
    if not context.is_installed_in(file.text):
        return
    for track, version in dict.fromkeys(_held(context)):
        if not version or track.name not in file.text:
            continue
        for offset, value in versions.occurrences(file.text, [version]):
            if file.is_live(offset):
                where, end = file.location(offset), offset + len(value)
                yield Pin(
                    OF_NO_PARSER, track, where, offset, end, value, Form.EXACT,
                    f"{track}, in a file that cannot be read as YAML,",
                )  # fmt: skip


def _held(context: Context) -> Iterator[tuple[Track, str]]:
    for chart in context.charts.values():
        yield chart.track, chart.version
        yield from (
            (FLUX2, dependency.version)
            for dependency in chart.dependencies
            if dependency.name == FLUX2.name
        )
