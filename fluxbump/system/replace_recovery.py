"""Undo a replacement of files that was interrupted.

As long as the journal of `atomic_replace` exists the run is not complete, and the next run puts the
originals back. That can be interrupted too, and started again.
"""

from __future__ import annotations

import errno
import os
import shlex
from collections.abc import Sequence
from contextlib import suppress
from enum import Enum
from pathlib import Path

from msgspec import Struct

from fluxbump.errors import RepositoryError
from fluxbump.model import Step
from fluxbump.system import no_follow, replace_journal
from fluxbump.system.changes_made import changing
from fluxbump.system.locks import BusyError, locked, signals_held
from fluxbump.system.replace_journal import Journal, JournalStep

JOURNAL = "journal.json"


class Worktree(Struct, frozen=True):
    """The working tree in which files are replaced.

    Attributes:
        root: the root of the working tree.
        private: fluxbump's own directory in the git directory; it may not exist yet.
    """

    root: Path
    private: Path

    @property
    def folder(self) -> Path:
        """The directory of the journal and the originals."""
        return self.private / "in-place"

    @property
    def lock(self) -> Path:
        """The lock file, which one run at a time holds."""
        return self.private / "in-place.lock"


Identity = tuple[int, int, int, int] | None
"""Values that differ after a file is written or replaced: inode, size, time of change, mode."""


def recover(place: Worktree) -> int | None:
    """Undo the changes of an interrupted run.

    Returns:
        The number of files of that run; None if there was nothing to undo.

    Raises:
        RepositoryError: the changes cannot be undone.
    """
    if not place.folder.is_dir():
        return None
    try:
        with locked(place.lock), signals_held():
            journal = read_journal(place)
            if journal is not None:
                with changing("undone an interrupted run of --in-place"):
                    undo(place, journal)
            forget(place)
            return len(journal.steps) if journal is not None else None
    except BusyError:
        return None  # it was not cut short: it is being written
    except OSError as error:
        what = "cannot undo an interrupted run of --in-place"
        hint = "fix the cause, then run fluxbump again"
        raise failed(what, error, place, hint=hint) from error


def undo(place: Worktree, journal: Journal) -> None:
    """Put the originals back, unless that would lose changes of another program.

    It can be interrupted and started again.
    """
    steps = list(enumerate(journal.steps))
    states = [_state(place, journal.temporary(number), step) for number, step in steps]
    replaced = [step for step, state in zip(steps, states, strict=True) if state is _State.REPLACED]
    if replaced and _State.UNKNOWN in states:
        raise _stuck(
            place, journal.steps[states.index(_State.UNKNOWN)], "this file has changed since"
        )
    for number, step in replaced:
        _require_kept(place, number, step)
    for number, step in replaced:
        _restore(place, journal.temporary(number), number, step)
    for number, step in steps:
        with no_follow.beside(place.root, step.path) as (folder, _), suppress(FileNotFoundError):
            os.unlink(journal.temporary(number), dir_fd=folder)


class _State(Enum):
    """The present state of a file in the journal."""

    INTACT = "it has its old content, or what another program wrote"
    REPLACED = "it holds what fluxbump wrote"
    UNKNOWN = "fluxbump may have replaced it, and another program has changed it since"


def _state(place: Worktree, temporary: str, step: JournalStep) -> _State:
    with no_follow.beside(place.root, step.path) as (folder, name):
        held = replace_journal.digest(no_follow.read(folder, name))
        if held == step.old:
            return _State.INTACT
        if held == step.new:
            return _State.REPLACED
        # As long as the new content lies beside it, it has not been renamed to here.
        waiting = identity_of(folder, temporary) is not None
    return _State.INTACT if waiting or step.new is None else _State.UNKNOWN


def _require_kept(place: Worktree, number: int, step: JournalStep) -> None:
    if step.old is not None:
        with no_follow.opened(place.folder) as private:
            if replace_journal.digest(no_follow.read(private, str(number))) != step.old:
                raise _stuck(place, step, "the original of this file is gone")


def _restore(place: Worktree, temporary: str, number: int, step: JournalStep) -> None:
    with (
        no_follow.opened(place.folder) as private,
        no_follow.beside(place.root, step.path) as (folder, name),
    ):
        if step.old is None:
            os.unlink(name, dir_fd=folder)
        else:
            try:
                os.rename(str(number), name, src_dir_fd=private, dst_dir_fd=folder)
            except OSError as error:
                if error.errno != errno.EXDEV:
                    raise
                _copy_back(private, str(number), folder, name, temporary)
        os.fsync(folder)


def _copy_back(private: int, kept: str, folder: int, name: str, temporary: str) -> None:
    """Put back an original that is on another file system."""
    with suppress(FileNotFoundError):
        os.unlink(temporary, dir_fd=folder)
    like = os.stat(kept, dir_fd=private, follow_symlinks=False)
    no_follow.create(folder, temporary, no_follow.read(private, kept) or b"", like)
    os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)


def _stuck(place: Worktree, step: JournalStep, what: str) -> RepositoryError:
    return RepositoryError(
        f"cannot undo an interrupted run of --in-place: {what}",
        where=step.path,
        facts=["fluxbump changed no files", "restore the files by hand"],
        next=_by_hand(place),
    )


def read_journal(place: Worktree) -> Journal | None:
    """Read the journal; None if there is none.

    Raises:
        RepositoryError: the file is not a journal of fluxbump.
    """
    if not place.folder.is_dir():
        return None
    with no_follow.opened(place.folder) as private:
        data = no_follow.read(private, JOURNAL, replace_journal.LONGEST)
    if data is None:
        return None
    try:
        return replace_journal.parse(data)
    except ValueError as error:
        raise RepositoryError(
            f"the journal of an interrupted run cannot be read: {error}",
            where=str(place.folder / JOURNAL),
            facts=["restore the files by hand"],
            next=_by_hand(place),
        ) from None


def _by_hand(place: Worktree) -> list[Step]:
    return [
        Step("git status", "files that the run has changed"),
        Step(shlex.join(["rm", "-r", str(place.folder)]), "after that, removes the journal"),
    ]


def forget(place: Worktree) -> None:
    """Remove the journal, and then the originals."""
    if not place.folder.is_dir():
        return
    (place.folder / JOURNAL).unlink(missing_ok=True)
    no_follow.sync(place.folder)
    for leftover in place.folder.iterdir():
        leftover.unlink()
    place.folder.rmdir()


def failed(
    what: str, error: OSError, place: Worktree, facts: Sequence[str] = (), *, hint: str
) -> RepositoryError:
    """Return the error for a refusal of the operating system; it names the file."""
    return RepositoryError(
        f"{what}: {error.strerror or error}",
        where=os.fsdecode(error.filename) if error.filename else str(place.root),
        facts=list(facts),
        hint=hint,
    )


def identity_of(folder: int, name: str) -> Identity:
    """Return the identity of a file in an open folder; None if there is no file."""
    try:
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_mode
