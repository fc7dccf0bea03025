"""Rules about fluxbump's own sight: what it could not read, and what it was told to overlook."""

from __future__ import annotations

from collections.abc import Iterator

from fluxbump.check.rules.rule import Danger, Evidence, Outcome, Rule, Trait
from fluxbump.discover import unparsed
from fluxbump.model import Finding, Severity


def unused_suppression(_evidence: Evidence) -> Iterator[Outcome]:
    """Yield nothing: only the gate, which applies suppressions, knows which were of use."""
    yield from ()


def unreadable(evidence: Evidence) -> Iterator[Outcome]:
    """Every file that may hold a pin can be parsed."""
    for file in evidence.inventory.unreadable:
        yield Finding(
            "FB002",
            Severity.ERROR,
            f"may hold a pin, but {unparsed.problem(file)} ({unparsed.advice(file)})",
            file.location,
        )


def not_judged(evidence: Evidence) -> Iterator[Outcome]:
    """Nothing that looks like a pin was left out of what the other rules judge."""
    unsure = {note for note in evidence.inventory.notes if not note.certain}
    for note in sorted(unsure, key=lambda note: (note.location, note.message)):
        yield Finding("FB003", Severity.NOTE, f"not checked: {note.said}", note.location)


UNUSED_SUPPRESSION = Rule(
    "FB001",
    "unused-suppression",
    Severity.WARNING,
    "Every suppression suppresses something.",
    unused_suppression,
    danger=Danger.TELLS,
)

RULES = (
    UNUSED_SUPPRESSION,
    Rule(
        "FB002",
        "unreadable",
        Severity.ERROR,
        "Every file that may hold a pin can be parsed.",
        unreadable,
        traits=frozenset({Trait.AGREEMENT}),
        broken="files that may hold a pin cannot be read",
    ),
    Rule(
        "FB003",
        "not-judged",
        Severity.NOTE,
        "fluxbump checked everything that looks like a pin.",
        not_judged,
        traits=frozenset({Trait.STRICT, Trait.LISTED}),
        danger=Danger.TELLS,
    ),
)
