"""Replaces many files of a work tree, all or none of them.

New contents are written beside their targets first, and then renamed into place one after the
other. Before that, the originals and a journal are put into the git directory. While the journal
is there the run is not done, and whoever finds it puts the originals back. Its removal is the one
moment from which the new files count. So after a kill or a power cut, the next run leaves all
files old, or finds all of them new.
"""

from __future__ import annotations

import errno
import os
import secrets
import shlex
from collections.abc import Collection, Mapping
from contextlib import suppress
from enum import Enum
from pathlib import Path

from msgspec import Struct

from fluxbump.errors import RepositoryError
from fluxbump.model import Step
from fluxbump.system import no_follow, replace_journal
from fluxbump.system.locks import BusyError, HeldSignals, locked, signals_held
from fluxbump.system.replace_journal import Journal, JournalStep
from fluxbump.system.written import RecordedChange, changing

_JOURNAL = "journal.json"
# A file system without hard links, or one that does not let us link another user's files.
_NO_LINK = (errno.EXDEV, errno.EPERM, errno.EACCES, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK)


class Worktree(Struct, frozen=True):
    """Where files are replaced.

    Attributes:
        root: of the working tree.
        private: a directory of fluxbump's own in the git directory; it need not be there.
    """

    root: Path
    private: Path

    @property
    def folder(self) -> Path:
        """Where the journal and the originals are."""
        return self.private / "in-place"

    @property
    def lock(self) -> Path:
        """What one run at a time holds."""
        return self.private / "in-place.lock"


def write(
    place: Worktree, before: Mapping[str, bytes | None], after: Mapping[str, bytes | None]
) -> None:
    """Replace files, all or none; signals wait until that is settled.

    Args:
        place: where.
        before: what each file has to hold now; None for no file.
        after: what it will hold; None for a file that goes. The same paths.

    Raises:
        RepositoryError: a file has changed meanwhile, cannot be written, or another run is at it;
            then nothing has changed.
    """
    try:
        place.private.mkdir(exist_ok=True)
        with locked(place.lock), signals_held() as held:
            if _journal(place) is not None:
                raise RepositoryError(
                    "a run of --in-place was interrupted", hint="run fluxbump again to undo it"
                )
            journal = replace_journal.of(secrets.token_hex(8), before, after)
            with changing(f"replaced {_files(after)} of the working tree") as change:
                _write(place, journal, after, held, change)
    except BusyError:
        raise RepositoryError(
            "another run of fluxbump writes to this working tree", hint="wait for it"
        ) from None
    except OSError as error:
        raise RepositoryError(
            f"cannot be written: {_reason(error)}",
            where=_where(error, place),
            facts=["fluxbump changed no files"],
            hint="check its permissions, and the free disk space",
        ) from error


def recover(place: Worktree) -> int | None:
    """Undo what a run that was cut short has left.

    Returns:
        How many files that run was about; None when there was nothing to undo.

    Raises:
        RepositoryError: it cannot be undone.
    """
    if not place.folder.is_dir():
        return None
    try:
        with locked(place.lock), signals_held():
            journal = _journal(place)
            if journal is not None:
                with changing("undone an interrupted run of --in-place"):
                    _undo(place, journal)
            _forget(place)
            return len(journal.steps) if journal is not None else None
    except BusyError:
        return None  # it was not cut short: it is being written
    except OSError as error:
        raise RepositoryError(
            f"cannot undo an interrupted run of --in-place: {_reason(error)}",
            where=_where(error, place),
            hint="fix the cause, then run fluxbump again",
        ) from error


def _files(paths: Collection[str]) -> str:
    return f"{len(paths)} {'file' if len(paths) == 1 else 'files'}"


def _reason(error: OSError) -> str:
    return error.strerror or str(error)


def _where(error: OSError, place: Worktree) -> str:
    return os.fsdecode(error.filename) if error.filename else str(place.root)


# --- forward -----------------------------------------------------------------------------------


def _write(
    place: Worktree,
    journal: Journal,
    after: Mapping[str, bytes | None],
    held: HeldSignals,
    change: RecordedChange,
) -> None:
    _forget(place)  # what was killed before it had a journal has changed nothing
    try:
        place.folder.mkdir()
        identities = [_keep(place, number, step) for number, step in enumerate(journal.steps)]
        _record(place, journal)
        for number, step in enumerate(journal.steps):
            held.stop_here()
            _stage(place, journal.temporary(number), step, after[step.path])
        for step, identity in zip(journal.steps, identities, strict=True):
            _require_same(place, step, identity)
        for number, (step, identity) in enumerate(zip(journal.steps, identities, strict=True)):
            _require_same(place, step, identity)
            _put(place, journal.temporary(number), step)
        (place.folder / _JOURNAL).unlink()
    except BaseException:
        _take_back(place, journal)
        change.made = False
        raise
    with suppress(OSError):  # the next run tidies up
        _forget(place)


