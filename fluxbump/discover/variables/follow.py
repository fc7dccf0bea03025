"""Follows the variables that pins take their versions from to the places that set them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from posixpath import basename, dirname

from msgspec import Struct, field

from fluxbump.discover.variables import assignments, references, shell_arguments
from fluxbump.discover.variables.assignments import Assignment
from fluxbump.discover.variables.references import Reference
from fluxbump.discover.variables.setting_files import MODULE, Places
from fluxbump.model import Form, Pin, Role, Track
from fluxbump.text.live_code import TextFile

_DEPTH = 3  # variables that one after the other take their value from the next


class Followed(Struct, frozen=True):
    """What became of the variables.

    Attributes:
        pins: the assignments that hold a version, by path.
        uses: path and offset of every text whose variable is followed.
        disputed: path and offset of assignments that a use cannot choose among.
    """

    pins: Mapping[str, tuple[Pin, ...]] = field(default_factory=dict)
    uses: frozenset[tuple[str, int]] = frozenset()
    disputed: frozenset[tuple[str, int]] = frozenset()


def reference_of(pin: Pin) -> Reference | None:
    """Return the variable that a pin takes its version from."""
    bare = re.fullmatch(r"""(?:var|local)\.[\w.\[\]"']+""", pin.value)
    return references.parse("${" + pin.value + "}" if bare else pin.value)


class _Search(Struct):
    """The files that are known, and where each use may be set."""

    files: Mapping[str, TextFile]
    places: Mapping[str, Places]


class _Claim(Struct, frozen=True):
    """A pin takes its version from an assignment, which so is a pin itself."""

    user: Pin
    assigned: Pin


_Place = tuple[str, int]
"""Path and offset of a text."""


def follow(
    files: Mapping[str, TextFile],
    pins: Iterable[Pin],
    found: Mapping[str, Places],
    named: Iterable[tuple[Reference, Track]] = (),
    *,
    kind: str,
) -> Followed:
    """Follow every pin that takes its version from a variable.

    Args:
        files: by path, with all that may set a variable.
        pins: that hold a variable.
        found: by path of a pin, the files that may set its variable.
        named: variables that count wherever they are set, whoever uses them.
        kind: of the pins that assignments are.
    """
    search = _Search(files, found)
    claims, disputed = _claims(search, pins, kind)
    # One place cannot hold the versions of two tracks.
    torn = {
        place for place, held in claims.items() if len({claim.user.track for claim in held}) > 1
    }
    uses = {_place(claim.user) for held in claims.values() for claim in held}
    uses -= {_place(claim.user) for place in torn for claim in claims[place]}
    assigned = {place: _first(held) for place, held in claims.items() if place not in torn}
    for pin in _of_names(search, named, kind):
        if _place(pin) not in claims:
            assigned.setdefault(_place(pin), pin)
    by_path: dict[str, tuple[Pin, ...]] = {}
    for place in sorted(assigned):
        by_path[place[0]] = (*by_path.get(place[0], ()), assigned[place])
    return Followed(by_path, frozenset(uses), frozenset(disputed | torn))


def _place(pin: Pin) -> _Place:
    return pin.location.path, pin.start


def _claims(
    search: _Search, pins: Iterable[Pin], kind: str
) -> tuple[dict[_Place, list[_Claim]], set[_Place]]:
    """Return who takes a version from each assignment, and the assignments nobody can choose."""
    claims: dict[_Place, list[_Claim]] = {}
    disputed: set[_Place] = set()
    for pin in pins:
        reference = reference_of(pin) or _parameter(search.files[pin.location.path], pin)
        if reference is None:
            continue
        held = _resolve(search, pin, reference)
        for path, assignment in held:
            assigned = _pin(search.files[path], assignment, pin, reference, kind)
            claims.setdefault(_place(assigned), []).append(_Claim(pin, assigned))
        if not held:
            disputed |= {(path, some.start) for path, some in _setting(search, pin, reference)}
    return claims, disputed


def _first(claims: Sequence[_Claim]) -> Pin:
    """Return an assignment as the pin of who installs by it, or else of who was found first."""
    installing = (claim for claim in claims if claim.assigned.role is Role.INSTALLS)
    return next(installing, claims[0]).assigned


def _of_names(
    search: _Search, named: Iterable[tuple[Reference, Track]], kind: str
) -> Iterator[Pin]:
    """Yield the assignments of variables that count whoever uses them."""
    for reference, track in named:
        for path, assignment in _in(search, search.files, reference):
            if assignment.version:
                file = search.files[path]
                user = Pin(kind, track, file.location(0), 0, 0, "", Form.VARIABLE, "")
                yield _pin(file, assignment, user, reference, kind)


def _parameter(file: TextFile, pin: Pin) -> Reference | None:
    return shell_arguments.reference_at(file.text, pin.start, pin.value)


def _pin(file: TextFile, assignment: Assignment, use: Pin, reference: Reference, kind: str) -> Pin:
    of_call = reference.scope == shell_arguments.SCOPE
    name = (" $" if of_call else ".").join(reference.name)
    return Pin(
        kind=kind,
        track=use.track,
        location=file.location(assignment.start),
        start=assignment.start,
        end=assignment.end,
        value=assignment.version or "",
        form=Form.EXACT,
        subject=f"{name} ({use.subject} in {use.location.path})",
        role=use.role,
    )


