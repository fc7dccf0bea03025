"""Runs kubectl, or reads a file with its output. Nothing else runs kubectl.

Nothing here changes a cluster. kubectl gets the whole environment, because the plugins that log in
to the user's cluster read variables of their cloud.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

from fluxbump.errors import ToolError, UsageError
from fluxbump.system import commands
from fluxbump.system.programs import Allowance, EndedBy, Program, StartError
from fluxbump.text.patterns import lazy_pattern

LIMIT = 256 << 20  # bytes; every CRD of a large cluster is some tens of MiB
_TIMEOUT = 60.0
_MESSAGE = 4096  # bytes of what it says when it fails

_LOGGED = lazy_pattern(r"[IWEF]\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ [^ \]]+\] ")
"""The head of a line of klog, by its documentation: `E1128 08:32:25.23 9 a.go:26] `."""


def ask(*arguments: str, limit: int = LIMIT) -> str:
    """Run kubectl, and return its output.

    Args:
        arguments: the arguments of kubectl.
        limit: the number of bytes that kubectl may print.

    Raises:
        ToolError: kubectl is missing, fails, takes too long or prints too much.
    """
    # A plugin that logs in may keep a process for the next time.
    program = Program(["kubectl", *arguments], os.environ, daemons=True)
    allowance = Allowance(seconds=_TIMEOUT, out=limit, err=_MESSAGE)
    try:
        done = commands.run(program, allowance)
    except StartError as error:
        if error.missing:
            raise ToolError(
                "kubectl is not installed", hint="use --cluster-state FILE instead"
            ) from None
        raise ToolError(f"kubectl cannot be run: {error}") from None
    if done.ended is EndedBy.OUTPUT:
        raise ToolError(f"kubectl printed more than {limit >> 20} MiB")
    if done.ended is EndedBy.SECONDS:
        raise ToolError(f"kubectl gave no answer in {_TIMEOUT:g} s")
    if done.code:
        message = _said(done.err.decode("utf-8", "replace")) or f"exit code {done.code}"
        raise ToolError(f"kubectl: {message}", hint="check the context and the connection")
    return done.out.decode("utf-8", "replace")


def _said(text: str) -> str:
    """Return the message of kubectl to its user on one line, without the log of its libraries."""
    lines = [line for line in map(str.strip, text.splitlines()) if line]
    said = [line for line in lines if not _LOGGED.match(line)]
    logged = [line[found.end() :] for line in lines if (found := _LOGGED.match(line))]
    return " ".join(" ".join(said or logged[-1:]).split())


def cluster(context: str | None) -> tuple[str, Callable[..., str]]:
    """Return the name of a cluster, for people, and the function `ask` bound to this cluster.

    Args:
        context: the context in the kubeconfig; None for the current one.
    """
    if not context:
        return "the current cluster", ask
    return f"cluster {context}", partial(ask, "--context", context)


def saved(path: Path, of: str) -> str:
    """Return the text of a file to which the output of kubectl was written.

    Args:
        path: the path of the file.
        of: what the file holds, for messages: `the state of a cluster`.

    Raises:
        UsageError: there is no such file, it is too large, or it is not text.
    """
    try:
        if path.stat().st_size > LIMIT:
            raise UsageError(f"{path} is too large for {of}")
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise UsageError(f"the cluster state cannot be read: {why}", where=str(path)) from None
