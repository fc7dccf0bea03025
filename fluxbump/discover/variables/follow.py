"""Follows the variables that pins take their versions from to the places that set them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from posixpath import basename, dirname

from msgspec import Struct, field

from fluxbump.discover.variables import assignments, references, shell_arguments
from fluxbump.discover.variables.assignments import Assignment
from fluxbump.discover.variables.references import Reference
from fluxbump.discover.variables.setting_files import MODULE, Places
from fluxbump.model import Form, Pin, Role, Track
from fluxbump.text.budget import ExceededError
from fluxbump.text.live_code import TextFile
from fluxbump.text.patterns import lazy_pattern

_DEPTH = 3  # variables that one after the other take their value from the next


class Followed(Struct, frozen=True):
    """What became of the variables.

    Attributes:
        pins: the assignments that hold a version, by path.
        uses: path and offset of every text whose variable is followed.
        disputed: path and offset of assignments that a use cannot choose among.
    """

    pins: Mapping[str, Sequence[Pin]] = field(default_factory=dict)
    uses: frozenset[tuple[str, int]] = frozenset()
    disputed: frozenset[tuple[str, int]] = frozenset()


def reference_of(pin: Pin) -> Reference | None:
    """Return the variable that a pin takes its version from."""
    bare = re.fullmatch(r"""(?:var|local)\.[\w.\[\]"']+""", pin.value)
    return references.parse("${" + pin.value + "}" if bare else pin.value)


class _Search(Struct, dict=True):
    """The files that are known, and where each use may be set."""

    files: Mapping[str, TextFile]
    places: Mapping[str, Places]

    @cached_property
    def callers(self) -> dict[str, Sequence[TextFile]]:
        """The files that call a Terraform module, by the folder of that module."""
        found = dict[str, list[TextFile]]()
        for path in sorted(path for path in self.files if path.endswith(MODULE)):
            for folder in assignments.called(self.files[path]):
                found.setdefault(folder, []).append(self.files[path])
        return {**found}

    @cached_property
    def naming(self) -> dict[str, Sequence[TextFile]]:
        """The files that name another one, by the path of that one; for who was asked for."""
        return {}


class _Question(Struct, frozen=True):
    """What several pins of a file ask: where one variable is set.

    Attributes:
        path: of the file.
        reference: to the variable.
        place: of the pin, if that holds the variable's default; nothing else is equal to it then.
        track: of the pins.
        role: of the pins.
    """

    path: str
    reference: Reference
    place: int | None
    track: Track
    role: Role


def _questions(search: _Search, pins: Iterable[Pin]) -> dict[_Question, list[Pin]]:
    """Return the pins that hold a variable by what they ask; thousands may ask the same."""
    asked: dict[_Question, list[Pin]] = {}
    for pin in pins:
        path = pin.location.path
        reference = reference_of(pin) or _parameter(search.files[path], pin)
        if reference:
            place = pin.start if reference.default else None
            question = _Question(path, reference, place, pin.track, pin.role)
            asked.setdefault(question, []).append(pin)
    return asked


class _Claim(Struct, frozen=True):
    """Pins take their version from an assignment, which so is a pin itself.

    Attributes:
        asked: by the pins.
        path: of the file with the assignment.
        assignment: the place.
    """

    asked: _Question
    path: str
    assignment: Assignment


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
    asked = _questions(search, pins)
    claims, disputed = _claims(search, asked)
    # One place cannot hold the versions of two tracks.
    torn = {
        place for place, held in claims.items() if len({claim.asked.track for claim in held}) > 1
    }
    answered = {claim.asked for held in claims.values() for claim in held}
    unanswered = {claim.asked for place in torn for claim in claims[place]}
    uses = {_place(pin) for question in answered for pin in asked[question]}
    uses -= {_place(pin) for question in unanswered for pin in asked[question]}
    assigned: dict[_Place, Pin] = {}
    for place in claims.keys() - torn:
        claim = _first(claims[place])
        user, reference = asked[claim.asked][0], claim.asked.reference
        assigned[place] = _pin(files[claim.path], claim.assignment, user, reference, kind)
    for pin in _of_names(search, named, kind):
        if _place(pin) not in claims:
            assigned.setdefault(_place(pin), pin)
    by_path: dict[str, list[Pin]] = {}
    for place in sorted(assigned):
        by_path.setdefault(place[0], []).append(assigned[place])
    return Followed(by_path, frozenset(uses), frozenset(disputed | torn))


