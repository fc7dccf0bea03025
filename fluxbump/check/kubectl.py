"""Runs kubectl; no other room does. It only asks: nothing here changes a cluster."""

from __future__ import annotations

import subprocess
from tempfile import TemporaryFile
from threading import Timer

from fluxbump.errors import ToolError

LIMIT = 256 << 20  # bytes; every CRD of a large cluster is some tens of MiB
_TIMEOUT = 60  # seconds
_MESSAGE = 4096  # bytes of what it says when it fails


def kubectl(*arguments: str, limit: int = LIMIT) -> str:
    """Return what kubectl prints.

    Args:
        arguments: as on its command line.
        limit: how many bytes it may print.

    Raises:
        ToolError: it is missing, fails, takes too long or prints too much.
    """
    with TemporaryFile() as errors:
        try:
            process = subprocess.Popen(  # noqa: S603  # a fixed program and checked words, no shell
                ["kubectl", *arguments],  # noqa: S607  # whichever kubectl the user has
                stdout=subprocess.PIPE,
                stderr=errors,
            )
        except FileNotFoundError:
            raise ToolError(
                "kubectl is not installed", hint="use --cluster-state FILE instead"
            ) from None
        printed, late = _read(process, limit)
        errors.seek(0)
        said = " ".join(errors.read(_MESSAGE).decode("utf-8", "replace").split())
    if len(printed) > limit:
        raise ToolError(f"kubectl printed more than {limit >> 20} MiB")
    if late:
        raise ToolError(f"kubectl gave no answer in {_TIMEOUT} s")
    if process.returncode:
        message = said or f"exit code {process.returncode}"
        raise ToolError(f"kubectl: {message}", hint="check the context and the connection")
    return printed.decode("utf-8", "replace")


def _read(process: subprocess.Popen[bytes], limit: int) -> tuple[bytes, bool]:
    """Return what a process prints, one byte more than it may, and whether it took too long."""
    late: list[bool] = []

    def end() -> None:
        late.append(True)
        process.kill()

    timer = Timer(_TIMEOUT, end)
    timer.start()
    try:
        with process:
            printed = process.stdout.read(limit + 1) if process.stdout else b""
            if len(printed) > limit:
                process.kill()
    finally:
        timer.cancel()
    return printed, bool(late)
