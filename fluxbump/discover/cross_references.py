"""Finds pins for which two files are needed: patches of releases, and substituted variables. Pure.

A patch names the release that it changes, and a substitution names a variable. Another file says
which chart that release or variable is for. So the search for them starts once the other pins are
known, and ends early if no pin needs it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from posixpath import dirname, join, normpath
from typing import TypeVar

from msgspec import Struct

from fluxbump.discover.embedded.manifests import FIELDS
from fluxbump.discover.kustomize import patches
from fluxbump.discover.kustomize.patches import Patch
from fluxbump.discover.pins import traits
from fluxbump.discover.pins.kind import Context
from fluxbump.git.text_reader import TextReader
from fluxbump.model import FLUX, Form, Inventory, Links, Pin, Track
from fluxbump.text import yaml
from fluxbump.text.live_code import TextFile
from fluxbump.text.patterns import lazy_pattern

PATHS = ("/spec/chart", "/spec/ref", "spec.chart.spec.version", "/spec/upgrade")
"""JSON pointers and field paths in patches that set a version without naming a chart."""

_SUBJECT = lazy_pattern(r"(HelmRelease|OCIRepository|HelmChart) ([\w.-]+)")
_VARIABLE = lazy_pattern(r"\$\{([A-Za-z_]\w*)(?::?[=-][^}]{0,200})?\}")
A = TypeVar("A")

_LEVELS = 3
"""A kustomization is searched in the folder of a patch and in the folders above: this many."""


class Linked(Struct, frozen=True):
    """What files say about each other.

    Attributes:
        links: the releases and variables whose chart is known, and the patches and their targets.
        texts: the texts, by path, of the files that must be searched again with these links.
    """

    links: Links
    texts: Mapping[str, str]


def gather(
    reader: TextReader, paths: Collection[str], inventory: Inventory, context: Context
) -> Linked:
    """Find the patches of releases whose name is not that of their chart, and the variables.

    Args:
        reader: reads the files of the snapshot.
        paths: the paths of the snapshot without the excluded ones.
        inventory: the pins that were found without this knowledge.
        context: the context with which these pins were found.
    """
    named = _named(inventory.pins, context)
    pins = _with_uses(inventory)
    variables = _variables(pins)
    texts = _related(reader, paths, inventory, named, variables)
    texts |= _builders_near(reader, paths, inventory.files)
    applied = _applied({**inventory.files, **texts})
    known = {path for path in applied if path in paths}
    missing = sorted(known - inventory.files.keys() - texts.keys())
    texts |= dict(reader.texts(missing))
    everything = {**inventory.files, **texts}
    certain = _certain(variables, pins, everything)
    links = Links(
        releases={**named, **_sole(reader, paths, inventory, applied), **_spelled(certain)},
        unsure=_others(everything, named, context)
        | (_spelled(variables).keys() - _spelled(certain).keys()),
        patches={path: targets for path, targets in applied.items() if path in known},
    )
    if links == Links():
        return Linked(links, {})
    again = {p: t for p, t in inventory.files.items() if p in known or _may_patch(t)}
    return Linked(links, {**again, **texts})


def _may_patch(text: str) -> bool:
    words = ("patches", "substitute", "replacements")
    return any(word in text for word in words)


def _named(pins: Iterable[Pin], context: Context) -> dict[str, Track]:
    """Map `KIND NAME` of each release whose name is not that of its chart to the chart's track."""
    found: dict[str, Track] = {}
    for pin in pins:
        subject = _SUBJECT.fullmatch(pin.subject) if pin.kind in traits.CHART_OBJECT else None
        if subject and context.track_of(subject[2]) != pin.track:
            found.setdefault(pin.subject, pin.track)
    return found


def _spelled(variables: Mapping[str, A]) -> dict[str, A]:
    return {f"${{{name}}}": held for name, held in variables.items()}


def _variable(pin: Pin) -> str | None:
    """Return the substitution variable that a pin takes its version from; None without one."""
    of_chart = pin.kind in traits.CHART_OBJECT and pin.track != FLUX
    if pin.form is not Form.VARIABLE or not (of_chart or pin.kind in traits.RELEASE_OBJECT):
        return None
    variable = _VARIABLE.fullmatch(pin.value)
    return variable[1] if variable else None


def _with_uses(inventory: Inventory) -> list[Pin]:
    """Return the pins of an inventory and the uses of variables, which are not among its pins."""
    pins = {(pin.location.path, pin.start): pin for pin in (*inventory.uses, *inventory.pins)}
    return list(pins.values())


def _variables(pins: Iterable[Pin]) -> dict[str, Track | None]:
    """Map each variable that releases take their version from to its track.

    None for a variable that releases of several tracks use.
    """
    found: dict[str, set[Track]] = defaultdict(set)
    for pin in pins:
        name = _variable(pin)
        if name is not None:
            found[name].add(pin.track)
    return {
        name: next(iter(tracks)) if len(tracks) == 1 else None for name, tracks in found.items()
    }


