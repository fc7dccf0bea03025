"""Makes the inventory of a snapshot: the charts that move with Flux, and all pins. Pure.

The charts are found first, because their names decide what else is a pin. One search of the
snapshot for these names gives the candidate files. Only the candidates are read, and only those of
their documents that can matter are parsed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial

from msgspec.structs import replace

from fluxbump.discover import (
    candidate_files,
    charts,
    cross_references,
    excluded,
    symlinks,
    unrecognised,
)
from fluxbump.discover.mentions import statements
from fluxbump.discover.pin_search import context_of, find_pins, install_releases
from fluxbump.discover.pins.kind import (
    Context,
)
from fluxbump.discover.scope import Scope, idle
from fluxbump.discover.variables import consumers, setting_files
from fluxbump.git.text_reader import TextReader
from fluxbump.model import (
    Inventory,
    Note,
    Pin,
    Snapshot,
)
from fluxbump.system.parallel import Spread
from fluxbump.text.live_code import TextFile

SUPPRESSION = "fluxbump: ignore["
"""The text by which a comment that suppresses a finding is found."""

KEEPS = "preserveValues"
"""The field of a HelmRelease that a patch may set (rule FB301)."""


def discover(snapshot: Snapshot, scope: Scope) -> Inventory:
    """Find the charts, pins and notes of a snapshot.

    Args:
        snapshot: the files to search.
        scope: what the configuration and the chart index add to the search.

    Raises:
        PinError: two charts that move with Flux have the same name.
    """
    paths = scope.kept(snapshot.paths())
    reader = TextReader(snapshot)
    texts = _parsed(reader, charts.called(charts.FILE, paths))
    aliases = _aliases(reader, paths, texts.values(), scope)
    files, moving = charts.read(texts, (*scope.repositories, *aliases))
    forks = charts.forks(texts, moving)
    context = context_of(moving, scope, aliases, forks)
    strangers = _unrecognised(reader, paths, files.values(), context)
    searched = candidate_files.searched(context)
    phrases = (*sorted(searched), *statements.NEEDLES, SUPPRESSION, KEEPS)
    needles = [*candidate_files.words(context), *phrases, *candidate_files.OBJECTS]
    snapshot.grep([*needles, *scope.also])
    named = candidate_files.find(snapshot, paths, context, needles)
    wanted = (named - files.keys()) & set(paths)
    more, others = _read(reader, sorted(wanted), context, phrases)
    files |= more
    early = consumers.early(files.values(), context)
    setting = consumers.places_of(files, early, paths)
    files |= consumers.setting(reader, files, setting, early)
    context = replace(context, places=setting)
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
            *idle(context, inventory.pins),
            *_archived(reader, named, context, scope),
            *inventory.notes,
        ),
        unreadable=(*reader.refused, *inventory.unreadable),
        others=others,
        searched=searched,
        aliases=aliases,
        forks=forks,
        unrecognised=strangers,
        excluded=held_back,
    )


def _read(
    reader: TextReader, paths: Iterable[str], context: Context, phrases: Iterable[str]
) -> tuple[dict[str, TextFile], dict[str, str]]:
    """Read the candidates.

    Returns:
        The files in which a pin may be, and the texts of the others that contain a phrase, by path.
    """
    files: dict[str, TextFile] = {}
    others: dict[str, str] = {}
    matters = candidate_files.matters(context)
    for path, text in reader.texts(paths):
        if matters(path, text):
            files[path] = TextFile(path, text)
        elif any(needle in text for needle in phrases):
            others[path] = text
    return files, others


def _texts(reader: TextReader, paths: Iterable[str]) -> dict[str, TextFile]:
    return {path: TextFile(path, text) for path, text in reader.texts(paths)}


def _parsed(reader: TextReader, paths: Iterable[str]) -> dict[str, TextFile]:
    """Read the files that are YAML; a template of a YAML file is left out."""
    return {path: file for path, file in _texts(reader, paths).items() if file.is_yaml}


def _aliases(
    reader: TextReader, paths: Sequence[str], files: Iterable[TextFile], scope: Scope
) -> tuple[str, ...]:
    """Return the aliases (`@NAME`) in Chart.yaml files that mean the community's repository.

    The tree is searched for their URLs only if a chart uses an alias.
    """
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
    """Find the pins in excluded candidates, unless the path says that the files are not live."""
    if not scope.exclude:
        return ()
    weighed = sorted(path for path in named if scope.weighs(path))
    matters = candidate_files.matters(context)
    files = [file for path, file in _texts(reader, weighed).items() if matters(path, file.text)]
    return excluded.pins(files, context, partial(find_pins, spread=scope.spread))


def _archived(
    reader: TextReader, named: Iterable[str], context: Context, scope: Scope
) -> Iterator[Note]:
    """Search the candidates in archives, and yield a note for each archive with pins."""
    paths = sorted(path for path in named if scope.archives(path))
    matters = candidate_files.matters(context)
    files = [file for path, file in _texts(reader, paths).items() if matters(path, file.text)]
    return excluded.archived(files, context, partial(find_pins, spread=scope.spread))


def _read_again(
    inventory: Inventory, linked: cross_references.Linked, context: Context, spread: Spread
) -> Inventory:
    """Search the files of `linked` again, with what other files say about them."""
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
    """Return the context for a search of some of the inventory's files.

    It keeps what the other files say: the releases in their install URLs, and the texts that may
    set a variable.
    """
    all_texts = {**inventory.files, **texts}
    linked = {pin.location.path for pin in inventory.uses}
    linked |= setting_files.paths_in(inventory.places)
    return replace(
        context,
        releases=install_releases(inventory.pins, texts),
        places=inventory.places,
        beside={
            path: all_texts[path] for path in linked if path in all_texts and path not in texts
        },
        links=inventory.links,
    )


def rediscover(inventory: Inventory, texts: Mapping[str, str], scope: Scope) -> Inventory:
    """Return the inventory after some candidates changed.

    Only the changed files and the Chart.yaml files are searched again.

    Args:
        inventory: the inventory before the change.
        texts: the new texts of the changed candidates, by path.
        scope: the scope of the first search.
    """
    after = {**inventory.files, **texts}
    _, moving = charts.read(
        {chart.path: TextFile(chart.path, after[chart.path]) for chart in inventory.charts},
        (*scope.repositories, *inventory.aliases),
    )
    context = _among(
        inventory, texts, context_of(moving, scope, inventory.aliases, inventory.forks)
    )
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
