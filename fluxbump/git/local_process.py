"""Runs git in one repository on this disk, to read and to build objects. Nothing here moves a ref.

It inherits the environment and waits as long as git does. For git that meets other machines there
is `network_process`; what changes a repository is in `writer`.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen
from threading import Timer
from typing import IO, BinaryIO

from msgspec import Struct

from fluxbump.errors import RepositoryError, ToolError

_LAYOUT = ("--is-bare-repository", "--git-dir", "--git-common-dir", "--show-toplevel")


class Layout(Struct, frozen=True):
    """Where a repository is, all paths absolute.

    Attributes:
        root: the work tree's root; the git directory of a bare repository.
        private: the git directory of this work tree.
        shared: the git directory of all its work trees.
    """

    bare: bool
    root: Path
    private: Path
    shared: Path


def find(path: Path | None) -> Layout:
    """Find the repository that `path` is in; the one we are in when it is None.

    Raises:
        RepositoryError: there is none, git does not trust it, or `path` is in its git directory.
        ToolError: git is not installed.
    """
    if path is not None and not path.is_dir():
        raise RepositoryError(f"no such directory: {path}", hint="see --repo")
    command = ["rev-parse", "--path-format=absolute", *_LAYOUT]
    with _start(command, path, {}) as process:
        out, err = process.communicate()
    # In a bare repository git answers all questions but the last, and fails.
    answers = os.fsdecode(out).splitlines()
    place = path or Path.cwd()
    match answers:
        case ["true", private, shared, *_]:
            return Layout(bare=True, root=Path(private), private=Path(private), shared=Path(shared))
        case ["false", private, shared, root]:
            return Layout(bare=False, root=Path(root), private=Path(private), shared=Path(shared))
        case ["false", private, shared]:
            return _around(place, Path(private), Path(shared))
    reason = one_line(err)
    if "dubious ownership" in reason:
        raise RepositoryError(
            f"git does not trust {place}: it belongs to somebody else",
            hint=f"git config --global --add safe.directory {place.absolute()}",
        )
    if not answers and "not a git repository" in reason:
        raise RepositoryError(
            f"not a git repository: {place}", hint="run inside a checkout, or say --repo PATH"
        )
    raise RepositoryError(f"git cannot use {place}: {reason or 'its path has a line break'}")


def _around(place: Path, private: Path, shared: Path) -> Layout:
    """Return the work tree around a git directory that we are in."""
    if private.name != ".git":
        raise RepositoryError(
            f"in a git directory: {place}", hint="name the work tree with --repo PATH"
        )
    return Layout(bare=False, root=private.parent, private=private, shared=shared)


def pinned(layout: Layout) -> dict[str, str]:
    """Return what keeps git at a repository, from any directory.

    What a hook exports may be relative to where it runs (githooks(5)).
    """
    names = {
        "GIT_DIR": layout.private,
        "GIT_WORK_TREE": layout.root,
        "GIT_COMMON_DIR": layout.shared,
    }
    return {name: str(path) for name, path in names.items() if name in os.environ}


class Runner:
    """Runs git in one repository.

    Args:
        where: in the repository.
        environ: for git's processes, besides our own.
    """

    def __init__(self, where: Path, environ: Mapping[str, str]) -> None:
        self._where = where
        self._environ = environ

    def run(
        self,
        *args: str,
        stdin: bytes | None = None,
        env: Mapping[str, str] | None = None,
        accept: Sequence[int] = (0,),
        cwd: Path | None = None,
    ) -> bytes:
        """Run git once and return what it prints.

        Raises:
            RepositoryError: its exit code is not in `accept`; the message is git's own.
        """
        with reading(stdin) as source, self._start(args, source, env, cwd) as process:
            out, err = process.communicate()
        if process.returncode not in accept:
            raise RepositoryError(
                one_line(err) or f"git {args[0]} failed with {process.returncode}"
            )
        return out

    def begin(self, *args: str, stdin: bytes | None = None) -> Begun:
        """Start git, whose output is waited for later."""
        # A file: a pipe that nobody empties yet would hold git up.
        out = tempfile.TemporaryFile()  # noqa: SIM115  # whoever ends the process closes it
        with reading(stdin) as source:
            return Begun(self._start(args, source, stdout=out), out)

    def run_beside(
        self, commands: Sequence[Sequence[str]], *, accept: Sequence[int] = (0,)
    ) -> list[bytes]:
        """Run git several times at once, and return what each prints.

        Raises:
            RepositoryError: an exit code is not in `accept`; the message is git's own.
        """
        with ExitStack() as stack:
            begun = [stack.enter_context(closing(self.begin(*command))) for command in commands]
            return [one.output(accept).read() for one in begun]

    def run_bounded(self, *args: str, stdin: bytes, limit: int, seconds: float) -> bytes | None:
        """Run git once, and end it when it prints or takes too much; None when it did.

        Args:
            args: of git.
            stdin: what it reads.
            limit: bytes that it may print.
            seconds: that it may take.

        Raises:
            RepositoryError: it failed; the message is git's own.
        """
        with reading(stdin) as source, self._start(args, source) as process:
            timer = Timer(seconds, process.kill)
            timer.start()
            try:
                out = _pipe(process.stdout).read(limit + 1)
                _pipe(process.stdout).close()  # what has more to say ends by SIGPIPE
                errors = _pipe(process.stderr).read()
                status = process.wait()
            finally:
                timer.cancel()
        if len(out) > limit or status < 0:
            return None
        if status:
            raise RepositoryError(one_line(errors) or f"git {args[0]} failed with {status}")
        return out

    def batch(self) -> Batch:
        """Start the process that serves objects by name."""
        command = ["cat-file", "--batch"]
        return Batch(_start(command, self._where, self._environ, stdin=PIPE, stderr=DEVNULL))

    def contents(self, names: Sequence[bytes]) -> Generator[bytes | None, None, None]:
        """Yield many objects by name, while git reads on; None for one that is not there.

        Two processes of their own share the work, which need not answer one question before the
        next. What the second one reads waits in a file until the first is done.
        """
        half = (len(names) + 1) // 2
        command = ("cat-file", "--batch", "--buffer")
        with closing(self.begin(*command, stdin=b"\n".join(names[half:]))) as second:
            with reading(b"\n".join(names[:half])) as source:
                process = _start(command, self._where, self._environ, stdin=source, stderr=DEVNULL)
            with process:
                yield from _objects(_pipe(process.stdout), half)
            yield from _objects(second.output(), len(names) - half)

    def _start(
        self,
        args: Sequence[str],
        source: IO[bytes] | int,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        stdout: IO[bytes] | int = PIPE,
    ) -> Popen[bytes]:
        environ = {**self._environ, **(env or {})}
        return _start(args, cwd or self._where, environ, stdin=source, stdout=stdout)


class Begun:
    """Git at work, and the file that takes what it prints."""

    def __init__(self, process: Popen[bytes], out: IO[bytes]) -> None:
        self._process = process
        self._out = out

    def output(self, accept: Sequence[int] = (0,)) -> IO[bytes]:
        """Wait for git, and return what it has printed.

        Raises:
            RepositoryError: its exit code is not in `accept`; the message is git's own.
        """
        _, err = self._process.communicate()
        if self._process.returncode not in accept:
            raise RepositoryError(one_line(err) or "git failed")
        self._out.seek(0)
        return self._out

    def close(self) -> None:
        """End the process, if nobody has waited for it, and drop its output."""
        if self._process.returncode is None:
            self._process.kill()
            self._process.communicate()
        self._out.close()


class Batch:
    """A process that serves objects by name; see git-cat-file(1)."""

    def __init__(self, process: Popen[bytes]) -> None:
        self._process = process
        self._in, self._out = _pipe(process.stdin), _pipe(process.stdout)

    def ask(self, names: Sequence[bytes]) -> None:
        """Ask for objects; take an `answer` for each before asking for many more."""
        self._in.write(b"\n".join(names) + b"\n")
        self._in.flush()

    def answer(self) -> bytes | None:
        """Return the next object; None when there is no such object."""
        return _object(self._out)

    def close(self) -> None:
        """End the process."""
        with self._process:
            for pipe in (self._in, self._out):
                with suppress(BrokenPipeError):  # it may have ended by itself
                    pipe.close()


def _objects(out: IO[bytes], number: int) -> Iterator[bytes | None]:
    return (_object(out) for _ in range(number))


def _object(out: IO[bytes]) -> bytes | None:
    """Read an object as `cat-file --batch` prints it; None when there is no such object."""
    header = out.readline().split()
    if len(header) != len((b"name", b"type", b"size")):
        return None
    data = out.read(int(header[2]))
    out.read(1)
    return data


def _start(
    args: Sequence[str],
    where: Path | None,
    env: Mapping[str, str],
    *,
    stdin: IO[bytes] | int = DEVNULL,
    stdout: IO[bytes] | int = PIPE,
    stderr: int = PIPE,
) -> Popen[bytes]:
    """Start git with messages in English, which we read."""
    try:
        return Popen(  # noqa: S603  # no shell, and a fixed program
            ["git", *args],  # noqa: S607  # whichever git the user has
            cwd=where,
            env={**os.environ, **env, "LC_ALL": "C", "LANGUAGE": "C"},
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
        )
    except FileNotFoundError:
        if where is not None and not where.is_dir():
            raise RepositoryError(f"no such directory: {where}", hint="see --repo") from None
        raise ToolError("git is not installed", hint="install git 2.31 or later") from None


@contextmanager
def reading(stdin: bytes | None) -> Iterator[BinaryIO | int]:
    """Give what a process reads: a file, because a pipe that nobody empties would block both."""
    if stdin is None:
        yield DEVNULL
        return
    with tempfile.TemporaryFile() as source:
        source.write(stdin)
        source.seek(0)
        yield source


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise AssertionError("every process is started with pipes")
    return pipe


def one_line(stderr: bytes) -> str:
    """Return what git said, without its prefixes and its advice."""
    lines = [
        line.removeprefix("fatal: ").removeprefix("error: ").strip()
        for line in stderr.decode("utf-8", "replace").splitlines()
    ]
    return "; ".join(line for line in lines if line and not line.startswith("hint:"))