def _related(
    reader: TextReader,
    paths: Collection[str],
    inventory: Inventory,
    names: Collection[str],
    variables: Collection[str],
) -> dict[str, str]:
    """Return the texts of files that name one of the releases or variables, by path.

    A file that is no candidate must also contain a field for which it is needed.
    """
    words = [name.partition(" ")[2] for name in names]
    if not words and not variables:
        return {}
    needles = [*(f"name: {word}" for word in words), *(f'"name": "{word}"' for word in words)]
    needles += [f'name: "{word}"' for word in words]
    needles += [text for word in variables for text in (f"{word}:", f"${{{word}")]
    found = set(reader.snapshot.grep(sorted(set(needles)))) & set(paths)
    texts = {path: inventory.files[path] for path in found & inventory.files.keys()}
    others = reader.texts(sorted(found - texts.keys()))
    needed = ("version", "tag", "semver", "patches", "substitute")
    return texts | {path: text for path, text in others if any(word in text for word in needed)}


def _sole(
    reader: TextReader,
    paths: Collection[str],
    inventory: Inventory,
    applied: Mapping[str, Iterable[tuple[str, str]]],
) -> dict[str, Track]:
    """Map the nameless release to a track, if the repository has a single HelmRelease.

    A patch without a name applies to all HelmReleases. All files are searched for HelmReleases, so
    this is done only if there is such a patch.
    """
    pins = {
        pin.subject: pin.track
        for pin in inventory.pins
        if pin.kind in traits.CHART_OBJECT and pin.subject.startswith("HelmRelease ")
    }
    nameless = any(not name for targets in applied.values() for _, name in targets) or any(
        _is_for_all(patch)
        for path, text in inventory.files.items()
        if "atches" in text and any(word in text for word in PATHS)
        for patch in _patches(path, text)
    )
    if len(pins) != 1 or not nameless:
        return {}
    found = set(reader.snapshot.grep(["kind: HelmRelease", '"HelmRelease"'])) & set(paths)
    releases = [
        node
        for path, text in reader.texts(sorted(found))
        for _, node in TextFile(path, text).objects({"HelmRelease"}, bool)
        if yaml.get(node, "spec", "chart", "spec", "chart") or yaml.get(node, "spec", "chartRef")
    ]
    return {"HelmRelease ": next(iter(pins.values()))} if len(releases) == 1 else {}


def _is_for_all(patch: Patch) -> bool:
    target = patch.target
    return target is not None and not target.name and target.takes("HelmRelease")


def _builders_near(
    reader: TextReader, paths: Collection[str], files: Mapping[str, str]
) -> dict[str, str]:
    """Return the texts of kustomizations near JSON patches, which name the patches' targets."""
    wanted: set[str] = set()
    for path, text in files.items():
        if any(word in text for word in PATHS) and _is_json_patch(TextFile(path, text)):
            folder = dirname(path)
            for _ in range(_LEVELS):
                wanted |= {join(folder, name) for name in patches.FILES}
                folder = dirname(folder)
    wanted = (wanted & set(paths)) - files.keys()
    return dict(reader.texts(sorted(wanted)))


def _is_json_patch(file: TextFile) -> bool:
    return any(patches.is_operations(document.root) for document in file.documents)


def _applied(texts: Mapping[str, str]) -> dict[str, tuple[tuple[str, str], ...]]:
    """Map each patch file that a kustomization applies to its targets, as kind and name."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for path, text in texts.items():
        if "path" not in text or "atches" not in text or "target" not in text:
            continue
        for patch in _patches(path, text):
            if patch.path and patch.target and "://" not in patch.path:
                where = normpath(join(dirname(path), patch.path))
                if any(patch.target.takes(kind) for kind in FIELDS):
                    name = patch.target.name or (".*" if patch.target.selects else "")
                    found[where].append((patch.target.kind, name))
    return {path: tuple(targets) for path, targets in found.items()}


def _patches(path: str, text: str) -> Iterator[Patch]:
    file = TextFile(path, text)
    named = path.rpartition("/")[2] in patches.FILES
    for document in file.documents or (yaml.documents(text, path) if named else ()):
        if "atches" in document.source and named:
            yield from patches.of(document.root)


def _others(texts: Mapping[str, str], named: Collection[str], context: Context) -> frozenset[str]:
    """Return those of `named` that are also names of releases of other charts."""
    if not named:
        return frozenset()
    found = set()
    words = [line.partition(" ")[2] for line in named]

    def relevant(source: str) -> bool:
        return any(word in source for word in words)

    for path, text in texts.items():
        for _, node in TextFile(path, text).objects(FIELDS, relevant):
            kind = yaml.text_of(node, "kind") or ""
            subject = f"{kind} {yaml.text_of(node, 'metadata', 'name')}"
            chart = yaml.text_of(node, *FIELDS[kind][0])
            if subject in named and chart and context.track_of(chart) is None:
                found.add(subject)
    return frozenset(found)


def _certain(
    variables: Mapping[str, Track | None], pins: Iterable[Pin], texts: Mapping[str, str]
) -> dict[str, Track]:
    """Return the variables of one track whose uses are all known, with that track."""
    if not variables:
        return {}
    used = Counter(match[1] for text in texts.values() for match in _VARIABLE.finditer(text))
    held = Counter(variable for pin in pins if (variable := _variable(pin)))
    return {name: track for name, track in variables.items() if track and used[name] == held[name]}
