"""Follows variables from the pins that use them to the places that set them. Pure.

An assignment that is found this way becomes a pin. Several pins may use one variable, and one
assignment may serve several variables, so a claim links each use to an assignment.
"""

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
    """The result of following variables.

    Attributes:
        pins: the assignments that hold a version, as pins, by the path of their file.
        uses: path and offset of each pin whose variable was followed to an assignment. Such a pin
            is left out of the result of a search, because the assignment replaces it.
        disputed: path and offset of each assignment that is found but does not become a pin: the
            places that set the variable disagree or hold no version, or two tracks use it.
    """

    pins: Mapping[str, Sequence[Pin]] = field(default_factory=dict)
    uses: frozenset[tuple[str, int]] = frozenset()
    disputed: frozenset[tuple[str, int]] = frozenset()


def reference_of(pin: Pin) -> Reference | None:
    """Return the variable that a pin takes its version from; None if its value is no reference.

    In Terraform, a reference may have no brackets: `var.flux_version`.
    """
    bare = re.fullmatch(r"""(?:var|local)\.[\w.\[\]"']+""", pin.value)
    return references.parse("${" + pin.value + "}" if bare else pin.value)


class _Question(Struct, frozen=True):
    """The question where a variable is set, which all pins of a file with the same use share.

    Attributes:
        path: the path of the file that uses the variable.
        reference: the variable.
        place: the offset of the pin if its reference has a default, since that default belongs to
            this pin alone. None otherwise.
        track: the track of the pins that ask.
        role: the role of the pins that ask.
    """

    path: str
    reference: Reference
    place: int | None
    track: Track
    role: Role


def _questions(search: Search, pins: Iterable[Pin]) -> dict[_Question, list[Pin]]:
    """Group pins by their question, so that a question of thousands of pins is answered once.

    Pins that hold no variable are left out.
    """
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
    """The answer to a question: an assignment from which the pins that asked take their version.

    Attributes:
        asked: the question.
        path: the path of the file with the assignment.
        assignment: the place that sets the variable.
    """

    asked: _Question
    path: str
    assignment: Assignment


_Place = tuple[str, int]
"""The path of a file and an offset in its text."""


def follow(
    files: Mapping[str, TextFile],
    pins: Iterable[Pin],
    found: Mapping[str, Places],
    named: Iterable[tuple[Reference, Track]] = (),
    *,
    kind: str,
) -> Followed:
    """Follow each pin that holds a variable to the assignments of that variable.

    Args:
        files: the files with the pins, and all files that may set a variable, by path.
        pins: the pins that hold a variable.
        found: the files that may set a variable, by the path of the file with the pin.
        named: variables whose assignments become pins even if no pin uses them, with their tracks.
        kind: the kind that the pins made from assignments get.
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
    """Answer each question.

    Returns:
        The claims on each assignment, and the places of assignments that no question can use,
        because they disagree or hold no version.
    """
    claims: dict[_Place, list[_Claim]] = {}
    disputed: set[_Place] = set()
    for question, (pin, *_) in asked.items():
        reference = question.reference
        try:
            held = resolve(search, pin, reference)
            unclear = [] if held else setting(search, pin, reference)
        except ExceededError:  # the search for pins reports the file that takes too many steps
            continue
        for path, assignment in held:
            place = (path, assignment.start)
            claims.setdefault(place, []).append(_Claim(question, path, assignment))
        disputed |= {(path, some.start) for path, some in unclear}
    return claims, disputed


def _first(claims: Sequence[_Claim]) -> _Claim:
    """Return the claim that names the pin: the first of a pin that installs, or else the first."""
    installing = (claim for claim in claims if claim.asked.role is Role.INSTALLS)
    return next(installing, claims[0])


def _of_names(search: Search, named: Iterable[tuple[Reference, Track]], kind: str) -> Iterator[Pin]:
    """Yield, as pins, the assignments of variables that count even if no pin uses them."""
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
