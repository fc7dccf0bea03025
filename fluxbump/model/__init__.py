"""The values that rooms pass to each other: pins, findings, places. All are frozen, none does I/O.

The words are those of `docs/design.md`: a *release* is a Flux release, a *chart release* one
version of the community chart `flux2`, a *track* a version line that moves as one, a *pin* a
place in a file that holds a track's version in live code, a *mention* a place in a comment or a
document that names one.
"""

from __future__ import annotations

from fluxbump.model.findings import (
    Finding,
    Related,
    Severity,
    Step,
)
from fluxbump.model.inventory import (
    COMMITS,
    FLUX,
    FLUX2,
    OPERATOR,
    Chart,
    Dependency,
    Form,
    Inventory,
    Links,
    Mention,
    Note,
    Pin,
    Role,
    Track,
    TrackKind,
    Unreadable,
)
from fluxbump.model.location import Location
from fluxbump.model.snapshot import Snapshot

__all__ = [
    "COMMITS",
    "FLUX",
    "FLUX2",
    "OPERATOR",
    "Chart",
    "Dependency",
    "Finding",
    "Form",
    "Inventory",
    "Links",
    "Location",
    "Mention",
    "Note",
    "Pin",
    "Related",
    "Role",
    "Severity",
    "Snapshot",
    "Step",
    "Track",
    "TrackKind",
    "Unreadable",
]
