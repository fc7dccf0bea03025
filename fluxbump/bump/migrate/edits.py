"""Manifests that change their apiVersion: the edits, and the proof of them. Pure.

One engine makes all edits, see `edit`; here is which spans it gets, and what must be so afterwards.
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
    """What the target does with the version that is left."""

    REMOVED = "removed"
    DEPRECATED = "deprecated"


class Move(Struct, frozen=True):
    """A manifest that changes its apiVersion.

    Attributes:
        resource: as it stands.
        version: that it moves to, `v1`.
        why: it has to.
    """

    resource: Resource
    version: str
    why: Why

    @property
    def api_version(self) -> str:
        """The new one, `helm.toolkit.fluxcd.io/v2`."""
        return f"{self.resource.group}/{self.version}"


class Migration(Struct, frozen=True):
    """What moves between two releases, and what does not.

    Attributes:
        old: the release that is left.
        new: the target.
        moves: by path and offset.
        notes: what a person has to look at: what should move and stays, each with the reason,
            and what moves although something about it is not known.
        changes: the files with the moves in them.
    """

    old: str
    new: str
    moves: tuple[Move, ...] = ()
    notes: tuple[Note, ...] = ()
    changes: ChangeSet = field(default_factory=ChangeSet)


def edits(moves: Iterable[Move]) -> list[Edit]:
    """The edits that moves ask for; an object that aliases share is edited once."""
    return list(
        dict.fromkeys(
            Edit(m.resource.location.path, m.resource.start, m.resource.end, m.api_version)
            for m in moves
        )
    )


def place(resource: Resource) -> tuple[str, int]:
    """What tells one resource of a snapshot from all others: its path, and where its version is."""
    return resource.location.path, resource.start


def applied(found: Resources, migration: Migration) -> Resources:
    """Return the resources as a rule sees them after the migration, without another search."""
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
        held: the objects of each file as it stood.
        originals: the files' texts as they stood.
        texts: of those that change.
        moves: that were made.
        fields: gives those that the target has for a kind at an apiVersion; what has moved is
            judged by them as FB204 does.

    Raises:
        AssertionError: anything else is so, or the target would not take what has moved.
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
    """Return the mentions in these files."""
    files = {path: encode(texts[path]) for path in paths}
    found = flux_objects.find(MemorySnapshot(files), lambda _: False)
    return [(text.location.path, text.location.line, text.api_version) for text in found.mentions]


def _undone(text: str, made: Iterable[Edit]) -> Iterator[Edit]:
    """Yield the edits that take a result back to `text`; `made` are in its order."""
    shift = 0
    for done in made:
        start = done.start + shift
        yield Edit(done.path, start, start + len(done.new), text[done.start : done.end])
        shift += len(done.new) - (done.end - done.start)


def _facts(resource: Resource, api_version: str) -> tuple[object, ...]:
    """What a resource is; its columns move with what stands before them on a line."""
    where = resource.location.path, resource.location.line, resource.api_location.line
    what = resource.kind, resource.name, resource.namespace, resource.patch
    return (*where, *what, api_version)
