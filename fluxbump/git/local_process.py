"""Run git in one repository on this disk, to read and to build objects. Nothing here moves a ref.

Git gets only the variables that it and its helpers need. A repository's own configuration can name
programs, and these must not see the tokens of a job.

`find_repository` finds the repository, `network_process` runs git that connects to other machines,
and `writer` changes the repository.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen
from typing import IO

from msgspec.structs import replace

from fluxbump.errors import FluxbumpError, RepositoryError, ToolError
from fluxbump.system import commands, pipes, process_end
from fluxbump.system.commands import BegunProgram
from fluxbump.system.programs import (
    Allowance,
    EndedBy,
    LateError,
    Program,
    ProgramResult,
    StartError,
)
from fluxbump.text.budget import MOST_READ

_SECONDS = 600.0
"""Seconds for one command or one object; the slowest takes ten in a tree of a million files."""

_ALLOWANCE = Allowance(seconds=_SECONDS, out=512 << 20, grace=5.0)
"""The limits: a listing of a million files is a fifth of `out`; on SIGTERM git tidies up."""

# What git reads itself (git(1), "Environment variables"), and what it needs to start its helpers:
# in a partial clone it fetches what it reads, over ssh or HTTPS, and a signature needs its agent.
_KEPT = frozenset({
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "TZ", "LANG", "PREFIX", "EMAIL",
    "SYSTEMROOT", "LD_LIBRARY_PATH", "DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "WAYLAND_DISPLAY",
    "GNUPGHOME", "GPG_TTY", "GCM_INTERACTIVE", "CURL_CA_BUNDLE", "CURL_SSL_BACKEND",
    "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY",
})  # fmt: skip
_KEPT_FAMILIES = ("GIT_", "SSH_", "SSL_CERT_", "XDG_", "LC_", "DYLD_", "NIX_SSL_CERT_")
_SECRET = ("TOKEN", "PASSWORD", "SECRET", "CREDENTIAL")  # a name of somebody's own, `GIT_TOKEN`
_OURS = "FLUXBUMP"  # the credential of a remote, where one was given for git alone


def run(args: Sequence[str], where: Path | None) -> ProgramResult:
    """Run git in a directory, and return its output and its exit code, which may be any.

    Args:
        args: the arguments of git.
        where: the directory; None for the current one.

    Raises:
        RepositoryError: there is no such directory, or git takes too long, or prints too much.
        ToolError: git is not installed.
    """
    return _run(_program(args, where, {}))


class Runner:
    """Runs git in one repository.

    Args:
        where: a directory in the repository.
        environ: variables for git, in addition to those kept from this process.
    """

    def __init__(self, where: Path, environ: Mapping[str, str]) -> None:
        self._where = where
        self._environ = environ

    def run(
        self,
        *args: str,
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
        accept: Sequence[int] = (0,),
        cwd: Path | None = None,
    ) -> bytes:
        """Run git once and return what it prints.

        Raises:
            RepositoryError: the exit code is not in `accept`, with git's own message; or git takes
                too long or prints too much.
        """
        done = _run(self._program(args, env, cwd), stdin)
        if done.code not in accept:
            raise RepositoryError(one_line(done.err) or f"git {args[0]} failed with {done.code}")
        return done.out

    def begin(self, *args: str, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> Begun:
        """Start git, and return a handle to wait for its output later."""
        program = self._program(args, env)
        try:
            return Begun(commands.begin(program, _ALLOWANCE, stdin=stdin))
        except StartError as error:
            raise _not_started(program, error) from None

    def run_beside(
        self, commands: Sequence[Sequence[str]], *, accept: Sequence[int] = (0,)
    ) -> list[bytes]:
        """Run several commands of git in parallel, and return what each prints.

        Raises:
            RepositoryError: an exit code is not in `accept`; the message is git's own.
        """
        with ExitStack() as stack:
            begun = [stack.enter_context(closing(self.begin(*command))) for command in commands]
            return [process.output(accept).read() for process in begun]

    def run_bounded(self, *args: str, stdin: bytes, limit: int, seconds: float) -> bytes | None:
        """Run git once within limits; return None if it prints too much or takes too long.

        Args:
            args: the arguments of git.
            stdin: the standard input of git.
            limit: bytes that git may print.
            seconds: seconds that git may take.

        Raises:
            RepositoryError: git failed; the message is git's own.
        """
        allowance = replace(_ALLOWANCE, seconds=seconds, out=limit)
        program = self._program(args)
        try:
            done = commands.run(program, allowance, stdin=stdin)
        except StartError as error:
            raise _not_started(program, error) from None
        if done.ended is not EndedBy.ITSELF or done.code < 0:
            return None
        if done.code:
            raise RepositoryError(one_line(done.err) or f"git {args[0]} failed with {done.code}")
        return done.out

    def batch(self) -> Batch:
        """Start a process of git that returns objects by name."""
        return Batch(self._program(("cat-file", "--batch")))

    def contents(self, names: Sequence[bytes]) -> Generator[bytes | None, None, None]:
        """Yield many objects by name, while git reads on; None for an object that is missing.

        Two processes share the work, because each reads ahead without waiting for the caller. The
        output of the second process waits in a file until the first is done.
        """
        half = (len(names) + 1) // 2
        command = ("cat-file", "--batch", "--buffer")
        with closing(self.begin(*command, stdin=b"\n".join(names[half:]))) as second:
            program = self._program(command)
            with commands.reading(b"\n".join(names[:half])) as source:
                process = _start(program, source)
            try:
                out = pipes.timed(pipes.of(process.stdout), _SECONDS)
                yield from (_object(out) for _ in range(half))
            finally:
                commands.end(process, program)
            held = second.output()
            yield from (_object(held) for _ in range(len(names) - half))

    def _program(
        self, args: Sequence[str], env: Mapping[str, str] | None = None, cwd: Path | None = None
    ) -> Program:
        return _program(args, cwd or self._where, {**self._environ, **(env or {})})


class Begun:
    """A running process of git, and the file that takes its output."""

    def __init__(self, begun: BegunProgram) -> None:
        self._begun = begun

    @property
    def pid(self) -> int:
        """The process id."""
        return self._begun.process.pid

    def output(self, accept: Sequence[int] = (0,)) -> IO[bytes]:
        """Wait for git, and return what it has printed.

        Raises:
            RepositoryError: the exit code is not in `accept`, with git's own message; or git takes
                too long or prints too much.
        """
        _require_ended(self._begun.program, self._begun.wait(), _ALLOWANCE)
        if self._begun.process.returncode not in accept:
            raise RepositoryError(one_line(self._begun.last_words()) or "git failed")
        return self._begun.out

    def close(self) -> None:
        """End the process if it still runs, and delete its output."""
        self._begun.close()


class Batch:
    """A process of git that returns objects by name; see git-cat-file(1)."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._process = _start(program, PIPE)
        self._in = pipes.of(self._process.stdin)
        self._out = pipes.timed(pipes.of(self._process.stdout), _SECONDS)

    def ask(self, names: Sequence[bytes]) -> None:
        """Ask for objects; take an `answer` for each before asking for many more."""
        self._in.write(b"\n".join(names) + b"\n")
        self._in.flush()

    def answer(self) -> bytes | None:
        """Return the next object that was asked for; None if there is no such object."""
        return _object(self._out)

    def close(self) -> None:
        """End the process."""
        with suppress(BrokenPipeError):  # it may have ended by itself
            self._in.close()
        process_end.wait(self._process, _ALLOWANCE.grace)
        commands.end(self._process, self._program)


