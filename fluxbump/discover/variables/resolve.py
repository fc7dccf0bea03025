"""Follows the variables that pins take their versions from to the places that set them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress

from msgspec import Struct, field

from fluxbump.discover.variables import references, shell_arguments
from fluxbump.discover.variables.lookup import Search, resolve, set_in, setting
from fluxbump.discover.variables.references import Reference
from fluxbump.discover.variables.setting_files import Places
from fluxbump.discover.variables.values import Assignment
from fluxbump.model import Form, Pin, Role, Track
from fluxbump.text.budget import ExceededError
from fluxbump.text.live_code import TextFile


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


def _questions(search: Search, pins: Iterable[Pin]) -> dict[_Question, list[Pin]]:
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
    search = Search(files, found)
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
    search: Search, asked: Mapping[_Question, Sequence[Pin]]
) -> tuple[dict[_Place, list[_Claim]], set[_Place]]:
    """Return who takes a version from each assignment, and the assignments nobody can choose."""
    claims: dict[_Place, list[_Claim]] = {}
    disputed: set[_Place] = set()
    for question, (pin, *_) in asked.items():
        reference = question.reference
        try:
            held = resolve(search, pin, reference)
            unclear = [] if held else setting(search, pin, reference)
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


def _of_names(search: Search, named: Iterable[tuple[Reference, Track]], kind: str) -> Iterator[Pin]:
    """Yield the assignments of variables that count whoever uses them."""
    for reference, track in named:
        for path, file in search.files.items():
            held: Sequence[tuple[str, Assignment]] = ()
            with suppress(ExceededError):
                held = set_in(search, [path], reference)
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
