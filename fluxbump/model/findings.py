"""Findings, which rules report about a repository, and the commands that a reader can type next."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from fluxbump.model.location import Location


class Severity(StrEnum):
    """How serious a finding is. Only errors stop a bump."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Related(Struct, frozen=True):
    """Another place that a finding is about, such as the pin that it contradicts.

    Attributes:
        location: the other place.
        message: what is there, in a few words for people.
    """

    location: Location
    message: str


class Finding(Struct, frozen=True):
    """One problem that a rule found in a repository.

    Attributes:
        code: the stable code of the rule, such as `FB103`.
        severity: how serious this finding is; it can differ from the rule's own severity.
        message: one sentence that names both sides of the problem.
        location: the place to read first.
        related: the other places that the finding is about.
        about: the problem in words that name no release that was checked. It identifies the finding
            before and after a bump (`check/fingerprints`). Empty if the message does that, because
            with another release the finding is a new one.
        gist: the message without its subject, so that it fits every subject. Findings of one rule,
            one severity and one gist form a group. Empty if no other finding can say the same.
        fix: the option of fluxbump that fixes the problem, such as `--migrate-apis`; empty if there
            is none.
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
        command: the command line, quoted for a POSIX shell.
        why: what the command does or shows, in a few words; empty if the command says that itself.
    """

    command: str
    why: str = ""