def _place(pin: Pin) -> _Place:
    return pin.location.path, pin.start


def _claims(
    search: _Search, asked: Mapping[_Question, Sequence[Pin]]
) -> tuple[dict[_Place, list[_Claim]], set[_Place]]:
    """Return who takes a version from each assignment, and the assignments nobody can choose."""
    claims: dict[_Place, list[_Claim]] = {}
    disputed: set[_Place] = set()
    for question, (pin, *_) in asked.items():
        reference = question.reference
        try:
            held = _resolve(search, pin, reference)
            unclear = [] if held else _setting(search, pin, reference)
        except ExceededError:  # the search for pins names the file that takes so much
            continue
        for path, assignment in held:
            place = (path, assignment.start)
            claims.setdefault(place, []).append(_Claim(question, path, assignment))
        disputed |= {(path, some.start) for path, some in unclear}
    return claims, disputed


def _first(claims: Sequence[_Claim]) -> _Claim:
    """Return the claim of who installs, or else of who was found first."""
    installing = (claim for claim in claims if claim.asked.role is Role.INSTALLS)
    return next(installing, claims[0])


def _of_names(
    search: _Search, named: Iterable[tuple[Reference, Track]], kind: str
) -> Iterator[Pin]:
    """Yield the assignments of variables that count whoever uses them."""
    for reference, track in named:
        for path, file in search.files.items():
            held: Sequence[tuple[str, Assignment]] = ()
            with suppress(ExceededError):
                held = _in(search, [path], reference)
            user = Pin(kind, track, file.location(0), 0, 0, "", Form.VARIABLE, "")
            for _, assignment in held:
                if assignment.version:
                    yield _pin(file, assignment, user, reference, kind)


def _parameter(file: TextFile, pin: Pin) -> Reference | None:
    return shell_arguments.reference_at(file, pin.start, pin.value)


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
    if path not in search.naming:
        name = basename(path)
        others = (file for other, file in search.files.items() if other != path)
        search.naming[path] = [file for file in others if name in file.text]
    return any(assignments.find(file, reference) for file in search.naming[path])


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
                search.files[where].spend(len(group))
                known = _in(search, group, assignment.alias)
                if known:
                    break
            known = _settled(search, path, known, depth - 1)
        settled += known or [(where, assignment)]
    return settled


def _elsewhere(search: _Search, path: str, reference: Reference) -> list[tuple[str, Assignment]]:
    groups = search.places.get(path, ())
    # Of the modules in other folders, only what they pass counts.
    for group in groups[:1] if reference.scope in ("var", "local") else groups:
        plain = [
            sibling
            for sibling in group
            if not sibling.endswith(MODULE) or dirname(sibling) == dirname(path)
        ]
        held = _in(search, plain, reference)
        if not held and not reference.scope:
            held = list(_of_template(search, path, group, reference))
        if held:
            return _settled(search, path, held, _DEPTH)
    return []


def _calls(search: _Search, path: str, reference: Reference) -> list[tuple[str, Assignment]]:
    """What the `module` blocks of other folders pass to the module that `path` is part of."""
    if reference.scope != "var":
        return []
    folder = dirname(path)
    return [
        (file.path, assignment)
        for file in search.callers.get(folder or ".", ())
        if dirname(file.path) != folder
        for assignment in assignments.passed(file, folder, reference.name[0])
    ]


def _of_template(
    search: _Search, path: str, group: Iterable[str], reference: Reference
) -> Iterator[tuple[str, Assignment]]:
    """What Terraform gives a template: in the call that names it, else by the same name beside."""
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
        yield from _in(search, beside, Reference(reference.name, scope))


_TEMPLATE = lazy_pattern(r"template_?file")
_BEFORE_NAME = 500
"""Characters between the name of Terraform's function and that of a template."""


def _calls_of(file: TextFile, template: str) -> Sequence[tuple[int, int]]:
    """Return the spans of the arguments behind the name of a template, where a call reads it."""
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