def _object(out: IO[bytes]) -> bytes | None:
    """Read an object as `cat-file --batch` prints it; None if there is no such object.

    Of a very large object only the beginning is kept, which is enough to see that it exceeds all
    budgets.
    """
    try:
        header = out.readline().split()
        if len(header) != len((b"name", b"type", b"size")):
            return None
        size = int(header[2])
        data = out.read(min(size, MOST_READ))
        for start in range(len(data), size, MOST_READ):  # what is too large for whoever asks
            out.read(min(size - start, MOST_READ))
        out.read(1)
    except LateError:
        raise RepositoryError(f"git gave no object within {_SECONDS:g} s") from None
    return data


def _program(args: Sequence[str], where: Path | None, env: Mapping[str, str]) -> Program:
    """Return the command of git, with messages in English, because callers parse them."""
    kept = {name: value for name, value in os.environ.items() if _is_kept(name)}
    given = {name: value for name, value in env.items() if _is_kept(name) or name.startswith(_OURS)}
    environ = {**kept, **given, "LC_ALL": "C", "LANGUAGE": "C"}
    return Program(["git", *args], environ, where, daemons=True)


def _is_kept(name: str) -> bool:
    if name.upper() in _KEPT or name.startswith("GIT_CONFIG_"):
        return True
    return name.startswith(_KEPT_FAMILIES) and not any(word in name for word in _SECRET)


def _run(program: Program, stdin: bytes = b"") -> ProgramResult:
    try:
        done = commands.run(program, _ALLOWANCE, stdin=stdin)
    except StartError as error:
        raise _not_started(program, error) from None
    _require_ended(program, done.ended, _ALLOWANCE)
    return done


def _start(program: Program, stdin: IO[bytes] | int) -> Popen[bytes]:
    try:
        return commands.start(program, _ALLOWANCE, stdin, PIPE, DEVNULL)
    except StartError as error:
        raise _not_started(program, error) from None


def _not_started(program: Program, error: StartError) -> FluxbumpError:
    if error.nowhere:
        return RepositoryError(f"no such directory: {program.cwd}", hint="see --repo")
    if error.missing:
        return ToolError("git is not installed", hint="install git 2.31 or later")
    return ToolError(f"git cannot be run: {error}")


def _require_ended(program: Program, ended: EndedBy, allowance: Allowance) -> None:
    command = " ".join(program.words[:2])
    if ended is EndedBy.SECONDS:
        raise RepositoryError(f"{command} did not finish within {allowance.seconds:g} s")
    if ended is EndedBy.OUTPUT:
        raise RepositoryError(f"{command} printed more than {allowance.out >> 20} MiB")


def one_line(stderr: bytes) -> str:
    """Return git's error messages on one line, without prefixes and hints."""
    lines = [
        line.removeprefix("fatal: ").removeprefix("error: ").strip()
        for line in stderr.decode("utf-8", "replace").splitlines()
    ]
    return "; ".join(line for line in lines if line and not line.startswith("hint:"))
