"""The commits that a bump is made of: the migration of manifests, if there is one, and the pins."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from fluxbump import moves
from fluxbump.model import ChangeSet
from fluxbump.moves import Migration
from fluxbump.objects import CommitSnapshot
from fluxbump.repo import Repository


class Step(Struct, frozen=True):
    """One commit of the branch.

    Attributes:
        changes: the files after it, those of the steps before too.
        message: of the commit.
        patch: from the step before.
    """

    changes: ChangeSet
    message: str
    patch: bytes


def part(
    repository: Repository,
    base: CommitSnapshot,
    migration: Migration | None,
    whole: Step,
    *,
    bumped: bool,
) -> tuple[Step, ...]:
    """Part the work into commits, oldest first.

    Args:
        repository: where.
        base: what the first commit is made on.
        migration: the manifests that move; None when that was not asked for.
        whole: all changes in one, with the message of the bump.
        bumped: whether anything but manifests moves.
    """
    if not migration or not migration.moves:
        return (whole,) if bumped else ()
    message = moves.message(migration)
    if not bumped:
        return (replace(whole, message=message),)
    first, second = repository.stages(base, (migration.changes, whole.changes))
    return (
        Step(migration.changes, message, first.patch),
        replace(whole, patch=second.patch),
    )