def _take_back(place: Worktree, journal: Journal) -> None:
    try:
        if (place.folder / _JOURNAL).exists():
            _undo(place, journal)
        _forget(place)
    except OSError as error:
        raise RepositoryError(
            f"cannot be written: {_reason(error)}",
            where=_where(error, place),
            facts=["fluxbump could not undo its other changes"],
            hint="fix the cause, then run fluxbump again, which undoes them",
        ) from error


_Identity = tuple[int, int, int, int] | None
"""What changes when a file is written to or replaced: inode, size, time of change and mode."""


def _keep(place: Worktree, number: int, step: JournalStep) -> _Identity:
    """Keep the original; return what tells whether it is still the one."""
    with no_follow.beside(place.root, step.path) as (folder, name):
        held = no_follow.read(folder, name)
        if replace_journal.digest(held) != step.old:
            raise _changed(step)
        if held is None:
            return None
        with no_follow.opened(place.folder) as private:
            try:
                # A link keeps everything of the file, and needs no space when it goes back.
                os.link(
                    name, str(number),
                    src_dir_fd=folder, dst_dir_fd=private, follow_symlinks=False,
                )  # fmt: skip
            except OSError as error:
                if error.errno not in _NO_LINK:
                    raise
                like = os.stat(name, dir_fd=folder, follow_symlinks=False)
                no_follow.create(private, str(number), held, like)
        return _identity(folder, name)


def _identity(folder: int, name: str) -> _Identity:
    try:
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_mode


def _record(place: Worktree, journal: Journal) -> None:
    with no_follow.opened(place.folder) as private:
        draft = f"{_JOURNAL}.new"
        no_follow.create(private, draft, replace_journal.dump(journal))
        os.fsync(private)
        os.rename(draft, _JOURNAL, src_dir_fd=private, dst_dir_fd=private)
        os.fsync(private)
    no_follow.sync(place.private)


def _stage(place: Worktree, temporary: str, step: JournalStep, data: bytes | None) -> None:
    """Write the new content beside its target, with the target's mode and owner."""
    if data is None:
        return
    with no_follow.beside(place.root, step.path) as (folder, name):
        like = os.stat(name, dir_fd=folder, follow_symlinks=False) if step.old else None
        no_follow.create(folder, temporary, data, like)


def _require_same(place: Worktree, step: JournalStep, identity: _Identity) -> None:
    with no_follow.beside(place.root, step.path) as (folder, name):
        if _identity(folder, name) != identity:
            raise _changed(step)


def _put(place: Worktree, temporary: str, step: JournalStep) -> None:
    with no_follow.beside(place.root, step.path) as (folder, name):
        if step.new is None:
            os.unlink(name, dir_fd=folder)
        else:
            os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
        os.fsync(folder)


def _changed(step: JournalStep) -> RepositoryError:
    if step.old is None:
        return RepositoryError(
            "the file exists already, and git ignores it",
            where=step.path,
            facts=["fluxbump changed no files"],
            hint="remove it, or move it away",
        )
    return RepositoryError(
        "another process changed the file",
        where=step.path,
        facts=["fluxbump changed no files"],
        hint="run fluxbump again",
    )


# --- back --------------------------------------------------------------------------------------


def _undo(place: Worktree, journal: Journal) -> None:
    """Put the originals back; do nothing if that would lose what somebody else has written.

    It can be cut short and started again.
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
    """What a journal's file is now."""

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
        waiting = _identity(folder, temporary) is not None
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
    """Put an original back that lies on another file system."""
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


def _journal(place: Worktree) -> Journal | None:
    """Read the journal; None when there is none.

    Raises:
        RepositoryError: it is none that fluxbump has written.
    """
    if not place.folder.is_dir():
        return None
    with no_follow.opened(place.folder) as private:
        data = no_follow.read(private, _JOURNAL, replace_journal.LONGEST)
    if data is None:
        return None
    try:
        return replace_journal.parse(data)
    except ValueError as error:
        raise RepositoryError(
            f"the journal of an interrupted run cannot be read: {error}",
            where=str(place.folder / _JOURNAL),
            facts=["restore the files by hand"],
            next=_by_hand(place),
        ) from None


def _by_hand(place: Worktree) -> list[Step]:
    return [
        Step("git status", "files that the run has changed"),
        Step(shlex.join(["rm", "-r", str(place.folder)]), "after that, removes the journal"),
    ]


def _forget(place: Worktree) -> None:
    """Remove the journal, and then what it speaks of."""
    if not place.folder.is_dir():
        return
    (place.folder / _JOURNAL).unlink(missing_ok=True)
    no_follow.sync(place.folder)
    for leftover in place.folder.iterdir():
        leftover.unlink()
    place.folder.rmdir()
