"""From a snapshot to an inventory: which charts move with Flux, and where every pin is. Pure.

Charts come first, because their names decide what else is a pin. One search of the snapshot for
those names gives the candidate files; only they are read, and of them only the documents that can
matter are parsed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from fluxbump import charts, links, versions
from fluxbump.model import (
    FLUX2,
    Chart,
    Form,
    Inventory,
    Location,
    Note,
    Pin,
    Snapshot,
    Unreadable,
)
from fluxbump.pins import KINDS, install_url
from fluxbump.pins.kind import COMMUNITY_REPOSITORIES, Context, CustomPin
from fluxbump.spread import Spread, serially
from fluxbump.textfile import TextFile, decode

_BY_REFERENCE = "chartRef"  # such a HelmRelease names no chart; its source does
SETTINGS_FILE = "fluxbump.yaml"
SUPPRESSION = "fluxbump: ignore["
"""What a comment that suppresses a finding contains."""


class Scope(Struct, frozen=True):
    """What the configuration and the chart index add to the search.

    Attributes:
        exclude: globs over paths; `*` also matches `/`.
        custom: pins that the configuration adds.
        repositories: where the community chart may come from.
        app_versions: chart version to Flux release, as the index says.
        also: what others will look for, so that one search of a large tree is enough.
        spread: how work on many files is divided.
    """

    exclude: tuple[str, ...] = ()
    custom: tuple[CustomPin, ...] = ()
    repositories: tuple[str, ...] = COMMUNITY_REPOSITORIES
    app_versions: Mapping[str, str] | None = None
    also: tuple[str, ...] = ()
    spread: Spread = serially

    def excludes(self, path: str) -> bool:
        """Whether the configuration takes a path out of the search."""
        return any(fnmatchcase(path, glob) for glob in self.exclude)

    def kept(self, paths: Sequence[str]) -> Sequence[str]:
        """Return the paths that the configuration leaves in the search."""
        return [path for path in paths if not self.excludes(path)] if self.exclude else paths


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
    found = snapshot.read_many(charts.called(charts.FILE, paths))
    files, moving = charts.read(
        {path: TextFile(path, decode(data)) for path, data in found},
        scope.repositories,
    )
    notes = (*charts.legacy(paths), *charts.foreign(files.values(), scope.repositories))
    context = context_of(moving, scope)
    searched = _searched(context)
    needles = [*context.names(), *sorted(searched), SUPPRESSION, _BY_REFERENCE, *links.PATHS]
    snapshot.grep([*needles, *scope.also])
    wanted = (_candidates(snapshot, paths, context, needles) - files.keys()) & set(paths)
    others: dict[str, str] = {}
    matters = _matters(context)
    for path, data in snapshot.read_many(sorted(wanted)):
        text = decode(data)
        if matters(path, text):
            files[path] = TextFile(path, text)
        else:
            others[path] = text
    inventory = find_pins(files.values(), context, scope.spread)
    linked = links.gather(snapshot, set(paths), inventory, context)
    if linked.texts:
        inventory = _read_again(inventory, linked, context, scope.spread)
    return replace(
        inventory,
        charts=moving,
        notes=(*notes, *_idle(context, inventory.pins), *inventory.notes),
        others=others,
        searched=searched,
    )


def _read_again(
    inventory: Inventory, linked: links.Linked, context: Context, spread: Spread
) -> Inventory:
    """Find the pins of some files again, now that it is known what other files say of them."""
    texts = linked.texts
    context = replace(context, links=linked.links, releases=_held_releases(inventory, ()))
    again = find_pins([TextFile(path, text) for path, text in texts.items()], context, spread)
    pins = [pin for pin in inventory.pins if pin.location.path not in texts] + list(again.pins)
    notes = [note for note in inventory.notes if note.location.path not in texts]
    held = {pin.location.path for pin in again.pins}
    return replace(
        inventory,
        pins=tuple(sorted(pins, key=lambda pin: (pin.location, pin.start))),
        notes=(*notes, *again.notes),
        files={**inventory.files, **{path: texts[path] for path in texts if path in held}},
        links=linked.links,
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
        scope.repositories,
    )
    context = context_of(moving, scope)
    # An install URL outside of the changed files still says which release is meant.
    context = replace(context, releases=_held_releases(inventory, texts), links=inventory.links)
    changed = [TextFile(path, text) for path, text in texts.items()]
    again = find_pins(changed, context, scope.spread)
    pins = [pin for pin in inventory.pins if pin.location.path not in texts] + list(again.pins)
    unreadable = [one for one in inventory.unreadable if one.location.path not in texts]
    return replace(
        inventory,
        charts=moving,
        pins=tuple(sorted(pins, key=lambda pin: (pin.location, pin.start))),
        unreadable=(*unreadable, *again.unreadable),
        files=after,
    )


def _held_releases(inventory: Inventory, without: Collection[str]) -> frozenset[str]:
    return frozenset(
        pin.value
        for pin in inventory.pins
        if pin.kind == install_url.NAME
        and pin.form is Form.EXACT
        and pin.location.path not in without
    )


def context_of(moving: Iterable[Chart], scope: Scope) -> Context:
    """Put together what the kinds are told of the charts that move with Flux."""
    return Context(
        charts={chart.name: chart for chart in moving},
        app_versions=scope.app_versions or {},
        repositories=scope.repositories,
        custom=scope.custom,
    )


def find_pins(files: Iterable[TextFile], context: Context, spread: Spread = serially) -> Inventory:
    """Run every kind over `files`.

    The inventory has no charts: they are what `context` was made from.
    """
    files = sorted(files, key=lambda file: file.path)
    context = replace(context, releases=context.releases | _releases(files, context))
    parts = spread(partial(_find, context), files)
    pins: dict[tuple[str, int, str], Pin] = {}
    for part in parts:
        for found in part.pins:
            # A configured pin may repeat one that a kind knows; the kind knows better.
            pins.setdefault((found.location.path, found.start, str(found.location)), found)
    return Inventory(
        pins=tuple(sorted(pins.values(), key=lambda pin: (pin.location, pin.start))),
        notes=tuple(note for part in parts for note in part.notes),
        unreadable=tuple(one for part in parts for one in part.unreadable),
        files={file.path: file.text for file in files},
    )


def _find(context: Context, files: Sequence[TextFile]) -> _Found:
    found = _Found([], [], [])
    for file in files:
        for kind in KINDS.values():
            for one in kind.find(file, context):
                if isinstance(one, Note):
                    found.notes.append(one)
                else:
                    found.pins.append(one)
        found.unreadable += [Unreadable(*d.problem) for d in file.documents if d.problem]
        file.forget()
    return found


def _releases(files: Iterable[TextFile], context: Context) -> frozenset[str]:
    found = (pin for file in files for pin in install_url.find(file, context))
    return frozenset(pin.value for pin in found if pin.form is Form.EXACT)


def _idle(context: Context, pins: Collection[Pin]) -> Iterator[Note]:
    """A configured pin that finds nothing is a typing error, or outlived its file."""
    for one in context.custom:
        where = Location(SETTINGS_FILE, one.line)
        if context.track_named(one.track) is None:
            known = ", ".join(["flux", *context.names()])
            yield Note(where, f"no track is called {one.track}: nothing is pinned there ({known})")
        elif not any(fnmatchcase(pin.location.path, one.path) for pin in pins):
            yield Note(where, f"finds no version in {one.path}")


# --- candidates ------------------------------------------------------------------------------


def _searched(context: Context) -> frozenset[str]:
    """Versions to look for beside the names, so that one search of a large tree is enough.

    They are what the wrappers hold, which a text may mention without naming a chart.
    """
    held = {
        dependency.version
        for chart in context.charts.values()
        for dependency in chart.dependencies
        if dependency.name == FLUX2.name and versions.parse(dependency.version)
    }
    return frozenset(held | {context.app_versions[v] for v in held if v in context.app_versions})


def _candidates(
    snapshot: Snapshot, paths: Collection[str], context: Context, needles: Sequence[str]
) -> set[str]:
    found = set(snapshot.grep(needles))
    values = _values_files(context)
    for chart in context.charts.values():
        found |= {path for path in snapshot.below(chart.directory) if path.startswith(values)}
    for custom in context.custom:
        found |= {path for path in paths if fnmatchcase(path, custom.path)}
    return found


def _values_files(context: Context) -> tuple[str, ...]:
    """What the paths of the charts' values files begin with."""
    return tuple(f"{chart.directory}values" for chart in context.charts.values())


def _matters(context: Context) -> Callable[[str, str], bool]:
    """Return what tells whether a file can hold a pin; the others only mention a version."""
    words = (*context.names(), _BY_REFERENCE, *links.PATHS)
    values = _values_files(context)
    globs = tuple(custom.path for custom in context.custom)

    def matters(path: str, text: str) -> bool:
        named = any(word in text for word in words) or path.startswith(values)
        return named or any(fnmatchcase(path, glob) for glob in globs)

    return matters
