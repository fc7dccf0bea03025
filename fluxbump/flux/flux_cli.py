"""The flux CLI, where somebody names one. The only room that runs it.

`flux install --export` talks to no cluster. For the release of the CLI itself it needs no network;
the manifests of any other it downloads from Flux's releases on GitHub.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from msgspec import Struct

from fluxbump.errors import ToolError
from fluxbump.flux import install_manifest

TIMEOUT = 120.0
"""Seconds that one run may take; without a download it takes one or two."""

_LONGEST = 500  # characters of a message
_PIECE = 4096  # bytes of standard error that are read at once, of which the last few are kept
_PIECES = 4

# What a download may need; all else of the user's setup would change what is written.
_KEPT = frozenset({"PATH", "SYSTEMROOT", "SSL_CERT_FILE", "SSL_CERT_DIR"})
_PROXIES = frozenset({"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"})


class Flux(Struct, frozen=True):
    """One flux CLI.

    Attributes:
        path: of the binary.
        timeout: seconds that one run may take.
        largest: bytes that it may print.
    """

    path: str
    timeout: float = TIMEOUT
    largest: int = install_manifest.MAX_SIZE

    def export(self, release: str, components: tuple[str, ...]) -> tuple[bytes, str]:
        """Return what `flux install --export` writes, and the command for people.

        Args:
            release: without a leading `v`.
            components: to install; the CLI's own choice when there are none.

        Raises:
            ToolError: it cannot be run, fails, takes too long or prints too much.
        """
        arguments = ["install", "--export", f"--version=v{release}"]
        shown = " ".join([self.path, *arguments])
        if components:
            arguments.append(f"--components={','.join(components)}")
        with tempfile.TemporaryDirectory(prefix="fluxbump-flux-") as home:
            try:
                return self._output([str(Path(self.path).absolute()), *arguments], home), shown
            except OSError as error:
                raise ToolError(f"cannot be started: {error.strerror}", where=shown) from None
            except _FailedError as failed:
                raise ToolError(str(failed), where=shown) from None

    def _output(self, command: Sequence[str], home: str) -> bytes:
        """Run a command to its end, or to that of what it may take."""
        late = threading.Event()
        said: deque[bytes] = deque(maxlen=_PIECES)
        with _running(command, environment(os.environ, home)) as process:
            assert process.stdout is not None  # noqa: S101  # both are pipes
            assert process.stderr is not None  # noqa: S101  # as above
            timer = threading.Timer(self.timeout, _late, (process, late))
            listener = threading.Thread(target=_listen, args=(process.stderr, said), daemon=True)
            timer.start()
            listener.start()
            try:
                out = process.stdout.read(self.largest + 1)
                if len(out) > self.largest:
                    raise _FailedError(f"printed more than {self.largest} bytes")
                code = process.wait()
                listener.join(1.0)
            finally:
                timer.cancel()
        if late.is_set():
            raise _FailedError(f"did not finish within {self.timeout:g} seconds")
        if code:
            words = " ".join(b"".join(said).decode("utf-8", "replace").split())[-_LONGEST:]
            raise _FailedError(words or f"failed with {code}")
        return out


class _FailedError(Exception):
    """The CLI did not do what was asked, and why."""


@contextmanager
def _running(
    command: Sequence[str], environ: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command in a session of its own, which has ended when the block is left."""
    process = subprocess.Popen(  # noqa: S603  # no shell; the user names the program
        list(command),
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        _end(process)
        process.wait()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()


def _late(process: subprocess.Popen[bytes], late: threading.Event) -> None:
    late.set()
    _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End what leads the session and all that it has started."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _listen(stream: IO[bytes], said: deque[bytes]) -> None:
    """Keep the last that is written, so that a program which talks a lot does not wait."""
    with suppress(ValueError):  # closed meanwhile
        while piece := stream.read(_PIECE):
            said.append(piece)


def environment(told: Mapping[str, str], home: str) -> dict[str, str]:
    """Return the environment for the CLI: neither the user's cluster nor a setting of Flux.

    Args:
        told: the environment of this process.
        home: an empty directory.
    """
    kept = {
        name: value for name, value in told.items() if name.upper() in _PROXIES or name in _KEPT
    }
    return {**kept, "HOME": home, "TMPDIR": home}