def _resolve(search: _Search, pin: Pin, reference: Reference) -> list[tuple[str, Assignment]]:
    """Return where the variable of a pin is set, if every such place holds the same version."""
    path = pin.location.path
    own = _own(search, pin, reference)
    if reference.scope == shell_arguments.SCOPE and (
        not own or _called_elsewhere(search, path, reference)
    ):
        return []
    held = _setting(search, pin, reference)
    calls = _calls(search, path, reference)
    if calls and not held:
        return calls if all(assignment.version for _, assignment in calls) else []
    same = len({assignment.version for _, assignment in held}) == 1
    # What a caller passes overrides the default, so each is a pin of its own.
    passed = [call for call in calls if call[1].version]
    return [*held, *passed] if same and held[0][1].version else []


def _own(search: _Search, pin: Pin, reference: Reference) -> list[tuple[str, Assignment]]:
    """Return where the file of a pin sets its variable, with the default that it has itself."""
    path = pin.location.path
    own = [] if reference.scope in ("var", "local") else _in(search, [path], reference)
    if reference.default:
        start, end = (pin.start + offset for offset in reference.default)
        text = search.files[path].text[start:end]
        own = [
            *(assignment for assignment in own if assignment[1].start != start),
            (path, Assignment(start, end, text)),
        ]
    return own


def _setting(search: _Search, pin: Pin, reference: Reference) -> list[tuple[str, Assignment]]:
    """Return where the variable of a pin is set, whatever is held there."""
    path, own = pin.location.path, _own(search, pin, reference)
    return _settled(search, path, own, _DEPTH) if own else _elsewhere(search, path, reference)


def _called_elsewhere(search: _Search, path: str, reference: Reference) -> bool:
    """Whether another file that names this one calls the function of a parameter."""
    others = (file for other, file in search.files.items() if other != path)
    function, number = reference.name
    return any(
        basename(path) in file.text and shell_arguments.arguments(file, function, int(number))
        for file in others
    )


def _in(
    search: _Search, paths: Iterable[str], reference: Reference
) -> list[tuple[str, Assignment]]:
    known = [path for path in paths if path in search.files]
    return [
        (p, assignment)
        for p in known
        for assignment in assignments.find(search.files[p], reference)
    ]


def _settled(
    search: _Search, path: str, held: Iterable[tuple[str, Assignment]], depth: int
) -> list[tuple[str, Assignment]]:
    """Replace each alias by what it stands for; a value that nobody knows remains."""
    settled: list[tuple[str, Assignment]] = []
    for where, assignment in held:
        known = []
        if assignment.version is None and assignment.alias and depth:
            groups = [[where], *search.places.get(path, ())]
            for group in groups:
                known = _in(search, group, assignment.alias)
                if known:
                    break
            known = _settled(search, path, known, depth - 1)
        settled += known or [(where, assignment)]
    return settled


def _elsewhere(search: _Search, path: str, reference: Reference) -> list[tuple[str, Assignment]]:
    groups = search.places.get(path, ())
    for group in groups:
        plain = [
            sibling
            for sibling in group
            if not sibling.endswith(MODULE) or _in_module(sibling, path, reference)
        ]
        held = _in(search, plain, reference)
        if not held and not reference.scope:
            held = list(_of_template(search, path, group, reference))
        if held:
            return _settled(search, path, held, _DEPTH)
    return []


def _in_module(path_of_use: str, path: str, reference: Reference) -> bool:
    return reference.scope is not None and dirname(path_of_use) == dirname(path)


def _calls(search: _Search, path: str, reference: Reference) -> list[tuple[str, Assignment]]:
    """What the `module` blocks of other folders pass to the module that `path` is part of."""
    if reference.scope != "var":
        return []
    folder = dirname(path)
    outside = {other_path for group in search.places.get(path, ()) for other_path in group}
    files = (
        search.files.get(other_path)
        for other_path in sorted(outside)
        if dirname(other_path) != folder
    )
    return [
        (file.path, other_path)
        for file in files
        if file
        for other_path in assignments.passed(file, folder, reference.name[0])
    ]


def _of_template(
    search: _Search, path: str, group: Iterable[str], reference: Reference
) -> Iterator[tuple[str, Assignment]]:
    """What Terraform gives a template: in the call that names it, else by the same name beside."""
    modules = [sibling for sibling in group if sibling in search.files and sibling.endswith(MODULE)]
    calls = [sibling for sibling in modules if _call(search.files[sibling].text, path)]
    if calls:
        for module in calls:
            text = search.files[module].text
            yield from ((module, a) for a in _argument(search.files[module], text, path, reference))
        return
    beside = [sibling for sibling in modules if dirname(sibling) == dirname(path)]
    for scope in ("var", "local"):
        yield from _in(search, beside, Reference(reference.name, scope))


def _call(text: str, path: str) -> re.Match[str] | None:
    return re.search(rf"template_?file[^\n]*/?{re.escape(basename(path))}[^\w.]", text)


def _argument(file: TextFile, text: str, path: str, reference: Reference) -> Iterator[Assignment]:
    call = _call(text, path)
    start = call.end() if call else 0
    inside = TextFile(file.path, text[: text.find(")", start)] if call else "")
    for assignment in assignments.find(inside, reference):
        if assignment.start >= start:
            yield assignment
