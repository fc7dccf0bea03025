"""Divides a bump into its commits: a migration of manifests, fixes of settings, then the pins."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from fluxbump.bump import fixes
from fluxbump.bump.fixes import Fixing
from fluxbump.bump.migrate import edits
from fluxbump.bump.migrate.edits import Migration
from fluxbump.git.objects import CommitSnapshot
from fluxbump.git.overlay_snapshot import ChangeSet
from fluxbump.git.repository import Repository


class Stage(Struct, frozen=True):
    """One commit of the branch.

    Attributes:
        changes: all files that differ from the base after this commit.
        message: the whole message of the commit.
        patch: the patch from the commit before it.
    """

    changes: ChangeSet
    message: str
    patch: bytes


def part(
    repository: Repository,
    base: CommitSnapshot,
    migration: Migration | None,
    whole: Stage,
    *,
    bumped: bool,
    fixings: Sequence[Fixing] = (),
) -> tuple[Stage, ...]:
    """Part the work into commits, oldest first.

    Args:
        repository: builds the trees and the patches.
        base: the parent of the first commit.
        migration: the manifests that move. None if the user did not ask for that.
        whole: all changes as one stage, with the message of the bump.
        bumped: whether the bump itself changes a file, so that it needs a commit.
        fixings: the fixes of settings, in the order of their commits.
    """
    stages: list[tuple[ChangeSet, str]] = []
    if migration and migration.moves:
        stages.append((migration.changes, edits.message(migration)))
    for fixing in fixings:
        earlier = stages[-1][0].files if stages else {}
        if fixing.done:
            stages.append((ChangeSet({**earlier, **fixing.changes.files}), fixes.message(fixing)))
    if bumped:
        stages.append((whole.changes, whole.message))
    if len(stages) == 1:
        return (replace(whole, message=stages[0][1]),)
    built = repository.trees.stages(base, [changes for changes, _ in stages])
    return tuple(
        Stage(changes, message, commit.patch)
        for (changes, message), commit in zip(stages, built, strict=True)
    )
