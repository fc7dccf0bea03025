"""Finds what keeps an object at its apiVersion: its text, fields, selectors, or patch. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import groupby

from msgspec import Struct
from msgspec.structs import replace

from fluxbump.bump.migrate.edits import Move, place
from fluxbump.bump.migrate.target_version import Sides
from fluxbump.discover.digests import sops
from fluxbump.discover.objects import field_check, flux_objects
from fluxbump.discover.objects.resources import ObjectBody, Resource, Resources
from fluxbump.discover.objects.selectors import Selector
from fluxbump.flux.known_releases import KnownReleases
from fluxbump.flux.tables.fields import Schema
from fluxbump.model import Note


class Left(Struct, frozen=True):
    """A resource that stays at its apiVersion, with the note that says why."""

    resource: Resource
    note: Note


def stays_because(resource: Resource, reason: str, note: Note | None = None) -> Left:
    """Make the `Left` of a resource that stays. Its place is that of `note` if there is one."""
    where = note.location if note else resource.api_location
    message = f"{resource} stays at {resource.api_version}, because {reason}"
    return Left(resource, Note(where, message))


def objections(
    found: Resources, moves: Iterable[Move], known: KnownReleases, sides: Sides
) -> tuple[list[Left], dict[str, list[Resource]]]:
    """Find the objects whose text or fields prevent their moves.

    Returns:
        The objects that stay, and the objects of each file with a move, by path. The parsed
        manifests are not kept, so that those of a thousand clusters are not held at once.
    """
    stays: list[Left] = []
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
                stays.append(stays_because(resource, reason))
            elif body is None:
                stays.append(stays_because(resource, "its document cannot be parsed"))
            elif sops.is_sealed(found.files[path]):
                reason = f"the file is encrypted with SOPS: {sops.advice(path)}"
                stays.append(stays_because(resource, reason))
            else:
                stays += _against(body, move, known, sides)
    return stays, held


def _against(body: ObjectBody, move: Move, known: KnownReleases, sides: Sides) -> Iterator[Left]:
    resource = move.resource
    needed = known.schema(sides.old, resource.kind, resource.api_version)
    for release in (sides.new, sides.old):
        schema = known.schema(release, resource.kind, move.api_version)
        notes = _misfits(body, move, schema, needed)
        if notes:
            yield from (stays_because(resource, note.message, note) for note in notes)
            return


def _misfits(
    body: ObjectBody, move: Move, schema: Schema | None, needed: Schema | None
) -> list[Note]:
    """Return the problems of an object at its new version in a release.

    Args:
        body: the parsed object.
        move: the move to the new version.
        schema: the fields of the new version in that release. None if they are not known.
        needed: the fields of the version that the object leaves. None if they are not known.
    """
    resource = move.resource
    if schema is None:
        return [Note(resource.api_location, f"the fields of {move.version} are not known")]
    body = replace(body, resource=replace(resource, api_version=move.api_version))
    found = list(field_check.problems(body, schema))
    found += field_check.missing(body, schema, needed) if not resource.patch else ()
    return [Note(problem.location, problem.message) for problem in found]


def picked(moves: Iterable[Move], picking: Collection[Selector]) -> Iterator[Left]:
    """Yield the objects that a selector picks by the version that they would leave."""
    for move in moves:
        resource = move.resource
        picker = next((s for s in picking if not resource.patch and s.picks(resource)), None)
        if picker:
            reason = f"{picker.location} selects it by that version. Remove `version` there"
            yield stays_because(resource, reason)


def held_back(
    moves: list[Move], stopped: list[Left], left: list[Left]
) -> tuple[list[Move], list[Left]]:
    """Remove the moves that are stopped, and the moves of their patches or patched objects.

    Returns:
        The moves that remain, and everything that is stopped.

    Kustomize merges a patch into the object of the same group, version, kind and name
    (`PatchTransformer` in sigs.k8s.io/kustomize/api: `GetById(patch.OrgId())`), so a patch and its
    object move together or not at all.
    """
    places = {place(stays.resource) for stays in stopped}
    stay = {identity(stays.resource): stays.resource for stays in (*left, *stopped)}
    patched = {identity(move.resource) for move in moves if move.resource.patch}
    patched |= {identity(stays.resource) for stays in left if stays.resource.patch}
    kept: list[Move] = []
    for move in moves:
        resource = move.resource
        if place(resource) in places:
            continue
        paired = resource.name and identity(resource) in patched
        other = stay.get(identity(resource)) if paired else None
        if other:
            pair = "its patch" if other.patch else "its object"
            stopped.append(stays_because(resource, f"{pair} stays too ({other.api_location})"))
        else:
            kept.append(move)
    return kept, stopped


def identity(resource: Resource) -> tuple[str, str, str]:
    """Return the group, kind and name of a resource, which a patch and its object share."""
    return resource.group, resource.kind, resource.name
