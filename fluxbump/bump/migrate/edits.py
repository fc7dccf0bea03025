"""Manifests that change their apiVersion: the edits, and the proof of them. Pure.

One engine makes all edits, see `edit`; here is which spans it gets, and what must be so afterwards.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import groupby

from msgspec import Struct, field
from msgspec.structs import replace

from fluxbump.discover import field_check, flux_objects
from fluxbump.discover.flux_objects import Body, Resource, Resources
from fluxbump.flux.tables import fields
from fluxbump.git.overlay import ChangeSet, MemorySnapshot
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


def place(one: Resource) -> tuple[str, int]:
    """What tells one resource of a snapshot from all others: its path, and where its version is."""
    return one.location.path, one.start


def applied(found: Resources, migration: Migration) -> Resources:
    """Return the resources as a rule sees them after the migration, without another search."""
    new = {place(one.resource): one.api_version for one in migration.moves}
    moved = (replace(r, api_version=new.get(place(r), r.api_version)) for r in found.resources)
    texts = splice.edited(found.files, edits(migration.moves))
    return replace(found, resources=tuple(moved), files={**found.files, **texts})


def summary(moves: Iterable[Move]) -> dict[tuple[str, str, str, Why], tuple[int, int]]:
    """Map kind, old and new version, and the reason to the number of manifests and of files."""
    groups: dict[tuple[str, str, str, Why], list[str]] = {}
    for one in moves:
        what = (one.resource.kind, one.resource.version, one.version, one.why)
        groups.setdefault(what, []).append(one.resource.location.path)
    return {what: (len(paths), len(set(paths))) for what, paths in sorted(groups.items())}


def message(migration: Migration) -> str:
    """Return the message of the commit that holds the moves."""
    old, new = migration.old, migration.new
    reasons = {one.why for one in migration.moves}
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
    release: str,
) -> None:
    """Find the objects again on the result: the same ones, each at its planned apiVersion.

    Args:
        held: the objects of each file as it stood.
        originals: the files' texts as they stood.
        texts: of those that change.
        moves: that were made.
        release: the target, which judges the fields of what has moved as FB204 does.

    Raises:
        AssertionError: anything else is so, or the target would not take what has moved.
    """
    ordered = sorted(edits(moves), key=lambda one: (one.path, one.start))
    by_path = {path: list(some) for path, some in groupby(ordered, key=lambda one: one.path)}
    new = {place(one.resource): one.api_version for one in moves}
    for path, text in texts.items():
        if splice.splice(text, _undone(originals[path], by_path[path])) != originals[path]:
            raise AssertionError(f"the edits of {path} cannot be undone")
        found = list(flux_objects.bodies(path, text))
        expected = [_facts(one, new.get(place(one), one.api_version)) for one in held[path]]
        if expected != [_facts(body.resource, body.resource.api_version) for body in found]:
            raise AssertionError(f"the Flux objects of {path} are not the planned ones")
        for one, body in zip(held[path], found, strict=True):
            if place(one) in new:
                _prove_fields(body, release)
    if _rest(originals, texts) != _rest(texts, texts):
        raise AssertionError("what else names an apiVersion is not what it was")


def _prove_fields(body: Body, release: str) -> None:
    one = body.resource
    schema = fields.fields(release, one.kind, one.api_version)
    if not schema or any(field_check.problems(body, schema)):
        raise AssertionError(f"Flux {release} does not take what moved: {one.location}")


def _rest(texts: Mapping[str, str], paths: Iterable[str]) -> list[tuple[str, int, str]]:
    """Return the mentions in these files."""
    files = {path: encode(texts[path]) for path in paths}
    found = flux_objects.find(MemorySnapshot(files), lambda _: False, quick=True)
    return [(one.location.path, one.location.line, one.api_version) for one in found.mentions]


def _undone(text: str, made: Iterable[Edit]) -> Iterator[Edit]:
    """Yield the edits that take a result back to `text`; `made` are in its order."""
    shift = 0
    for one in made:
        start = one.start + shift
        yield Edit(one.path, start, start + len(one.new), text[one.start : one.end])
        shift += len(one.new) - (one.end - one.start)


def _facts(one: Resource, api_version: str) -> tuple[object, ...]:
    """What a resource is; its columns move with what stands before them on a line."""
    where = one.location.path, one.location.line, one.api_location.line
    return (*where, one.kind, one.name, one.namespace, one.patch, api_version)
