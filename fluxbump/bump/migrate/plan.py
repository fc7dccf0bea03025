"""Moves manifests off API versions that a release removes or deprecates. Pure.

The new version is one that both releases serve, see `target_version`. Nothing but the text of an
apiVersion changes, so an object moves only if its fields fit the schema of the new version in both
releases.

What objects a cluster has stored is another matter: `flux migrate` rewrites those.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import groupby

from msgspec import Struct
from msgspec.structs import replace

from fluxbump.bump.migrate.edits import Migration, Move, Why, applied, edits, place, prove
from fluxbump.bump.migrate.target_version import Sides, between
from fluxbump.check.evidence import Evidence, optional
from fluxbump.check.rules.flux_objects import DEPRECATED_API, REMOVED_API
from fluxbump.discover import field_check, flux_objects, selectors
from fluxbump.discover.flux_objects import ObjectBody, Resource, Resources
from fluxbump.discover.inventory import Scope
from fluxbump.discover.selectors import Selector
from fluxbump.errors import UsageError
from fluxbump.flux.stored_versions import Table
from fluxbump.flux.tables import fields
from fluxbump.git.overlay import ChangeSet
from fluxbump.model import Location, Note, Snapshot
from fluxbump.text import splice
from fluxbump.text.live_code import encode

Ignored = Callable[[str, Location], bool]
"""Whether the findings of a rule at a place are suppressed."""

_CODES = {Why.REMOVED: REMOVED_API.code, Why.DEPRECATED: DEPRECATED_API.code}


def prepare(
    snapshot: Snapshot, scope: Scope, evidence: Evidence, new: str, ignored: Ignored
) -> Migration:
    """Find what moves in a snapshot before a bump, see `migrate`.

    Args:
        snapshot: in question.
        scope: of the search.
        evidence: about the snapshot.
        new: the target.
        ignored: what the team has suppressed; a manifest whose finding is stays.

    Raises:
        UsageError: nothing says which release is left, or the API versions of one are not known.
    """
    found, old = optional(evidence.objects), evidence.installed
    if found is None or old is None:
        raise UsageError(
            "no version of Flux found, so no manifest can be moved",
            hint="drop --migrate-apis",
        )
    free = migrate(found, evidence.crds, old, new, ignored=ignored)
    # Only what would move is worth another search of the snapshot.
    versions = {one.resource.version for one in free.moves}
    picking = selectors.find(snapshot, scope.excludes, versions)
    if not picking:
        return free
    return migrate(found, evidence.crds, old, new, picking=picking, ignored=ignored)


def foreseen(evidence: Evidence) -> Callable[[str], Resources] | None:
    """Return what tells the Flux objects after the migration to a release; None for no objects.

    To a release whose API versions are not known, nothing moves.
    """
    found, old = optional(evidence.objects), evidence.installed
    if found is None or old is None:
        return None

    def after(new: str) -> Resources:
        try:
            return applied(found, migrate(found, evidence.crds, old, new))
        except UsageError:
            return found

    return after


def migrate(
    found: Resources,
    table: Table,
    old: str,
    new: str,
    *,
    picking: Collection[Selector] = (),
    ignored: Ignored = lambda *_: False,
) -> Migration:
    """Find what moves, make the edits, and prove them.

    Args:
        found: the Flux objects of a snapshot.
        table: what each release defines.
        old: the release that is left.
        new: the target; the same release moves what is deprecated in it.
        picking: what picks objects by their version, which a move would hide from it.
        ignored: what the team has suppressed.

    Raises:
        UsageError: the table does not have one of the releases.
        AssertionError: the result is not the one that was planned; a bug.
    """
    for release in (old, new):
        if release not in table or release not in fields.releases():
            raise UsageError(
                f"the API versions of Flux {release} are not known, so no manifest can be moved",
                hint="take a release that `fluxbump matrix --all` lists, or drop --migrate-apis",
            )
    sides = between(table, old, new)
    moves, left = _sorted_out(found, sides, ignored)
    stays, objects = _told(found, moves, sides)
    moves, held = _held_back(moves, [*stays, *_picked(moves, picking)], left)
    texts = splice.edited(found.files, edits(moves))
    changes = ChangeSet({path: encode(text) for path, text in texts.items()})
    prove(objects, found.files, texts, moves, new)
    notes = {
        *(one.note for one in (*left, *held)),
        *_alone(found, moves),
        *_unreadable(found),
        *_mentions(found, sides),
    }
    ordered = sorted(notes, key=lambda note: (note.location, note.message))
    return Migration(old, new, tuple(moves), tuple(ordered), changes)


# --- what moves by its version ----------------------------------------------------------------


class _Left(Struct, frozen=True):
    """A resource that stays, and why."""

    resource: Resource
    note: Note


def _sorted_out(found: Resources, sides: Sides, ignored: Ignored) -> tuple[list[Move], list[_Left]]:
    """Tell what could move by its version alone from what could not."""
    moves: list[Move] = []
    left: list[_Left] = []
    for one in found.resources:
        if "$" in one.version:
            reason = f"its version is a variable, {one.version}: set it where it comes from"
            left.append(_stays(one, reason))
            continue
        why = sides.ill(one)
        version = sides.successor(one, why) if why else None
        if why and ignored(_CODES[why], one.api_location):
            left.append(_stays(one, f"{_CODES[why]} is ignored there"))
        elif why and version:
            moves.append(Move(one, version, why))
        elif why:
            left.append(_stays(one, _nowhere(one, why, sides)))
    return moves, left


def _nowhere(one: Resource, why: Why, sides: Sides) -> str:
    if not sides.has(one):
        return f"Flux {sides.new} has no such kind"
    if why is Why.DEPRECATED:
        return (
            f"it is deprecated in Flux {sides.new}, and Flux {sides.old} serves nothing newer: "
            "move it after the bump"
        )
    return (
        f"Flux {sides.new} does not serve it, and no version is served there and by Flux "
        f"{sides.old}: a release in between may serve both, see fluxbump path {sides.new}"
    )


def _stays(one: Resource, reason: str, note: Note | None = None) -> _Left:
    where = note.location if note else one.api_location
    return _Left(one, Note(where, f"{one} stays at {one.api_version}: {reason}"))


# --- what keeps an object where it is ---------------------------------------------------------


def _told(
    found: Resources, moves: Iterable[Move], sides: Sides
) -> tuple[list[_Left], dict[str, list[Resource]]]:
    """Find what the text and the fields of objects say against their moves.

    Returns:
        What stays, and the objects of every file in question. Only those are kept: the parsed
        manifests of a thousand clusters need not be held at once.
    """
    stays: list[_Left] = []
    held: dict[str, list[Resource]] = {}
    for path, some in groupby(moves, key=lambda move: move.resource.location.path):
        bodies = list(flux_objects.bodies(path, found.files[path]))
        held[path] = [body.resource for body in bodies]
        parsed = {body.resource.start: body for body in bodies}
        for move in some:
            stays += _against(move, parsed.get(move.resource.start), found.files[path], sides)
    return stays, held


def _against(move: Move, body: ObjectBody | None, text: str, sides: Sides) -> Iterator[_Left]:
    one = move.resource
    if text[one.start : one.end] != one.api_version:
        reason = "an anchor, a tag or an escape stands there, which is not rewritten"
        yield _stays(one, reason)
    elif body is None:
        yield _stays(one, "its document cannot be parsed")
    else:
        needed = fields.fields(sides.old, one.kind, one.api_version)
        new, old = (_misfits(body, move, release, needed) for release in (sides.new, sides.old))
        for note in new or old:
            yield _stays(one, note.message, note)


def _misfits(
    body: ObjectBody, move: Move, release: str, needed: fields.Schema | None
) -> list[Note]:
    """Return what the new version does not take in a release; `needed` is what it took so far."""
    one = move.resource
    schema = fields.fields(release, one.kind, move.api_version)
    if schema is None:
        return [Note(one.api_location, f"the fields of {move.version} are not known")]
    body = replace(body, resource=replace(one, api_version=move.api_version))
    found = list(field_check.problems(body, schema))
    found += field_check.missing(body, schema, needed) if not one.patch else ()
    return [Note(problem.location, problem.message) for problem in found]


def _picked(moves: Iterable[Move], picking: Collection[Selector]) -> Iterator[_Left]:
    """Yield the objects that something picks by the version that they would leave."""
    for move in moves:
        one = move.resource
        picker = next((s for s in picking if not one.patch and s.picks(one)), None)
        if picker:
            reason = f"{picker.location} selects it by that version; drop `version` there"
            yield _stays(one, reason)


def _held_back(
    moves: list[Move], stopped: list[_Left], left: list[_Left]
) -> tuple[list[Move], list[_Left]]:
    """Take out what is stopped, and what has to stay at one version with it.

    Kustomize merges a patch into the object of the same group, version, kind and name
    (`PatchTransformer` in sigs.k8s.io/kustomize/api: `GetById(patch.OrgId())`), so a patch and its
    object move together or not at all.
    """
    places = {place(one.resource) for one in stopped}
    stay = {_identity(one.resource): one.resource for one in (*left, *stopped)}
    patched = {_identity(one.resource) for one in moves if one.resource.patch}
    patched |= {_identity(one.resource) for one in left if one.resource.patch}
    kept: list[Move] = []
    for move in moves:
        one = move.resource
        if place(one) in places:
            continue
        other = stay.get(_identity(one)) if one.name and _identity(one) in patched else None
        if other:
            pair = "its patch" if other.patch else "what it belongs to"
            stopped.append(_stays(one, f"{pair} stays too, {other.api_location}"))
        else:
            kept.append(move)
    return kept, stopped


def _identity(one: Resource) -> tuple[str, str, str]:
    return one.group, one.kind, one.name


def _alone(found: Resources, moves: Iterable[Move]) -> Iterator[Note]:
    """Yield the patches that move, and whose object stands nowhere in the snapshot."""
    here = {_identity(one) for one in found.resources if not one.patch}
    for one in (move.resource for move in moves):
        if one.patch and one.name and _identity(one) not in here:
            message = f"the patch of {one} moves, but what it patches is not in this repository"
            yield Note(one.api_location, message)


def _unreadable(found: Resources) -> Iterator[Note]:
    for one in found.unreadable:
        yield Note(one.location, f"a Flux object that cannot be parsed: {one.message}")


def _mentions(found: Resources, sides: Sides) -> Iterator[Note]:
    """Yield the apiVersions in other text that the target does not serve, or not for long."""
    for one in found.mentions:
        why = (
            sides.ill(one) if sides.has(one) else Why.REMOVED if sides.names_nothing(one) else None
        )
        if why:
            what = f"{one.kind} at {one.api_version}" if one.kind else one.api_version
            fate = "does not serve" if why is Why.REMOVED else "calls deprecated"
            message = f"this text names {what}, which Flux {sides.new} {fate}: look at it yourself"
            yield Note(one.api_location, message)
