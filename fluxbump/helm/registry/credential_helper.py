"""Runs a credential helper: nobody is asked, and time and output are bounded."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress

from msgspec import Struct

from fluxbump.system import commands
from fluxbump.system.secret import Secret

SECONDS = 30.0
"""That a helper may take; one that opens a keychain takes less than one."""


class HelperAnswer(Struct, frozen=True):
    """What a helper left.

    Attributes:
        code: its exit code.
        out: what it printed.
    """

    code: int
    out: Secret


def run(
    command: Sequence[str],
    stdin: bytes,
    environ: Mapping[str, str],
    *,
    seconds: float = SECONDS,
) -> HelperAnswer:
    """Run a helper in a session of its own; without a terminal it can ask nobody.

    It writes into a pipe that is read when it has ended. One that prints more than a pipe holds
    (64 KiB on Linux, a login is some hundred bytes) waits, and so takes too long.

    Args:
        command: program and arguments, which everybody on this machine can read.
        stdin: what it reads.
        environ: its environment; our own variables, of which one is a token, are left out.
        seconds: that it may take.

    Raises:
        ValueError: it cannot be run, or takes too long; says which.
    """
    kept = {name: text for name, text in environ.items() if not name.startswith("FLUXBUMP")}
    with tempfile.TemporaryFile() as source:
        source.write(stdin)
        source.seek(0)
        try:
            process = subprocess.Popen(  # noqa: S603  # no shell; the user's configuration names it
                list(command),
                env=kept,
                stdin=source,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            raise ValueError(f"{command[0]} cannot be run: {error.strerror}") from None
    try:
        code = commands.wait(process, seconds)
        return HelperAnswer(code, Secret(_held(process).decode("utf-8", "surrogateescape")))
    except subprocess.TimeoutExpired:
        raise ValueError(f"{command[0]} gives no answer in {seconds:g} s") from None
    finally:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _held(process: subprocess.Popen[bytes]) -> bytes:
    """Return what the pipe holds; something that the helper left behind may keep it open."""
    if process.stdout is None:
        return b""
    os.set_blocking(process.stdout.fileno(), False)
    return process.stdout.read() or b""
