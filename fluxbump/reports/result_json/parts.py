"""The JSON of places, pins, notes and findings, which several documents contain. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from typing_extensions import TypedDict

from fluxbump.model import Finding, Location, Note, Pin


class PlaceJson(TypedDict):
    """A place in a file; line and column count from 1."""

    path: str
    line: int
    column: int


class PinJson(PlaceJson):
    """A pin and what it holds."""

    kind: str
    role: str
    track: str
    subject: str
    form: str
    value: str


class NoteJson(PlaceJson):
    """Something that was seen and left alone."""

    message: str


class FindingJson(PlaceJson):
    """What a rule says."""

    code: str
    severity: str
    message: str
    related: list[NoteJson]


def place(location: Location) -> PlaceJson:
    """Return a place for JSON."""
    return {"path": location.path, "line": location.line, "column": location.column}


def pin(found: Pin) -> PinJson:
    """Return a pin for JSON, with its place."""
    return {
        **place(found.location),
        "kind": found.kind,
        "role": found.role.value,
        "track": str(found.track),
        "subject": found.subject,
        "form": found.form.value,
        "value": found.value,
    }


def note(seen: Note) -> NoteJson:
    """Return a note for JSON, with its place."""
    return {**place(seen.location), "message": seen.said}


def findings(found: Iterable[Finding]) -> list[FindingJson]:
    """Return findings for JSON, in the given order."""
    return [
        {
            **place(finding.location),
            "code": finding.code,
            "severity": finding.severity.value,
            "message": finding.message,
            "related": [{**place(r.location), "message": r.message} for r in finding.related],
        }
        for finding in found
    ]
