"""Rules about what fluxbump did not read or check, and about useless suppressions (FB001-FB003)."""

from __future__ import annotations

from collections.abc import Iterator

from fluxbump.check.rules.rule import Danger, Evidence, Outcome, Rule, Trait
from fluxbump.discover import unparsed
from fluxbump.model import Finding, Severity


def unused_suppression(_evidence: Evidence) -> Iterator[Outcome]:
    """Yield nothing: the gate applies the suppressions, and so makes the findings of FB001."""
    yield from ()


def unreadable(evidence: Evidence) -> Iterator[Outcome]:
    """Check that every file that may hold a pin can be parsed (FB002)."""
    for file in evidence.inventory.unreadable:
        yield Finding(
            "FB002",
            Severity.ERROR,
            f"may hold a pin, but {unparsed.problem(file)} ({unparsed.advice(file)})",
            file.location,
        )


def not_judged(evidence: Evidence) -> Iterator[Outcome]:
    """Yield a note for each place that looks like a pin and that no other rule checks (FB003)."""
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
