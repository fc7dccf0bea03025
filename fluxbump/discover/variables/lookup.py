"""Finds the assignments of one variable across files. Pure.

It searches the file that uses the variable, the files that may set it, and, for a Terraform
module, the files that call the module.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from posixpath import basename, dirname

from msgspec import Struct

from fluxbump.discover.variables import assignments, shell_arguments, terraform
from fluxbump.discover.variables.references import Reference
from fluxbump.discover.variables.setting_files import MODULE, VALUES, Places
from fluxbump.discover.variables.values import Assignment
from fluxbump.model import Pin
from fluxbump.text.live_code import TextFile
from fluxbump.text.patterns import lazy_pattern

_DEPTH = 3  # how many variables are followed in a chain of `a = b`, `b = c`


class Search(Struct, dict=True):
    """The files in which variables are looked up.

    Attributes:
        files: all files that were read, by path.
        places: the files that may set a variable, by the path of the file that uses it.
    """

    files: Mapping[str, TextFile]
    places: Mapping[str, Places]

    @cached_property
    def callers(self) -> dict[str, Sequence[TextFile]]:
        """The Terraform files with `module` blocks, by the folder of the module that they call."""
        found = dict[str, list[TextFile]]()
        for path in sorted(path for path in self.files if path.endswith(MODULE)):
            for folder in terraform.called(self.files[path]):
                found.setdefault(folder, []).append(self.files[path])
        return {**found}

    @cached_property
    def _of_modules(self) -> dict[str, list[str]]:
        """The paths of Terraform files, by the folder of the module that they belong to.

        A file belongs to the closest folder above it that has a module, because values for an
        environment are often below the module: `environments/prod.tfvars`.
        """
        modules = {dirname(path) for path in self.files if path.endswith(MODULE)}
        found = dict[str, list[str]]()
        for path in sorted(path for path in self.files if path.endswith((*MODULE, *VALUES))):
            folder = dirname(path)
            while folder not in modules and folder:
                folder = dirname(folder)
            found.setdefault(folder, []).append(path)
        return found

    def beside(self, path: str) -> Sequence[str]:
        """Return the paths of the Terraform module in the folder of `path`, folders below too."""
        return self._of_modules.get(dirname(path), ())

    @cached_property
    def naming(self) -> dict[str, Sequence[TextFile]]:
        """The files whose text names another file, by the path of the file that is named.

        It is a cache that `_called_elsewhere` fills, for the files that it is asked about.
        """
        return {}


def resolve(search: Search, pin: Pin, reference: Reference) -> list[tuple[str, Assignment]]:
    """Return the places whose version the variable of a pin holds, with their paths.

    The result is empty if no place sets the variable, if a place sets it to something other than a
    version, or if places disagree. The values of a module's callers and of environments override
    the default of the module, so these may differ from it. Only those with a version are returned.

    Args:
        search: the files to search.
        pin: the use of the variable.
        reference: the variable that the pin names.
    """
    path = pin.location.path
    own = _own(search, pin, reference)
    if reference.scope == shell_arguments.SCOPE and (
        not own or _called_elsewhere(search, path, reference)
    ):
        return []
    held = setting(search, pin, reference)
    calls = _calls(search, path, reference)
    if calls and not held:
        return calls if all(assignment.version for _, assignment in calls) else []
    same = len({assignment.version for _, assignment in held}) == 1
    # What a caller or an environment sets overrides the default, so each is a pin of its own.
    over = [*calls, *_of_environments(search, path, reference)]
    passed = [found for found in over if found[1].version]
    return [*held, *passed] if same and held[0][1].version else []


def _own(search: Search, pin: Pin, reference: Reference) -> list[tuple[str, Assignment]]:
    """Return the places in the pin's own file that set its variable.

    The default in the reference itself, as in `${NAME:-2.4.0}`, is one of them. Variables and local
    values of Terraform have none here, since any file of their module can set them.
    """
    path = pin.location.path
    own = [] if reference.scope in ("var", "local") else set_in(search, [path], reference)
    if reference.default:
        start, end = (pin.start + offset for offset in reference.default)
        text = search.files[path].text[start:end]
        own = [
            *(assignment for assignment in own if assignment[1].start != start),
            (path, Assignment(start, end, text)),
        ]
    return own


def setting(search: Search, pin: Pin, reference: Reference) -> list[tuple[str, Assignment]]:
    """Return the places that set the variable of a pin, also those that hold no version.

    The pin's own file takes precedence. Other files are searched if it does not set the variable.
    """
    path, own = pin.location.path, _own(search, pin, reference)
    return _settled(search, path, own, _DEPTH) if own else _elsewhere(search, path, reference)


def _called_elsewhere(search: Search, path: str, reference: Reference) -> bool:
    """Whether another file calls the shell function that a reference to a parameter is about.

    Only files that contain the name of the file at `path` are searched.
    """
    if path not in search.naming:
        name = basename(path)
        others = (file for other, file in search.files.items() if other != path)
        search.naming[path] = [file for file in others if name in file.text]
    return any(assignments.find(file, reference) for file in search.naming[path])


def set_in(
    search: Search, paths: Iterable[str], reference: Reference
) -> list[tuple[str, Assignment]]:
    """Return the places in the files at `paths` that set a variable, each with its path."""
    known = [path for path in paths if path in search.files]
    return [
        (p, assignment)
        for p in known
        for assignment in assignments.find(search.files[p], reference)
    ]


def _settled(
    search: Search, path: str, held: Iterable[tuple[str, Assignment]], depth: int
) -> list[tuple[str, Assignment]]:
    """Replace each assignment of another variable by the places that set that variable.

    An assignment stays as it is if no such place is found, or if `depth` is used up.
    """
    settled: list[tuple[str, Assignment]] = []
    for where, assignment in held:
        known = []
        if assignment.version is None and assignment.alias and depth:
            groups = [[where], *search.places.get(path, ())]
            for group in groups:
                search.files[where].spend(len(group))
                known = set_in(search, group, assignment.alias)
                if known:
                    break
            known = _settled(search, path, known, depth - 1)
        settled += known or [(where, assignment)]
    return settled


def _elsewhere(search: Search, path: str, reference: Reference) -> list[tuple[str, Assignment]]:
    groups = search.places.get(path, ())
    # A Terraform module in another folder counts only by what it passes to a template.
    for group in groups[:1] if reference.scope in ("var", "local") else groups:
        plain = [
            sibling
            for sibling in group
            if not sibling.endswith(MODULE) or dirname(sibling) == dirname(path)
        ]
        held = set_in(search, plain, reference)
        if not held and not reference.scope:
            held = list(_of_template(search, path, group, reference))
        if held:
            return _settled(search, path, held, _DEPTH)
    return []


def _calls(
    search: Search, path: str, reference: Reference, depth: int = _DEPTH
) -> list[tuple[str, Assignment]]:
    """Return what `module` blocks in other folders pass to the module that `path` is part of.

    If a caller passes a variable of its own, that variable is followed to the caller's files and
    to the callers of the caller.
    """
    if reference.scope != "var":
        return []
    folder = dirname(path)
    return [
        found
        for file in search.callers.get(folder or ".", ())
        if dirname(file.path) != folder
        for assignment in terraform.passed(file, folder, reference.name[0])
        for found in _handed_on(search, file.path, assignment, depth)
    ]


def _of_environments(
    search: Search, path: str, reference: Reference
) -> list[tuple[str, Assignment]]:
    """Return what files below the folder of a module set, such as `environments/prod.tfvars`."""
    if reference.scope != "var":
        return []
    below = [other for other in search.beside(path) if dirname(other) != dirname(path)]
    return set_in(search, below, reference)


def _handed_on(
    search: Search, path: str, assignment: Assignment, depth: int
) -> list[tuple[str, Assignment]]:
    """Return the places that set the value which a caller of a module passes.

    This is the assignment itself if it holds a version, or if its variable is not found.
    """
    alias = assignment.alias
    if assignment.version is not None or alias is None or not depth:
        return [(path, assignment)]
    held = [
        found
        for where, own in set_in(search, search.beside(path), alias)
        for found in _handed_on(search, where, own, depth - 1)
    ]
    above = _calls(search, path, alias, depth - 1)
    return [*held, *above] or [(path, assignment)]


def _of_template(
    search: Search, path: str, group: Iterable[str], reference: Reference
) -> Iterator[tuple[str, Assignment]]:
    """Yield what Terraform sets for a variable of the template at `path`.

    If a `templatefile` call names the template, its arguments count. Without such a call, a
    Terraform variable or local value of the same name in the template's folder counts.
    """
    modules = [sibling for sibling in group if sibling in search.files and sibling.endswith(MODULE)]
    calls = {sibling: _calls_of(search.files[sibling], basename(path)) for sibling in modules}
    if any(calls.values()):
        for module, spans in calls.items():
            for start, end in spans[:1]:
                held = assignments.find(search.files[module], reference)
                yield from ((module, each) for each in held if start <= each.start < end)
        return
    beside = [sibling for sibling in modules if dirname(sibling) == dirname(path)]
    for scope in ("var", "local"):
        yield from set_in(search, beside, Reference(reference.name, scope))


_TEMPLATE = lazy_pattern(r"template_?file")
_BEFORE_NAME = 500
"""How many characters may be between `templatefile` and the name of the template."""


def _calls_of(file: TextFile, template: str) -> Sequence[tuple[int, int]]:
    """Return the spans of the arguments behind the template's name in calls of `templatefile`."""
    templates = file.once(_calls_of, lambda: _TEMPLATE.search(file.text) is not None)
    return file.once((_calls_of, template), lambda: _named_in(file, template)) if templates else ()


def _named_in(file: TextFile, template: str) -> Sequence[tuple[int, int]]:
    text, found = file.text, list[tuple[int, int]]()
    file.spend(1 + len(text) // assignments.LOOKED_THROUGH)
    start = text.find(template)
    while start >= 0:
        file.spend(1)
        end = start + len(template)
        first = max(file.line_span(start)[0], start - _BEFORE_NAME)
        if _TEMPLATE.search(text, first, start) and re.match(r"[^\w.]", text[end : end + 1]):
            closing = text.find(")", end)
            found.append((end, closing if closing >= 0 else len(text)))
            break
        start = text.find(template, end)
    return found
