"""Who takes a version from a variable, and which files may set it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from posixpath import dirname

from msgspec import Struct, field

from fluxbump.discover.pins import ASSIGNMENT, BY_ARGUMENT, BY_VARIABLE
from fluxbump.discover.pins.kind import Context, Found, as_of
from fluxbump.discover.variables import resolve
from fluxbump.discover.variables.setting_files import MODULE, VALUES, Folders, Places, paths_in
from fluxbump.git.text_reader import TextReader
from fluxbump.model import Form, Pin
from fluxbump.text.budget import PIN, ExceededError
from fluxbump.text.live_code import TextFile


class Early(Struct, frozen=True):
    """What is found in a file before it is known what becomes of variables.

    Attributes:
        pins: those that others are found by: what install URLs hold, and who uses a variable.
        found: what the kinds `EARLY` yield for this file, by name; a kind that yields nothing has
            no entry.
    """

    pins: tuple[Pin, ...] = ()
    found: Mapping[str, Sequence[Found]] = field(default_factory=dict)


EARLY = {kind.NAME for kind in BY_VARIABLE if kind not in BY_ARGUMENT}
"""Names of the kinds that yield the same whatever becomes of variables.

Kinds by argument yield less where an argument is followed to the calls.
"""
EarlyFinds = Mapping[str, Early]
"""What is found early, by path of the file."""


def early(
    files: Iterable[TextFile], context: Context, known: EarlyFinds | None = None
) -> dict[str, Early]:
    """Find the pins that others are found by, and what need not be looked for again.

    A file that takes too many steps has nothing; the search for all pins names it.

    Args:
        files: that are searched.
        context: what the kinds are told.
        known: what was found before, which is taken as it is.
    """
    known = known or {}
    return {
        file.path: known[file.path] if file.path in known else _within_budget(file, context)
        for file in files
    }


def _within_budget(file: TextFile, context: Context) -> Early:
    file.begin_search()
    try:
        file.spend(0)
        return _early(file, context)
    except ExceededError:
        return Early()


def _early(file: TextFile, context: Context) -> Early:
    pins = [pin for kind in BY_ARGUMENT for pin in kind.of_arguments(file)]
    found: dict[str, list[Found]] = {}
    for kind in BY_VARIABLE:
        for result in kind.find(file, context):
            file.spend(PIN)
            if kind.NAME in EARLY:
                found.setdefault(kind.NAME, []).append(result)
            if isinstance(result, Pin):
                pins.append(as_of(kind, result))
    return Early(tuple(pins), found)


def places_of(
    files: Mapping[str, TextFile], early_finds: EarlyFinds, paths: Sequence[str]
) -> dict[str, Places]:
    """Return, for every file that takes a version from a variable, where that may be set."""
    found: dict[str, Places] = {}
    folders = Folders(paths)
    for file in files.values():
        scopes = set[str]()
        for pin in early_finds[file.path].pins:
            reference = resolve.reference_of(pin) if pin.form is Form.VARIABLE else None
            if reference and reference.scope not in scopes:  # the rest of it tells nothing
                scopes.add(reference.scope)
                more = folders.places(file.path, file.text, reference)
                found[file.path] = (*found.get(file.path, ()), *more)
    return found


def setting(
    reader: TextReader,
    files: Mapping[str, TextFile],
    places: Mapping[str, Places],
    early_finds: EarlyFinds,
) -> dict[str, TextFile]:
    """Read the files that may set a variable, as far as they name one."""
    names = {
        reference.name[-1]
        for path in places
        for pin in early_finds[path].pins
        if (reference := resolve.reference_of(pin))
    }
    texts = list(reader.texts(sorted(paths_in(places) - files.keys())))
    # A module may hand a variable on under another name; who calls it names the variable itself.
    near = {dirname(above) for path in places for above in (path, dirname(path))}
    near |= {dirname(dirname(dirname(path))) for path in places}
    return {
        path: TextFile(path, text)
        for path, text in texts
        if (path.endswith((*MODULE, *VALUES)) and dirname(path) in near)
        or len(names) > _MANY
        or any(name in text for name in names)
    }


_MANY = 200
"""Names for which a text is not searched one by one: reading all that it sets takes less."""


def followed_in(
    files: Iterable[TextFile], uses: Iterable[Pin], context: Context
) -> resolve.Followed:
    """Follow the variables that pins of some files take their versions from."""
    known = {path: TextFile(path, text) for path, text in context.beside.items()}
    outside = [pin for found in early(known.values(), context).values() for pin in found.pins]
    known |= {file.path: file for file in files}
    for file in known.values():
        file.begin_search()
    every = [*uses, *(pin for pin in outside if pin.form is Form.VARIABLE)]
    return resolve.follow(known, every, context.places, context.named, kind=ASSIGNMENT)
