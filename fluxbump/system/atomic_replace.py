"""Replace many files of a working tree: all of them or none.

New contents are written beside their targets first, and then renamed into place one after the
other. Before that, the originals and a journal are put into the git directory. As long as the
journal exists the run is not complete, and `replace_recovery` puts the originals back. The run is
complete when the journal is removed. So after a kill or a power cut, the next run makes all files
old again, or finds all of them new.
"""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Collection, Mapping
from contextlib import suppress

from fluxbump.errors import RepositoryError
from fluxbump.system import no_follow, replace_journal
from fluxbump.system.changes_made import RecordedChange, changing
from fluxbump.system.locks import BusyError, HeldSignals, locked, signals_held
from fluxbump.system.replace_journal import Journal, JournalStep
from fluxbump.system.replace_recovery import (
    JOURNAL,
    Identity,
    Worktree,
    failed,
    forget,
    identity_of,
    read_journal,
    undo,
)

# A file system without hard links, or one that does not let us link another user's files.
_NO_LINK = (errno.EXDEV, errno.EPERM, errno.EACCES, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK)


def write(
    place: Worktree, before: Mapping[str, bytes | None], after: Mapping[str, bytes | None]
) -> None:
    """Replace all of the files or none; signals are held until that is done.

    Args:
        place: the working tree.
        before: the bytes that each file must have now, by path; None for a file that must not
            exist.
        after: the new bytes of each file, for the same paths; None for a file to delete.

    Raises:
        RepositoryError: a file was changed by another process, cannot be written, or another run
            writes to the working tree. No file was changed, unless the error says that undoing
            failed.
    """
    try:
        place.private.mkdir(exist_ok=True)
        with locked(place.lock), signals_held() as held:
            if read_journal(place) is not None:
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
        facts = ["fluxbump changed no files"]
        hint = "check its permissions, and the free disk space"
        raise failed("cannot be written", error, place, facts, hint=hint) from error


def _files(paths: Collection[str]) -> str:
    return f"{len(paths)} {'file' if len(paths) == 1 else 'files'}"


def _write(
    place: Worktree,
    journal: Journal,
    after: Mapping[str, bytes | None],
    held: HeldSignals,
    change: RecordedChange,
) -> None:
    forget(place)  # what was killed before it had a journal has changed nothing
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
        (place.folder / JOURNAL).unlink()
    except BaseException:
        _take_back(place, journal)
        change.made = False
        raise
    with suppress(OSError):  # the next run tidies up
        forget(place)


def _take_back(place: Worktree, journal: Journal) -> None:
    try:
        if (place.folder / JOURNAL).exists():
            undo(place, journal)
        forget(place)
    except OSError as error:
        facts = ["fluxbump could not undo its other changes"]
        hint = "fix the cause, then run fluxbump again, which undoes them"
        raise failed("cannot be written", error, place, facts, hint=hint) from error


def _keep(place: Worktree, number: int, step: JournalStep) -> Identity:
    """Put a copy of the original aside, and return the identity of the file."""
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
        return identity_of(folder, name)


def _record(place: Worktree, journal: Journal) -> None:
    with no_follow.opened(place.folder) as private:
        draft = f"{JOURNAL}.new"
        no_follow.create(private, draft, replace_journal.dump(journal))
        os.fsync(private)
        os.rename(draft, JOURNAL, src_dir_fd=private, dst_dir_fd=private)
        os.fsync(private)
    no_follow.sync(place.private)


def _stage(place: Worktree, temporary: str, step: JournalStep, data: bytes | None) -> None:
    """Write the new content to a file beside its target, with the target's mode and owner."""
    if data is None:
        return
    with no_follow.beside(place.root, step.path) as (folder, name):
        like = os.stat(name, dir_fd=folder, follow_symlinks=False) if step.old else None
        no_follow.create(folder, temporary, data, like)


def _require_same(place: Worktree, step: JournalStep, identity: Identity) -> None:
    with no_follow.beside(place.root, step.path) as (folder, name):
        if identity_of(folder, name) != identity:
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
