"""From a snapshot to an inventory: which charts move with Flux, and where every pin is. Pure.

Charts come first, because their names decide what else is a pin. One search of the snapshot for
those names gives the candidate files; only they are read, and of them only the documents that can
matter are parsed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from fluxbump.discover import (
    candidates,
    charts,
    cross_references,
    excluded,
    lock_files,
    symlinks,
    unparsed,
    unrecognised,
)
from fluxbump.discover.mentions import statements
from fluxbump.discover.pins import KINDS, custom, traits
from fluxbump.discover.pins.kind import (
    COMMUNITY_REPOSITORIES,
    Context,
    CustomPin,
    ProgramSource,
    as_of,
)
from fluxbump.discover.variables import users
from fluxbump.git.text_reader import TextReader
from fluxbump.helm.chart_repository import archive_of, holds_copies
from fluxbump.model import (
    FLUX,
    Chart,
    Form,
    Inventory,
    Location,
    Note,
    Pin,
    Snapshot,
    Unreadable,
)
from fluxbump.system.parallel import Spread, serially
from fluxbump.text.budget import PIN, ExceededError
from fluxbump.text.live_code import TextFile

SUPPRESSION = "fluxbump: ignore["
"""What a comment that suppresses a finding contains."""

KEEPS = "preserveValues"
"""What a patch contains that lets a release keep its values (FB301)."""


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


class _Found(Struct):
    """What the kinds find in some files."""

    pins: list[Pin]
    notes: list[Note]
    unreadable: list[Unreadable]


def discover(snapshot: Snapshot, scope: Scope) -> Inventory:
    """Find every pin of a snapshot.

    Raises:
        PinError: see `charts.read`.
    """
    paths = scope.kept(snapshot.paths())
    reader = TextReader(snapshot)
    texts = _parsed(reader, charts.called(charts.FILE, paths))
    aliases = _aliases(reader, paths, texts.values(), scope)
    files, moving = charts.read(texts, (*scope.repositories, *aliases))
    context = context_of(moving, scope, aliases)
    strangers = _unrecognised(reader, paths, files.values(), context)
    searched = candidates.searched(context)
    phrases = (*sorted(searched), *statements.NEEDLES, SUPPRESSION, KEEPS)
    needles = [*candidates.words(context), *phrases, *candidates.OBJECTS]
    snapshot.grep([*needles, *scope.also])
    named = candidates.find(snapshot, paths, context, needles)
    wanted = (named - files.keys()) & set(paths)
    others: dict[str, str] = {}
    matters = candidates.matters(context)
    for path, text in reader.texts(sorted(wanted)):
        if matters(path, text):
            files[path] = TextFile(path, text)
        elif any(needle in text for needle in phrases):
            others[path] = text
    early = users.early(files.values(), context)
    places = users.places_of(files, early, paths)
    files |= users.setting(reader, files, places, early)
    context = replace(context, places=places)
    inventory = find_pins(files.values(), context, scope.spread, early)
    linked = cross_references.gather(reader, set(paths), inventory, context)
    if linked.texts:
        inventory = _read_again(inventory, linked, context, scope.spread)
    held_back = _excluded(reader, named, context, scope)
    return replace(
        inventory,
        charts=moving,
        notes=(
            *unrecognised.notes(strangers),
            *unrecognised.templates(_texts(reader, unrecognised.template_paths(paths)).values()),
            *symlinks.find(snapshot, moving, scope.kept(sorted(snapshot.links()))),
            *custom.idle(context, inventory.pins),
            *_archived(reader, named, context, scope),
            *inventory.notes,
        ),
        unreadable=(*reader.refused, *inventory.unreadable),
        others=others,
        searched=searched,
        aliases=aliases,
        unrecognised=strangers,
        excluded=held_back,
    )


def _texts(reader: TextReader, paths: Iterable[str]) -> dict[str, TextFile]:
    return {path: TextFile(path, text) for path, text in reader.texts(paths)}


def _parsed(reader: TextReader, paths: Iterable[str]) -> dict[str, TextFile]:
    """Read files that are YAML; a template of one, as a scaffold has it, is not."""
    return {path: file for path, file in _texts(reader, paths).items() if file.is_yaml}


def _aliases(
    reader: TextReader, paths: Sequence[str], files: Iterable[TextFile], scope: Scope
) -> tuple[str, ...]:
    """Find which aliases mean the community's; the tree is searched only if a chart has one."""
    names = unrecognised.aliases(files) - {*scope.repositories}
    if not names:
        return ()
    named = {*reader.snapshot.grep([unrecognised.ADDED])} & {*paths}
    repository_files = sorted(named | {*charts.called(unrecognised.REPOSITORIES, paths)})
    texts = {path: file.text for path, file in _texts(reader, repository_files).items()}
    return unrecognised.community(names, texts, scope.repositories)


def _unrecognised(
    reader: TextReader, paths: Sequence[str], files: Iterable[TextFile], context: Context
) -> tuple[unrecognised.Unrecognised, ...]:
    helm_2 = _parsed(reader, charts.called(unrecognised.REQUIREMENTS, paths))
    return (
        *unrecognised.of_helm_2(helm_2.values(), context),
        *unrecognised.of_charts(files, context),
    )


def _excluded(
    reader: TextReader, named: Iterable[str], context: Context, scope: Scope
) -> tuple[Pin, ...]:
    """Look once more at the candidates that are excluded, unless their path says that they rest."""
    if not scope.exclude:
        return ()
    weighed = sorted(path for path in named if scope.weighs(path))
    matters = candidates.matters(context)
    files = [file for path, file in _texts(reader, weighed).items() if matters(path, file.text)]
    return excluded.pins(files, context, partial(find_pins, spread=scope.spread))


