"""Runs every kind of pin over files that are read. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from fluxbump.discover import lock_files, unparsed
from fluxbump.discover.pins import KINDS, traits
from fluxbump.discover.pins.kind import BY_HAND, Context, Found, as_of
from fluxbump.discover.scope import Scope
from fluxbump.discover.variables import consumers
from fluxbump.model import FLUX, Chart, Form, Inventory, Location, Note, Pin, Unreadable
from fluxbump.system.parallel import Spread, serially
from fluxbump.text.budget import PIN, ExceededError
from fluxbump.text.live_code import TextFile
from fluxbump.text.patterns import lazy_pattern

_FORK = "a chart flux2 of this repository holds the tags, and has CRDs and templates of its own"
_LABEL = lazy_pattern(r"""helm\.sh/chart["']?:[ \t]*["']?flux2-\d""")
_OF_CHART = traits.CONTROLLER_IMAGE | traits.CLI_FILE
_RENDERED = "helm made this manifest of the chart flux2, and the other manifests stay"
_RENDER = "Render the chart of the new release"
_PAIR = 2
"""So many releases of one thing in a file may still be a mistake."""


def install_releases(pins: Iterable[Pin], without: Collection[str] = ()) -> frozenset[str]:
    """Return the Flux releases that install URLs hold, also by a variable.

    Args:
        pins: of which some are install URLs.
        without: paths whose pins do not count.
    """
    return frozenset(
        pin.value
        for pin in pins
        if pin.kind in traits.INSTALL_URL | traits.VARIABLE
        and (pin.track, pin.form) == (FLUX, Form.EXACT)
        and pin.location.path not in without
    )


def context_of(
    moving: Iterable[Chart],
    scope: Scope,
    aliases: tuple[str, ...] = (),
    forks: tuple[str, ...] = (),
) -> Context:
    """Put together what the kinds are told of the charts that move with Flux.

    Args:
        moving: the charts.
        scope: of the search.
        aliases: names of repositories that mean the community's.
        forks: the directories of charts that are called flux2 themselves.
    """
    return Context(
        charts={chart.name: chart for chart in moving},
        app_versions=scope.app_versions or {},
        repositories=(*scope.repositories, *aliases),
        forks=forks,
        custom=scope.custom,
        program_source=scope.program_source,
    )


class _InFiles(Struct):
    """What the kinds find in some files."""

    pins: list[Pin]
    notes: list[Note]
    unreadable: list[Unreadable]


def find_pins(
    files: Iterable[TextFile],
    context: Context,
    spread: Spread = serially,
    early: consumers.EarlyFinds | None = None,
) -> Inventory:
    """Run every kind over `files`; `early` is what `consumers.early` has found in some of them.

    The inventory has no charts: they are what `context` was made from.
    """
    files = sorted(files, key=lambda file: file.path)
    early = consumers.early(files, context, early)
    early_pins = [pin for found in early.values() for pin in found.pins]
    uses = tuple(pin for pin in early_pins if pin.form is Form.VARIABLE)
    followed = consumers.followed_in(files, uses, context)
    set_here = (pin for pins_of_file in followed.pins.values() for pin in pins_of_file)
    releases = install_releases((*early_pins, *set_here))
    context = replace(context, releases=context.releases | releases, followed=followed, beside={})
    parts = spread(partial(_find, context, early), files)
    pins: dict[tuple[str, int, str], Pin] = {}
    for part in parts:
        for found in part.pins:
            # A configured pin may repeat one that a kind knows; the kind knows better.
            pins.setdefault((found.location.path, found.start, str(found.location)), found)
    locks = lock_files.notes(files, pins.values(), context.app_versions)
    unreadable = tuple(problem for part in parts for problem in part.unreadable)
    given_up = {problem.location.path for problem in unreadable if not problem.within_budget}
    return Inventory(
        pins=tuple(sorted(pins.values(), key=lambda pin: (pin.location, pin.start))),
        notes=(*(note for part in parts for note in part.notes), *locks),
        unreadable=unreadable,
        files={file.path: file.text for file in files if file.path not in given_up},
        uses=uses,
        places=context.places,
    )


def _find(context: Context, early: consumers.EarlyFinds, files: Sequence[TextFile]) -> _InFiles:
    found = _InFiles([], [], [])
    for file in files:
        try:
            pins, notes = _searched(file, context, early[file.path].found)
        except ExceededError as error:
            place = Location(file.path, 1)
            found.unreadable.append(Unreadable(place, str(error), within_budget=False))
            continue
        found.pins += pins
        found.notes += notes
        for document in file.documents:
            broken = unparsed.judged(file, document, context)
            if isinstance(broken, Note):
                found.notes.append(broken)
            elif broken is not None:
                found.unreadable.append(broken)
        file.forget()
    return found


def _searched(
    file: TextFile, context: Context, known: Mapping[str, Sequence[Found]]
) -> tuple[list[Pin], list[Note]]:
    """Return what all kinds find in a file; raise ExceededError if that is too much.

    Where a variable is followed, the assignment stands for what uses it.

    Args:
        file: to search.
        context: what the kinds are told.
        known: what the kinds `consumers.EARLY` have found before, by the name of the kind.
    """
    pins, notes = list[Pin](), list[Note]()
    file.begin_search()
    file.spend(0)
    for kind in KINDS.values():
        early = kind.NAME in consumers.EARLY
        for result in known.get(kind.NAME, ()) if early else kind.find(file, context):
            file.spend(PIN)
            if isinstance(result, Note):
                notes.append(result)
            elif (result.location.path, result.start) not in context.followed.uses:
                pins.append(as_of(kind, result))
    if pins and context.forks and file.path.startswith(context.forks):
        return [], [*notes, Note(pins[0].location, _FORK, advice=BY_HAND)]
    rendered = [pin for pin in pins if pin.kind in _OF_CHART] if _is_rendered(file.text) else []
    if rendered:
        pins = [pin for pin in pins if pin not in rendered]
        notes.append(Note(rendered[0].location, _RENDERED, advice=_RENDER))
    return _without_catalogs(pins, notes)


def _is_rendered(text: str) -> bool:
    """Whether helm made a file, or a part of it, of the chart flux2."""
    return "helm.sh/chart" in text and _LABEL.search(text) is not None


def _without_catalogs(pins: Sequence[Pin], notes: Sequence[Note]) -> tuple[list[Pin], list[Note]]:
    """Take a list of a tool's releases as a note: each entry is right for its own release.

    Two releases in a file may be a mistake, which `FB117` reports. What installs Flux is never
    taken so, because one cluster has one release.
    """
    held = dict[str, dict[str, Pin]]()
    for pin in pins:
        if pin.kind in traits.LISTED and pin.form is Form.EXACT:
            held.setdefault(pin.kind, {}).setdefault(pin.value, pin)
    lists = {kind: list(values.values()) for kind, values in held.items() if len(values) > _PAIR}
    return (
        [pin for pin in pins if pin.kind not in lists or pin.form is not Form.EXACT],
        [*notes, *(_catalog(listed) for listed in lists.values())],
    )


def _catalog(listed: Sequence[Pin]) -> Note:
    first, last = listed[0], listed[-1]
    what = (
        f"the file lists {len(listed)} releases of Flux, from {first.value} to {last.value}, "
        "as a catalog does"
    )
    return Note(first.location, what, advice="Add the entries of a new release by hand")
