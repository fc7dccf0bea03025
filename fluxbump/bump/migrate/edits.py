"""Edits the apiVersion of manifests, and proves that nothing else has changed. Pure.

This module chooses the spans to edit and checks the result. `text.splice` makes the edits.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import groupby

from msgspec import Struct, field
from msgspec.structs import replace

from fluxbump.discover.objects import field_check, flux_objects
from fluxbump.discover.objects.resources import ObjectBody, Resource, Resources
from fluxbump.flux.tables.fields import Schema
from fluxbump.git.overlay_snapshot import ChangeSet, MemorySnapshot
from fluxbump.model import Note
from fluxbump.text import splice
from fluxbump.text.live_code import encode
from fluxbump.text.splice import Edit


class Why(StrEnum):
    """The reason why a manifest leaves its API version: what the target does with that version."""

    REMOVED = "removed"
    DEPRECATED = "deprecated"


class Move(Struct, frozen=True):
    """A manifest that changes its apiVersion.

    Attributes:
        resource: the object before the move.
        version: the new version without the group, such as `v1`.
        why: the reason for the move.
    """

    resource: Resource
    version: str
    why: Why

    @property
    def api_version(self) -> str:
        """The new apiVersion with its group, such as `helm.toolkit.fluxcd.io/v2`."""
        return f"{self.resource.group}/{self.version}"


class Migration(Struct, frozen=True):
    """The manifests that move before a bump from one release to another, and those that stay.

    Attributes:
        old: the release that is left.
        new: the target.
        moves: the manifests that move, in the order of the resources that were found.
        notes: the places to review: manifests that should move and stay, each with the reason,
            and patches that move although their object is not in the repository.
        changes: the files after the moves.
    """

    old: str
    new: str
    moves: tuple[Move, ...] = ()
    notes: tuple[Note, ...] = ()
    changes: ChangeSet = field(default_factory=ChangeSet)


def edits(moves: Iterable[Move]) -> list[Edit]:
    """Return the edits of the moves. An object that aliases share is edited once."""
    return list(
        dict.fromkeys(
            Edit(m.resource.location.path, m.resource.start, m.resource.end, m.api_version)
            for m in moves
        )
    )


def place(resource: Resource) -> tuple[str, int]:
    """Return what identifies a resource in a snapshot: its path, and its apiVersion's offset."""
    return resource.location.path, resource.start


def applied(found: Resources, migration: Migration) -> Resources:
    """Return the resources as they are after the migration, without another search."""
    new = {place(move.resource): move.api_version for move in migration.moves}
    moved = (replace(r, api_version=new.get(place(r), r.api_version)) for r in found.resources)
    texts = splice.edited(found.files, edits(migration.moves))
    return replace(found, resources=tuple(moved), files={**found.files, **texts})


def summary(moves: Iterable[Move]) -> dict[tuple[str, str, str, Why], tuple[int, int]]:
    """Map kind, old and new version, and the reason to the number of manifests and of files."""
    groups: dict[tuple[str, str, str, Why], list[str]] = {}
    for move in moves:
        what = (move.resource.kind, move.resource.version, move.version, move.why)
        groups.setdefault(what, []).append(move.resource.location.path)
    return {what: (len(paths), len(set(paths))) for what, paths in sorted(groups.items())}


def message(migration: Migration) -> str:
    """Return the message of the commit that holds the moves."""
    old, new = migration.old, migration.new
    reasons = {move.why for move in migration.moves}
    verb = "removes" if Why.REMOVED in reasons else "deprecates"
    lines = [f"Move Flux manifests off API versions that {new} {verb}", ""]
    for (kind, before, after, why), (count, files) in summary(migration.moves).items():
        where = f"{files} files" if files > 1 else "1 file"
        lines.append(f"- {kind} {before} -> {after} ({why}): {count} in {where}")
    served = f"Flux {new} serves" if old == new else f"Flux {old} and {new} both serve"
    lines += ["", f"{served} what they move to, so this can go first."]
    return "\n".join([*lines, "What clusters have stored is for `flux migrate`."]) + "\n"


# --- proof ------------------------------------------------------------------------------------


def prove(
    held: Mapping[str, Sequence[Resource]],
    originals: Mapping[str, str],
    texts: Mapping[str, str],
    moves: Collection[Move],
    fields: Callable[[str, str], Schema | None],
) -> None:
    """Find the objects again on the result: the same ones, each at its planned apiVersion.

    Args:
        held: the objects of each file before the moves, by path.
        originals: the texts of the files before the moves, by path.
        texts: the texts after the moves, by path. Has only files that change.
        moves: the moves that were made.
        fields: gives the fields that the target has for a kind at an apiVersion. They check the
            moved objects as FB204 does.

    Raises:
        AssertionError: the objects differ from the planned ones, or the target would refuse a
            moved object.
    """
    ordered = sorted(edits(moves), key=lambda made: (made.path, made.start))
    by_path = {path: list(some) for path, some in groupby(ordered, key=lambda made: made.path)}
    new = {place(move.resource): move.api_version for move in moves}
    for path, text in texts.items():
        if splice.splice(text, _undone(originals[path], by_path[path])) != originals[path]:
            raise AssertionError(f"the edits of {path} cannot be undone")
        found = list(flux_objects.bodies(path, text))
        expected = [_facts(old, new.get(place(old), old.api_version)) for old in held[path]]
        if expected != [_facts(body.resource, body.resource.api_version) for body in found]:
            raise AssertionError(f"the Flux objects of {path} are not the planned ones")
        for old, body in zip(held[path], found, strict=True):
            if place(old) in new:
                _prove_fields(body, fields(old.kind, new[place(old)]))
    if _rest(originals, texts) != _rest(texts, texts):
        raise AssertionError("what else names an apiVersion is not what it was")


def _prove_fields(body: ObjectBody, schema: Schema | None) -> None:
    if not schema or any(field_check.problems(body, schema)):
        raise AssertionError(f"the target does not take what moved: {body.resource.location}")


def _rest(texts: Mapping[str, str], paths: Iterable[str]) -> list[tuple[str, int, str]]:
    """Return the places in these files where other text names an apiVersion."""
    files = {path: encode(texts[path]) for path in paths}
    found = flux_objects.find(MemorySnapshot(files), lambda _: False)
    return [(text.location.path, text.location.line, text.api_version) for text in found.mentions]


def _undone(text: str, made: Iterable[Edit]) -> Iterator[Edit]:
    """Yield the edits that turn the result back into `text`. `made` is sorted by offset."""
    shift = 0
    for done in made:
        start = done.start + shift
        yield Edit(done.path, start, start + len(done.new), text[done.start : done.end])
        shift += len(done.new) - (done.end - done.start)


def _facts(resource: Resource, api_version: str) -> tuple[object, ...]:
    """Return the facts of a resource to compare, without columns, which an edit can move."""
    where = resource.location.path, resource.location.line, resource.api_location.line
    what = resource.kind, resource.name, resource.namespace, resource.patch
    return (*where, *what, api_version)