def _archived(
    reader: TextReader, named: Iterable[str], context: Context, scope: Scope
) -> Iterator[Note]:
    """Look once more at the candidates in archives, for a note on each."""
    paths = sorted(path for path in named if scope.archives(path))
    matters = candidates.matters(context)
    files = [file for path, file in _texts(reader, paths).items() if matters(path, file.text)]
    return excluded.archived(files, context, partial(find_pins, spread=scope.spread))


def _read_again(
    inventory: Inventory, linked: cross_references.Linked, context: Context, spread: Spread
) -> Inventory:
    """Find the pins of some files again, now that it is known what other files say of them."""
    texts = linked.texts
    context = replace(_among(inventory, texts, context), links=linked.links)
    again = find_pins([TextFile(path, text) for path, text in texts.items()], context, spread)
    pins = [pin for pin in inventory.pins if pin.location.path not in texts] + list(again.pins)
    notes = [note for note in inventory.notes if note.location.path not in texts]
    with_pins = {pin.location.path for pin in again.pins}
    return replace(
        inventory,
        pins=tuple(sorted(pins, key=lambda pin: (pin.location, pin.start))),
        notes=(*notes, *again.notes),
        files={**inventory.files, **{path: texts[path] for path in texts if path in with_pins}},
        links=linked.links,
    )


def _among(inventory: Inventory, texts: Mapping[str, str], context: Context) -> Context:
    """Say what is known of all files where only some are read.

    An install URL outside of them still says which release is meant, and a variable may be set
    there.
    """
    all_texts = {**inventory.files, **texts}
    linked = {pin.location.path for pin in inventory.uses}
    linked |= {path for groups in inventory.places.values() for group in groups for path in group}
    return replace(
        context,
        releases=_install_releases(inventory.pins, texts),
        places=inventory.places,
        beside={
            path: all_texts[path] for path in linked if path in all_texts and path not in texts
        },
        links=inventory.links,
    )


def rediscover(inventory: Inventory, texts: Mapping[str, str], scope: Scope) -> Inventory:
    """Find the pins again after some candidates changed.

    Charts are read again too; only files that are not in `texts` are taken as they were.

    Args:
        inventory: before.
        texts: the changed candidates' new texts.
        scope: of the search.
    """
    after = {**inventory.files, **texts}
    _, moving = charts.read(
        {chart.path: TextFile(chart.path, after[chart.path]) for chart in inventory.charts},
        (*scope.repositories, *inventory.aliases),
    )
    context = _among(inventory, texts, context_of(moving, scope, inventory.aliases))
    changed = [TextFile(path, text) for path, text in texts.items()]
    again = find_pins(changed, context, scope.spread)
    pins = [pin for pin in inventory.pins if pin.location.path not in texts] + list(again.pins)
    unreadable = [problem for problem in inventory.unreadable if problem.location.path not in texts]
    return replace(
        inventory,
        charts=moving,
        pins=tuple(sorted(pins, key=lambda pin: (pin.location, pin.start))),
        unreadable=(*unreadable, *again.unreadable),
        files=after,
    )


def _install_releases(pins: Iterable[Pin], without: Collection[str] = ()) -> frozenset[str]:
    """The Flux releases that install URLs hold, also by a variable."""
    return frozenset(
        pin.value
        for pin in pins
        if pin.kind in traits.INSTALL_URL | traits.VARIABLE
        and (pin.track, pin.form) == (FLUX, Form.EXACT)
        and pin.location.path not in without
    )


def context_of(moving: Iterable[Chart], scope: Scope, aliases: tuple[str, ...] = ()) -> Context:
    """Put together what the kinds are told of the charts that move with Flux.

    Args:
        moving: the charts.
        scope: of the search.
        aliases: names of repositories that mean the community's.
    """
    return Context(
        charts={chart.name: chart for chart in moving},
        app_versions=scope.app_versions or {},
        repositories=(*scope.repositories, *aliases),
        custom=scope.custom,
        program_source=scope.program_source,
    )


def find_pins(
    files: Iterable[TextFile],
    context: Context,
    spread: Spread = serially,
    early: users.EarlyPins | None = None,
) -> Inventory:
    """Run every kind over `files`; `early` is what `users.early` has found in some of them.

    The inventory has no charts: they are what `context` was made from.
    """
    files = sorted(files, key=lambda file: file.path)
    early_pins = [pin for pins in users.early(files, context, early).values() for pin in pins]
    uses = tuple(pin for pin in early_pins if pin.form is Form.VARIABLE)
    followed = users.followed_in(files, uses, context)
    set_here = (pin for pins_of_file in followed.pins.values() for pin in pins_of_file)
    releases = _install_releases((*early_pins, *set_here))
    context = replace(context, releases=context.releases | releases, followed=followed, beside={})
    parts = spread(partial(_find, context), files)
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


def _find(context: Context, files: Sequence[TextFile]) -> _Found:
    found = _Found([], [], [])
    for file in files:
        try:
            pins, notes = _searched(file, context)
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


def _searched(file: TextFile, context: Context) -> tuple[list[Pin], list[Note]]:
    """Return what all kinds find in a file; raise ExceededError if that is too much."""
    pins, notes = list[Pin](), list[Note]()
    file.begin_search()
    file.spend(0)
    for kind in KINDS.values():
        for result in kind.find(file, context):
            file.spend(PIN)
            if isinstance(result, Note):
                notes.append(result)
            else:
                pins.append(as_of(kind, result))
    return pins, notes
