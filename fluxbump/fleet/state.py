"""Keeps the results of a fleet on disk, so that a later run can resume: one JSON line for each.

A line is on disk before the next one is written, so a fleet that is killed leaves whole lines and
at most a piece of one. The file is not trusted: a line that is not ours is ignored, and a result
counts only for the same repository with the same options.
"""

from __future__ import annotations

import errno
import json
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from fluxbump.errors import UsageError
from fluxbump.fleet.repositories import FleetEntry, FleetResult, RunOptions
from fluxbump.fleet.results import read_result
from fluxbump.system.locks import BusyError, locked

_FORMAT = "fluxbump/fleet-state/v1"
_HEADER = json.dumps({"format": _FORMAT}).encode() + b"\n"
_LARGEST = 256 << 20
"""The most bytes of a state file. A hundred thousand results take a quarter of that."""
_FLAGS = os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class FleetState(Struct, frozen=True):
    """The open state file of a round.

    Attributes:
        results: the results of earlier runs, by the key of `RunOptions.key`.
        skipped: the number of lines that are not ours, or incomplete.
        path: the path of the file.
        descriptor: the open file descriptor.
    """

    results: Mapping[str, Mapping[str, object]]
    skipped: int
    path: Path
    descriptor: int

    def before(self, entry: FleetEntry, asked: RunOptions) -> FleetResult | None:
        """Return the result of a repository from an earlier run. None if it has to run."""
        content = self.results.get(asked.key(entry))
        if content is None:
            return None
        try:
            return replace(read_result(entry, content), before=True)
        except ValueError:
            return None

    def write(self, result: FleetResult, asked: RunOptions) -> None:
        """Add a result, and wait until the disk has it.

        Raises:
            UsageError: the file cannot be written.
        """
        request = result.pull_request
        line = {
            "key": asked.key(result.entry),
            "name": result.entry.name,
            "outcome": result.outcome.value,
            "summary": result.message,
            "current": result.current,
            "target": result.release,
            "goal_published": result.published.isoformat() if result.published else None,
            "pull_request": {"number": request.number, "url": request.url or ""}
            if request
            else None,
        }
        try:
            _append(self.descriptor, json.dumps(line).encode() + b"\n")
        except OSError as error:
            raise _unusable(self.path, error) from None


@contextmanager
def opened(path: Path) -> Iterator[FleetState]:
    """Open the state file of a round under a lock, and create it if there is none.

    Raises:
        UsageError: the file is no state file, cannot be used, or is locked by another fleet.
    """
    with ExitStack() as stack:
        try:
            stack.enter_context(locked(path))
            descriptor = os.open(path, _FLAGS)
            stack.callback(os.close, descriptor)
            state = _read(descriptor, path)
        except BusyError:
            raise UsageError(
                "another fleet is using this state", where=str(path), hint="wait for its end"
            ) from None
        except OSError as error:
            raise _unusable(path, error) from None
        yield state


def _unusable(path: Path, error: OSError) -> UsageError:
    return UsageError(f"cannot be used as the state of a fleet: {error.strerror}", where=str(path))


def _read(descriptor: int, path: Path) -> FleetState:
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "not a regular file")
    if found.st_size > _LARGEST:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
    with os.fdopen(os.dup(descriptor), "rb") as file:
        data = file.read()
    if data and not (data.startswith(_HEADER) or _HEADER.startswith(data)):
        # To add lines would damage a file that is not ours.
        raise UsageError(
            "not the state of a fleet", where=str(path), hint="name a file that does not exist yet"
        )
    if not data.startswith(_HEADER):
        os.ftruncate(descriptor, 0)
        _append(descriptor, _HEADER)
        return FleetState({}, 0, path, descriptor)
    if not data.endswith(b"\n"):
        _append(descriptor, b"\n")
    return parse(data.split(b"\n")[1:], path, descriptor)


def parse(lines: list[bytes], path: Path, descriptor: int) -> FleetState:
    """Read the lines after the first one, and count those that are not ours."""
    results: dict[str, Mapping[str, object]] = {}
    skipped = 0
    for line in lines:
        try:
            content = json.loads(line)
        except (ValueError, RecursionError):
            content = None
        key = content.get("key") if isinstance(content, dict) else None
        if isinstance(key, str):
            results[key] = content
        else:
            skipped += bool(line)
    return FleetState(results, skipped, path, descriptor)


def _append(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
    os.fsync(descriptor)
