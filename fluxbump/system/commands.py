"""Run programs within limits, and end the processes that they have started with them.

Apart from GitPython and the pager, no other module starts a program. Each program runs in a session
of its own. So it has no terminal for prompts, and a signal at the terminal reaches fluxbump alone.
If a run ends for any reason (a limit, SIGTERM, Ctrl-C), the program's process group is ended first.

Limits of the system are set after the start (prlimit(2), Linux). A function that sets them in the
child before the program starts would make Python fork instead of vfork, which costs a copy of this
process's page tables each time. On other systems, time and output are the limits.
"""

from __future__ import annotations

import errno
import os
import resource
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, BinaryIO

from msgspec import Struct

from fluxbump.system.pipes import Pipes
from fluxbump.system.process_end import has_ended, wait
from fluxbump.system.programs import Allowance, EndedBy, Program, ProgramResult, StartError
from fluxbump.system.scratch import for_temporary_files


def run(
    program: Program,
    allowance: Allowance,
    *,
    stdin: bytes = b"",
    stop: Callable[[], bool] | None = None,
) -> ProgramResult:
    """Run a program until it ends, or until it exceeds a limit.

    Args:
        program: the program to run.
        allowance: the limits of the run.
        stdin: the program's standard input.
        stop: called repeatedly; the program is ended if it returns True.

    Raises:
        StartError: the program cannot be started.
    """
    deadline = time.monotonic() + allowance.seconds
    pipe = subprocess.PIPE
    process = start(program, allowance, pipe if stdin else subprocess.DEVNULL, pipe, pipe)
    try:
        with Pipes(process, allowance, stdin) as talk:
            ended = talk.until(deadline, stop)
    finally:
        code = end(process, program, grace=allowance.grace)
    return ProgramResult(ended, code, b"".join(talk.out), talk.last_words())


def start(
    program: Program,
    allowance: Allowance,
    stdin: IO[bytes] | int,
    stdout: IO[bytes] | int,
    stderr: IO[bytes] | int,
) -> subprocess.Popen[bytes]:
    """Start a program, which the caller must `end`.

    Args:
        program: the program to run.
        allowance: the limits, of which memory and processor time are applied here.
        stdin: the standard input, as `subprocess.Popen` takes it.
        stdout: the standard output. The size of a file is limited here, and the reader of a pipe
            must limit it.
        stderr: the standard error.

    Raises:
        StartError: the program cannot be started.
    """
    try:
        process = subprocess.Popen(  # noqa: S603  # no shell; callers name the program
            [*program.words],
            cwd=program.cwd,
            env=dict(program.environ),
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
        )
    except ValueError as error:  # a word with a null character
        raise StartError(str(error), missing=False, nowhere=False) from None
    except OSError as error:
        if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN):
            raise  # nothing is wrong with the program
        nowhere = program.cwd is not None and not program.cwd.is_dir()
        missing = error.errno == errno.ENOENT and not nowhere
        raise StartError(error.strerror or str(error), missing=missing, nowhere=nowhere) from None
    _bound(process.pid, allowance, to_file=not isinstance(stdout, int))
    return process


def _bound(pid: int, allowance: Allowance, *, to_file: bool) -> None:
    """Set the limits of a program that the system can enforce."""
    # One byte more, so that whoever reads the file sees that it was too much.
    limits = {
        "RLIMIT_DATA": allowance.memory,
        "RLIMIT_CPU": allowance.processor,
        "RLIMIT_FSIZE": allowance.out + 1 if to_file else None,
    }
    asked = {name: limit for name, limit in limits.items() if limit is not None}
    if not asked:
        return
    if hasattr(resource, "prlimit"):
        for name, limit in asked.items():
            # It has ended already, or the limit that we live under is lower.
            with suppress(ProcessLookupError, PermissionError, ValueError):
                resource.prlimit(pid, getattr(resource, name), (limit, limit))


def end(process: subprocess.Popen[bytes], program: Program, *, grace: float = 0.0) -> int:
    """End a program that still runs, and its process group, and return its exit code.

    Args:
        process: the process that was started.
        program: the program that it runs.
        grace: seconds between SIGTERM and SIGKILL, in which the program can remove half-written
            files.
    """
    if process.returncode is None:
        by_itself = has_ended(process)
        try:
            if not by_itself and grace:
                _signal(process, signal.SIGTERM)
                wait(process, grace)
        finally:  # a second signal may be on its way
            if not (by_itself and program.daemons):
                # While it is not waited for, its number is nobody else's.
                _signal(process, signal.SIGKILL)
            process.wait()
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            with suppress(OSError):  # what was to be written is no longer wanted
                pipe.close()
    return process.returncode


def _signal(process: subprocess.Popen[bytes], how: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, how)


class BegunProgram(Struct):
    """A running program that writes its output to files, so that no reader has to keep up."""

    program: Program
    allowance: Allowance
    process: subprocess.Popen[bytes]
    out: IO[bytes]
    err: IO[bytes]
    deadline: float

    def wait(self) -> EndedBy:
        """Wait until the program ends, and return why; `out` is then at its beginning."""
        in_time = wait(self.process, self.deadline - time.monotonic())
        end(self.process, self.program, grace=self.allowance.grace)
        size = self.out.seek(0, os.SEEK_END)
        self.out.seek(0)
        if size > self.allowance.out or self.process.returncode == -signal.SIGXFSZ:
            return EndedBy.OUTPUT
        return EndedBy.ITSELF if in_time else EndedBy.SECONDS

    def last_words(self) -> bytes:
        """Return the last bytes that the program wrote to standard error."""
        size = self.err.seek(0, os.SEEK_END)
        self.err.seek(max(0, size - self.allowance.err))
        return self.err.read()

    def close(self) -> None:
        """End the program if it still runs, and delete its output."""
        end(self.process, self.program, grace=self.allowance.grace)
        self.out.close()
        self.err.close()


def begin(program: Program, allowance: Allowance, *, stdin: bytes = b"") -> BegunProgram:
    """Start a program in order to wait for its output later; the caller must close the result.

    Raises:
        StartError: the program cannot be started.
    """
    deadline = time.monotonic() + allowance.seconds
    out, err = _file(), _file()
    try:
        with reading(stdin) as source:
            process = start(program, allowance, source, out, err)
    except BaseException:
        out.close()
        err.close()
        raise
    return BegunProgram(program, allowance, process, out, err, deadline)


def _file() -> BinaryIO:
    return tempfile.TemporaryFile(dir=for_temporary_files())


@contextmanager
def reading(stdin: bytes) -> Iterator[BinaryIO | int]:
    """Yield a program's standard input as a file, because an unread pipe would block both sides."""
    if not stdin:
        yield subprocess.DEVNULL
        return
    with _file() as source:
        source.write(stdin)
        source.seek(0)
        yield source
