"""Moves manifests off API versions that a release removes or deprecates. Pure.

The new version is one that both releases serve, see `target_version`. Nothing but the text of an
apiVersion changes, so an object moves only if its fields fit the schema of the new version in both
releases.

What objects a cluster has stored is another matter: `flux migrate` rewrites those.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from functools import partial
from itertools import groupby

from msgspec import Struct
from msgspec.structs import replace

from fluxbump.bump.migrate.edits import Migration, Move, Why, applied, edits, place, prove
from fluxbump.bump.migrate.target_version import Sides, between
from fluxbump.check.evidence import Evidence
from fluxbump.check.parts import optional
from fluxbump.check.rules.objects.api_versions import DEPRECATED_API, REMOVED_API
from fluxbump.discover import flux_objects
from fluxbump.discover.digests import sops
from fluxbump.discover.objects import field_check, selectors
from fluxbump.discover.objects.resources import ObjectBody, Resource, Resources
from fluxbump.discover.objects.selectors import Selector
from fluxbump.discover.scope import Scope
from fluxbump.errors import Again, UsageError
from fluxbump.flux.known_releases import KnownReleases
from fluxbump.flux.tables.fields import Schema
from fluxbump.git.overlay import ChangeSet
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
    found, known, old = _asked(evidence)
    if found is None or known is None or old is None:
        raise UsageError(
            "no version of Flux found",
            facts=["--migrate-apis needs it to move manifests"],
            next=[Again(why="moves no manifests", drop=("--migrate-apis",))],
        )
    free = migrate(found, known, old, new, ignored=ignored)
    # Only what would move is worth another search of the snapshot.
    versions = {move.resource.version for move in free.moves}
    reader = TextReader(snapshot)
    picking = selectors.find(reader, scope.excludes, versions)
    if picking:
        free = migrate(found, known, old, new, picking=picking, ignored=ignored)
    large = [Note(u.location, f"{_NO_SELECTORS}: {u.message}") for u in reader.refused]
    return replace(free, notes=(*free.notes, *large))


def _asked(evidence: Evidence) -> tuple[Resources | None, KnownReleases | None, str | None]:
    """Return the objects, what is known of releases, and the release that is left."""
    return optional(evidence.objects), optional(evidence.releases), evidence.installed


def foreseen(evidence: Evidence) -> Callable[[str], Resources] | None:
    """Return what tells the Flux objects after the migration to a release; None for no objects.

    To a release whose API versions are not known, nothing moves.
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
    """Find what moves, make the edits, and prove them.

    Args:
        found: the Flux objects of a snapshot.
        known: what is known of releases.
        old: the release that is left.
        new: the target; the same release moves what is deprecated in it.
        picking: what picks objects by their version, which a move would hide from it.
        ignored: what the team has suppressed.

    Raises:
        UsageError: one of the releases is not known.
        AssertionError: the result is not the one that was planned; a bug.
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
    stays, objects = _told(found, moves, known, sides)
    moves, held = _held_back(moves, [*stays, *_picked(moves, picking)], left)
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


# --- what moves by its version ----------------------------------------------------------------


class _Left(Struct, frozen=True):
    """A resource that stays, and why."""

    resource: Resource
    note: Note


def _sorted_out(found: Resources, sides: Sides, ignored: Ignored) -> tuple[list[Move], list[_Left]]:
    """Tell what could move by its version alone from what could not."""
    moves: list[Move] = []
    left: list[_Left] = []
    for resource in found.resources:
        if "$" in resource.version:
            reason = f"its version is the variable {resource.version}"
            left.append(_stays(resource, reason))
            continue
        why = sides.ill(resource)
        version = sides.successor(resource, why) if why else None
        if why and ignored(_CODES[why], resource.api_location):
            left.append(_stays(resource, f"{_CODES[why]} is ignored there"))
        elif why and version:
            moves.append(Move(resource, version, why))
        elif why:
            left.append(_stays(resource, _nowhere(resource, why, sides)))
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


def _stays(resource: Resource, reason: str, note: Note | None = None) -> _Left:
    where = note.location if note else resource.api_location
    message = f"{resource} stays at {resource.api_version}, because {reason}"
    return _Left(resource, Note(where, message))


# --- what keeps an object where it is ---------------------------------------------------------


def _told(
    found: Resources, moves: Iterable[Move], known: KnownReleases, sides: Sides
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
            resource, body = move.resource, parsed.get(move.resource.start)
            if found.files[path][resource.start : resource.end] != resource.api_version:
                reason = (
                    "the value is an anchor, a tag or an escape, which fluxbump does not rewrite"
                )
                stays.append(_stays(resource, reason))
            elif body is None:
                stays.append(_stays(resource, "its document cannot be parsed"))
            elif sops.is_sealed(found.files[path]):
                reason = f"the file is encrypted with SOPS: {sops.advice(path)}"
                stays.append(_stays(resource, reason))
            else:
                stays += _against(body, move, known, sides)
    return stays, held


def _against(body: ObjectBody, move: Move, known: KnownReleases, sides: Sides) -> Iterator[_Left]:
    resource = move.resource
    needed = known.schema(sides.old, resource.kind, resource.api_version)
    for release in (sides.new, sides.old):
        schema = known.schema(release, resource.kind, move.api_version)
        notes = _misfits(body, move, schema, needed)
        if notes:
            yield from (_stays(resource, note.message, note) for note in notes)
            return


def _misfits(
    body: ObjectBody, move: Move, schema: Schema | None, needed: Schema | None
) -> list[Note]:
    """Return what the new version does not take in a release; `needed` is what it took so far."""
    resource = move.resource
    if schema is None:
        return [Note(resource.api_location, f"the fields of {move.version} are not known")]
    body = replace(body, resource=replace(resource, api_version=move.api_version))
    found = list(field_check.problems(body, schema))
    found += field_check.missing(body, schema, needed) if not resource.patch else ()
    return [Note(problem.location, problem.message) for problem in found]


def _picked(moves: Iterable[Move], picking: Collection[Selector]) -> Iterator[_Left]:
    """Yield the objects that something picks by the version that they would leave."""
    for move in moves:
        resource = move.resource
        picker = next((s for s in picking if not resource.patch and s.picks(resource)), None)
        if picker:
            reason = f"{picker.location} selects it by that version. Remove `version` there"
            yield _stays(resource, reason)


def _held_back(
    moves: list[Move], stopped: list[_Left], left: list[_Left]
) -> tuple[list[Move], list[_Left]]:
    """Take out what is stopped, and what has to stay at one version with it.

    Kustomize merges a patch into the object of the same group, version, kind and name
    (`PatchTransformer` in sigs.k8s.io/kustomize/api: `GetById(patch.OrgId())`), so a patch and its
    object move together or not at all.
    """
    places = {place(stays.resource) for stays in stopped}
    stay = {_identity(stays.resource): stays.resource for stays in (*left, *stopped)}
    patched = {_identity(move.resource) for move in moves if move.resource.patch}
    patched |= {_identity(stays.resource) for stays in left if stays.resource.patch}
    kept: list[Move] = []
    for move in moves:
        resource = move.resource
        if place(resource) in places:
            continue
        paired = resource.name and _identity(resource) in patched
        other = stay.get(_identity(resource)) if paired else None
        if other:
            pair = "its patch" if other.patch else "its object"
            stopped.append(_stays(resource, f"{pair} stays too ({other.api_location})"))
        else:
            kept.append(move)
    return kept, stopped


def _identity(resource: Resource) -> tuple[str, str, str]:
    return resource.group, resource.kind, resource.name


def _alone(found: Resources, moves: Iterable[Move]) -> Iterator[Note]:
    """Yield the patches that move, and whose object stands nowhere in the snapshot."""
    here = {_identity(resource) for resource in found.resources if not resource.patch}
    for patch in (move.resource for move in moves if move.resource.patch):
        if patch.name and _identity(patch) not in here:
            message = f"the patch of {patch} moves, but what it patches is not in this repository"
            yield Note(patch.api_location, message)


def _unreadable(found: Resources) -> Iterator[Note]:
    for broken in found.unreadable:
        what = "a Flux object that cannot be parsed" if broken.within_budget else _NOT_SEARCHED
        yield Note(broken.location, f"{what}: {broken.message}")


def _mentions(found: Resources, sides: Sides) -> Iterator[Note]:
    """Yield the apiVersions in other text that the target does not serve, or not for long."""
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
