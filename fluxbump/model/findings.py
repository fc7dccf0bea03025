"""What rules say of a repository, and what a reader can type next."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from fluxbump.model.location import Location


class Severity(StrEnum):
    """How bad a finding is. Only errors stop a bump."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Related(Struct, frozen=True):
    """The other side of a disagreement."""

    location: Location
    message: str


class Finding(Struct, frozen=True):
    """What a rule says.

    Attributes:
        code: stable, `FB103`.
        severity: how bad.
        message: one sentence that holds both sides.
        location: where to look first.
        related: the other places.
        about: what is wrong, without the release that was judged, where it was wrong with the
            release before too; empty where another release makes it another finding.
        gist: the message without its subject: what it says of any subject. Findings of one rule,
            one severity and one gist are one group. Empty if nothing else could say the same.
        fix: the option of fluxbump that fixes it, `--migrate-apis`; empty if there is none.
    """

    code: str
    severity: Severity
    message: str
    location: Location
    related: tuple[Related, ...] = ()
    about: str = ""
    gist: str = ""
    fix: str = ""


class Step(Struct, frozen=True):
    """A command that a reader can type as it stands, and what it is for.

    Attributes:
        command: as a POSIX shell reads it.
        why: what the command does or shows, a few words; empty where the command says it.
    """

    command: str
    why: str = ""
