"""Searches files for pins of all kinds, and puts the results together. Pure."""

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
"""A file with more different releases of one kind than this is taken for a catalog."""


def install_releases(pins: Iterable[Pin], without: Collection[str] = ()) -> frozenset[str]:
    """Return the Flux releases that install URLs and assignments of variables hold.

    Args:
        pins: pins of any kind.
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
    """Return the context for the kinds, before variables are followed.

    Args:
        moving: the wrappers and umbrellas.
        scope: what the configuration and the chart index add.
        aliases: names of repositories (`@NAME`) that mean the community's.
        forks: the directories of the repository's own charts that are named flux2.
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
    """The results of the kinds for some files."""

    pins: list[Pin]
    notes: list[Note]
    unreadable: list[Unreadable]


def find_pins(
    files: Iterable[TextFile],
    context: Context,
    spread: Spread = serially,
    early: consumers.EarlyFinds | None = None,
) -> Inventory:
    """Search files for pins of all kinds, and follow the variables that the pins hold.

    Args:
        files: the files to search.
        context: passed on to the kinds, with the result of following variables added.
        spread: divides the work on many files.
        early: results that `consumers.early` has for some of the files already.

    Returns:
        An inventory without charts; those are in `context`.
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
            # A configured pin may repeat the pin of another kind, which comes first and counts.
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
    """Return the pins and notes of all kinds for one file.

    A pin whose variable is followed is left out, because the assignment's pin replaces it.

    Args:
        file: the file to search.
        context: passed on to the kinds.
        known: earlier results of the kinds `consumers.EARLY`, by the name of the kind.

    Raises:
        ExceededError: the search takes more steps than the budget of the file allows.
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
    """Whether a text has output of helm for the chart flux2, by the label `helm.sh/chart`."""
    return "helm.sh/chart" in text and _LABEL.search(text) is not None


def _without_catalogs(pins: Sequence[Pin], notes: Sequence[Note]) -> tuple[list[Pin], list[Note]]:
    """Replace the pins of a tool manager's catalog by a note.

    A catalog lists many releases, and each entry is right for its own release. Two releases in a
    file may be a mistake, which `FB117` reports. Pins that install Flux are never taken for a
    catalog, because one cluster has one release.
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
