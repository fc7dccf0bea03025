"""Tries a bump in memory to find the options with which it passes, for the advice of a check."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from msgspec import Struct

from fluxbump.errors import Again, FluxbumpError

if TYPE_CHECKING:
    from pathlib import Path

    from fluxbump.bump.prepared_bump import Prepared
    from fluxbump.check.gather import Known
    from fluxbump.config.source_options import SourceOptions
    from fluxbump.model import Snapshot

_TRIES = 3  # a bump can be refused for one reason after another
_OPTIONS = ("--align", "--leave-gotk")
_MIGRATE = "--migrate-apis"
_FIX = "--fix "


class TriedFrom(Struct, frozen=True):
    """The place where a bump is tried.

    Attributes:
        repository: a path inside the repository. None for the current folder.
        rev: the revision to start from. None for HEAD, or for the working tree if it differs.
        pinned: the files that hold pins. If they have uncommitted changes, the working tree is
            used.
        sources: the sources of facts.
        known: the facts that do not come from the repository.
    """

    repository: Path | None
    rev: str | None
    pinned: Iterable[str]
    sources: SourceOptions
    known: Known


def options_for(release: str, place: TriedFrom) -> tuple[str, ...] | None:
    """Return the options with which `fluxbump to` moves pins to a release. None if none works."""
    options = dict[str, str]()
    in_place = is_uncommitted(place)
    for _ in range(_TRIES):
        try:
            prepared = _prepared(release, place, options, in_place=in_place)
        except FluxbumpError as error:
            more = _named(error)
        else:
            if prepared.passed:
                given = [word for name in options for word in (name, options[name]) if word]
                return None if prepared.empty else (*(["--in-place"] * in_place), *given)
            more = _fixing(prepared)
        if more.keys() <= options.keys():
            return None
        options |= more
    return None


def is_uncommitted(place: TriedFrom, also: Iterable[str] = ()) -> bool:
    """Whether a bump from HEAD would miss uncommitted changes of pins or of these files."""
    from fluxbump.cli.workspace import open_session
    from fluxbump.git.repository import Repository

    if place.rev is not None:
        return False
    with open_session(place.repository, Repository.worktree, place.sources) as session:
        if session.repository.clean:
            return False
        return bool(session.repository.modified([*place.pinned, *also]))


def _prepared(
    release: str, place: TriedFrom, options: Mapping[str, str], *, in_place: bool
) -> Prepared[Snapshot]:
    from fluxbump.bump import bump
    from fluxbump.bump import in_place as edit
    from fluxbump.bump.planning.plan import Options
    from fluxbump.bump.prepared_bump import Request
    from fluxbump.check.repository_state import read_state
    from fluxbump.cli.fix import chosen
    from fluxbump.cli.options import left
    from fluxbump.cli.workspace import open_session
    from fluxbump.config.settings import Settings
    from fluxbump.git.repository import Repository
    from fluxbump.workspace import at

    def request(settings: Settings) -> Request:
        return Request(
            target=release,
            options=Options(
                level=settings.bump,
                align="--align" in options,
                leave=left(gotk="--leave-gotk" in options),
            ),
            mentions=settings.mentions,
            known=place.known,
            migrate_apis=_MIGRATE in options,
            fixes=chosen(options.get(_FIX.strip(), "")),
        )

    if in_place:
        with open_session(place.repository, Repository.editable, place.sources) as here:
            return edit.prepare(here, request(here.settings))
    with open_session(place.repository, at(place.rev or "HEAD"), place.sources) as session:
        wanted = request(session.settings)
        return bump.prepare(session, read_state(session, wanted.known), wanted)


def _named(error: FluxbumpError) -> dict[str, str]:
    """Return the options that an error advises, out of those that a check can advise."""
    told = [step.add for step in error.next if isinstance(step, Again)]
    return {word: "" for words in told for word in words if word in _OPTIONS}


def _fixing(prepared: Prepared[Snapshot]) -> dict[str, str]:
    """Return the options that fix all refusals of a bump. Empty if one cannot be fixed."""
    fixes = {finding.fix for finding in prepared.refusals}
    if "" in fixes:
        return {}
    settings = sorted(fix.removeprefix(_FIX) for fix in fixes if fix.startswith(_FIX))
    moves = {fix: "" for fix in sorted(fixes) if not fix.startswith(_FIX)}
    return moves | ({_FIX.strip(): ",".join(settings)} if settings else {})
