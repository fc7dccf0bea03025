"""Plans which manifests move to which apiVersion before a bump, and which stay. Pure.

Both releases serve the new version: `target_version` chooses it. Nothing but the text of an
apiVersion changes, so an object moves only if its fields fit the schema of the new version in
both releases.

A migration does not change the objects that a cluster has stored: `flux migrate` rewrites those.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from functools import partial

from msgspec.structs import replace

from fluxbump.bump.migrate.edits import Migration, Move, Why, applied, edits, prove
from fluxbump.bump.migrate.obstacles import (
    Left,
    held_back,
    identity,
    objections,
    picked,
    stays_because,
)
from fluxbump.bump.migrate.target_version import Sides, between
from fluxbump.check.evidence import Evidence
from fluxbump.check.evidence_parts import optional
from fluxbump.check.rules.objects.api_versions import DEPRECATED_API, REMOVED_API
from fluxbump.discover.objects import selectors
from fluxbump.discover.objects.resources import Resource, Resources
from fluxbump.discover.objects.selectors import Selector
from fluxbump.discover.scope import Scope
from fluxbump.errors import Again, UsageError
from fluxbump.flux.known_releases import KnownReleases
from fluxbump.git.overlay_snapshot import ChangeSet
from fluxbump.git.text_reader import TextReader
from fluxbump.model import Location, Note, Snapshot, Step
from fluxbump.text import splice
from fluxbump.text.live_code import encode

Ignored = Callable[[str, Location], bool]
"""Whether the findings of a rule at a place are suppressed."""

_NOT_SEARCHED = "not searched for Flux objects"
_NO_SELECTORS = "not searched for what selects objects by the version that moves"
_CODES = {Why.REMOVED: REMOVED_API.code, Why.DEPRECATED: DEPRECATED_API.code}


def prepare(
    snapshot: Snapshot, scope: Scope, evidence: Evidence, new: str, ignored: Ignored
) -> Migration:
    """Find the manifests of a snapshot that move before a bump, and edit them in memory.

    Args:
        snapshot: the files before the bump.
        scope: the limits of the search.
        evidence: the evidence about the snapshot.
        new: the target release of the bump.
        ignored: tells which findings the team has suppressed. A manifest with such a finding stays.

    Raises:
        UsageError: the installed release, or the API versions of a release, are not known.
    """
    found, known, old = _asked(evidence)
    if found is None or known is None or old is None:
        raise UsageError(
            evidence.why_not_installed,
            facts=["--migrate-apis needs it to move manifests"],
            next=[Again(why="moves no manifests", drop=("--migrate-apis",))],
        )
    free = migrate(found, known, old, new, ignored=ignored)
    # Another search of the snapshot is needed only for the versions that would move.
    versions = {move.resource.version for move in free.moves}
    reader = TextReader(snapshot)
    picking = selectors.find(reader, scope.excludes, versions)
    if picking:
        free = migrate(found, known, old, new, picking=picking, ignored=ignored)
    large = [Note(u.location, f"{_NO_SELECTORS}: {u.message}") for u in reader.refused]
    return replace(free, notes=(*free.notes, *large))


def _asked(evidence: Evidence) -> tuple[Resources | None, KnownReleases | None, str | None]:
    """Return the Flux objects, the known releases, and the installed release. Each can be None."""
    return optional(evidence.objects), optional(evidence.releases), evidence.installed


def foreseen(evidence: Evidence) -> Callable[[str], Resources] | None:
    """Return a function from a release to the Flux objects after the migration to it.

    None if the objects or the installed release are not known. If the API versions of a release are
    not known, nothing moves.
    """
    found, known, old = _asked(evidence)
    if found is None or known is None or old is None:
        return None

    def after(new: str) -> Resources:
        try:
            return applied(found, migrate(found, known, old, new))
        except UsageError:
            return found

    return after


def migrate(
    found: Resources,
    known: KnownReleases,
    old: str,
    new: str,
    *,
    picking: Collection[Selector] = (),
    ignored: Ignored = lambda *_: False,
) -> Migration:
    """Find the manifests that move, edit them in memory, and prove the edits.

    Args:
        found: the Flux objects of a snapshot.
        known: the API versions and fields of the known releases.
        old: the release that is left.
        new: the target. If it is `old`, the objects at versions deprecated in it move.
        picking: the selectors that pick objects by their version. A move would hide the object
            from them.
        ignored: tells which findings the team has suppressed.

    Raises:
        UsageError: the API versions of a release are not known.
        AssertionError: the result is not the planned one: a bug.
    """
    for release in (old, new):
        if release not in known.crds or not known.has_fields(release):
            raise UsageError(
                f"the API versions of Flux {release} are not known",
                facts=["--migrate-apis needs them to move manifests"],
                hint="give its manifest with --releases",
                next=[Step("fluxbump matrix --all", "the releases that fluxbump knows")],
            )
    sides = between(known.crds, old, new)
    moves, left = _sorted_out(found, sides, ignored)
    stays, objects = objections(found, moves, known, sides)
    moves, held = held_back(moves, [*stays, *picked(moves, picking)], left)
    texts = splice.edited(found.files, edits(moves))
    changes = ChangeSet({path: encode(text) for path, text in texts.items()})
    prove(objects, found.files, texts, moves, partial(known.schema, new))
    notes = {
        *(stay.note for stay in (*left, *held)),
        *_alone(found, moves),
        *_unreadable(found),
        *_mentions(found, sides),
    }
    ordered = sorted(notes, key=lambda note: (note.location, note.message))
    return Migration(old, new, tuple(moves), tuple(ordered), changes)


def _sorted_out(found: Resources, sides: Sides, ignored: Ignored) -> tuple[list[Move], list[Left]]:
    """Part the resources into those that can move by their version alone, and those that stay."""
    moves: list[Move] = []
    left: list[Left] = []
    for resource in found.resources:
        if "$" in resource.version:
            reason = f"its version is the variable {resource.version}"
            left.append(stays_because(resource, reason))
            continue
        why = sides.ill(resource)
        version = sides.successor(resource, why) if why else None
        if why and ignored(_CODES[why], resource.api_location):
            left.append(stays_because(resource, f"{_CODES[why]} is ignored there"))
        elif why and version:
            moves.append(Move(resource, version, why))
        elif why:
            left.append(stays_because(resource, _nowhere(resource, why, sides)))
    return moves, left


def _nowhere(resource: Resource, why: Why, sides: Sides) -> str:
    if not sides.has(resource):
        return f"Flux {sides.new} has no such kind"
    if why is Why.DEPRECATED:
        return f"Flux {sides.old} serves no newer version. Move it after the bump"
    return (
        f"Flux {sides.new} and {sides.old} serve no common version. "
        f"Follow `fluxbump path {sides.new}`"
    )


def _alone(found: Resources, moves: Iterable[Move]) -> Iterator[Note]:
    """Yield a note for each patch that moves, and whose object is not in the snapshot."""
    here = {identity(resource) for resource in found.resources if not resource.patch}
    for patch in (move.resource for move in moves if move.resource.patch):
        if patch.name and identity(patch) not in here:
            message = f"the patch of {patch} moves, but what it patches is not in this repository"
            yield Note(patch.api_location, message)


def _unreadable(found: Resources) -> Iterator[Note]:
    for broken in found.unreadable:
        what = "a Flux object that cannot be parsed" if broken.within_budget else _NOT_SEARCHED
        yield Note(broken.location, f"{what}: {broken.message}")


def _mentions(found: Resources, sides: Sides) -> Iterator[Note]:
    """Yield a note for each apiVersion in other text that the target removes or deprecates."""
    for mention in found.mentions:
        why = _fate(mention, sides)
        if why:
            version = mention.api_version
            what = f"{mention.kind} at {version}" if mention.kind else version
            fate = "does not serve" if why is Why.REMOVED else "calls deprecated"
            message = f"this text names {what}, which Flux {sides.new} {fate}"
            yield Note(mention.api_location, message, advice="Check it by hand")


def _fate(mention: Resource, sides: Sides) -> Why | None:
    if sides.has(mention):
        return sides.ill(mention)
    return Why.REMOVED if sides.names_nothing(mention) else None
