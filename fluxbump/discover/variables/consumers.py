"""Finds the pins that take a version from a variable, and reads the files that may set it.

Variables are followed in two passes. The first pass finds such pins ("early"), the second follows
their variables to the assignments, which become pins themselves.
"""

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
    """The pins and notes of one file that are found before any variable is followed.

    Attributes:
        pins: the pins of the kinds `BY_VARIABLE`, and the pins that hold a parameter of a shell
            function. The ones that hold a variable are followed later.
        found: the pins and notes that each of the kinds `EARLY` yields, by the kind's name. A kind
            that yields nothing has no entry.
    """

    pins: tuple[Pin, ...] = ()
    found: Mapping[str, Sequence[Found]] = field(default_factory=dict)


EARLY = {kind.NAME for kind in BY_VARIABLE if kind not in BY_ARGUMENT}
"""Names of the kinds whose result does not change when variables are followed.

A kind `BY_ARGUMENT` is not among them: it yields fewer pins once a parameter of a shell function
is followed to the calls.
"""
EarlyFinds = Mapping[str, Early]
"""The early pins and notes of several files, by the path of the file."""


def early(
    files: Iterable[TextFile], context: Context, known: EarlyFinds | None = None
) -> dict[str, Early]:
    """Search files for pins before variables are followed.

    A file that takes too many steps gets an empty result here. The later search for all pins
    reports that file.

    Args:
        files: the files to search.
        context: passed on to each kind.
        known: results of an earlier search, which are taken over without a new search.
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
    """Return the files that may set a variable, by the path of each file that uses one.

    Args:
        files: the files with the uses, by path.
        early_finds: the early pins of each of these files.
        paths: all paths of the tree.
    """
    found: dict[str, Places] = {}
    folders = Folders(paths)
    for file in files.values():
        scopes = set[str]()
        for pin in early_finds[file.path].pins:
            reference = resolve.reference_of(pin) if pin.form is Form.VARIABLE else None
            if reference and reference.scope not in scopes:  # the name does not matter
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
    """Read the files that may set a variable, and return the ones that can, by path.

    A file is left out if it contains the name of no variable in use. Terraform files near a use
    are kept in any case.

    Args:
        reader: reads the files of the tree.
        files: the files that are read already, by path. They are not read again.
        places: the files that may set a variable, by the path of the file that uses it.
        early_finds: the early pins of the files in `places`.
    """
    names = {
        reference.name[-1]
        for path in places
        for pin in early_finds[path].pins
        if (reference := resolve.reference_of(pin))
    }
    texts = list(reader.texts(sorted(paths_in(places) - files.keys())))
    # A module may pass a variable on under another name, which only the module's caller has.
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
"""With more names than this, a text is kept without a search for each name, which takes longer."""


def followed_in(
    files: Iterable[TextFile], uses: Iterable[Pin], context: Context
) -> resolve.Followed:
    """Follow the variables that pins take their versions from to the assignments.

    Args:
        files: the files that are searched for pins.
        uses: the pins of these files that hold a variable.
        context: names the files that may set a variable, and has the text of further ones.
    """
    known = {path: TextFile(path, text) for path, text in context.beside.items()}
    outside = [pin for found in early(known.values(), context).values() for pin in found.pins]
    known |= {file.path: file for file in files}
    for file in known.values():
        file.begin_search()
    every = [*uses, *(pin for pin in outside if pin.form is Form.VARIABLE)]
    return resolve.follow(known, every, context.places, context.named, kind=ASSIGNMENT)
