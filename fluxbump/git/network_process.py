"""Runs git where it meets other machines: nobody is asked, nothing is traced, time is bounded.

`local_process` runs git on what lies on this disk.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from fluxbump.errors import ToolError
from fluxbump.system import commands
from fluxbump.system.programs import Allowance, EndedBy, Program, StartError

_LARGEST = 64 << 20
"""Bytes of output that are read; a hundred thousand branches are a tenth of that."""
_LONGEST = 1 << 16
"""Bytes of error messages that are read: the last ones, which say why it ended."""
_GRACE = 5.0
"""Seconds that git has to remove its temporary files."""

# What says which repository or configuration is meant (git rev-parse --local-env-vars), when we
# run in a hook; GIT_CONFIG_COUNT and its pairs stay, because a user's settings can be there.
_LOCAL = frozenset({
    "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_CONFIG", "GIT_CONFIG_PARAMETERS",
    "GIT_OBJECT_DIRECTORY", "GIT_DIR", "GIT_WORK_TREE", "GIT_IMPLICIT_WORK_TREE",
    "GIT_GRAFT_FILE", "GIT_INDEX_FILE", "GIT_NO_REPLACE_OBJECTS", "GIT_REPLACE_REF_BASE",
    "GIT_PREFIX", "GIT_SHALLOW_FILE", "GIT_COMMON_DIR", "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_NAMESPACE", "GIT_QUARANTINE_PATH",
})  # fmt: skip


class Done(Struct, frozen=True):
    """What a run of git left.

    Attributes:
        code: its exit code; negative when a signal ended it; None when it took too long.
        out: what it printed.
        err: what it said, in English; may hold what a server said.
    """

    code: int | None
    out: bytes
    err: str


def run(
    arguments: Sequence[str],
    environ: Mapping[str, str],
    *,
    timeout: float,
    cwd: Path | None = None,
    stdin: bytes = b"",
) -> Done:
    """Run git with exactly this environment.

    It runs in a session of its own: without a terminal there is nobody to ask, and its helpers end
    with it.

    Args:
        arguments: what follows `git`; everybody on this machine can read them.
        environ: the whole environment; see `quiet`.
        timeout: seconds that it may take.
        cwd: where it runs.
        stdin: what it reads.

    Raises:
        ToolError: git is not installed, or prints more than a repository can have.
    """
    program = Program(
        ["git", *arguments], {**environ, "LC_ALL": "C", "LANGUAGE": "C"}, cwd, daemons=True
    )
    # Asked politely first: git then removes its locks and half-written packs.
    allowance = Allowance(seconds=timeout, out=_LARGEST, err=_LONGEST, grace=_GRACE)
    try:
        done = commands.run(program, allowance, stdin=stdin)
    except StartError as error:
        if error.nowhere:
            raise ToolError(f"no such directory: {cwd}") from None
        if error.missing:
            raise ToolError("git is not installed", hint="install git 2.31 or later") from None
        raise ToolError(f"git cannot be run: {error}") from None
    if done.ended is EndedBy.OUTPUT:
        raise ToolError(f"git printed more than {_LARGEST >> 20} MiB")
    code = None if done.ended is EndedBy.SECONDS else done.code
    return Done(code, done.out, done.err.decode("utf-8", "replace"))


def quiet(environ: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which git asks nobody, traces nothing, and means no repository yet.

    A trace shows what goes over the wire and between git and its helpers (git(1), `GIT_TRACE*`
    and `GIT_CURL_VERBOSE`, whose mere presence counts). Our own variables, of which one is a
    token, are no business of git's.
    """
    kept = {
        name: value
        for name, value in environ.items()
        if name not in _LOCAL and not name.startswith(("GIT_TRACE", "GIT_CURL_VERBOSE", "FLUXBUMP"))
    }
    return {
        **kept,
        "GIT_TRACE_REDACT": "1",  # should a trace be configured in a file
        "GIT_TERMINAL_PROMPT": "0",
        # Set and empty, it keeps git from core.askPass and SSH_ASKPASS too (git's prompt.c).
        "GIT_ASKPASS": "",
        "SSH_ASKPASS_REQUIRE": "never",  # ssh(1)
        # https://github.com/git-ecosystem/git-credential-manager, docs/environment.md
        "GCM_INTERACTIVE": "never",
    }


def configured(environ: Mapping[str, str], settings: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Return an environment that adds settings after those that it has (git-config(1)).

    They win over every file, and are in no file and no argument.
    """
    count = environ.get("GIT_CONFIG_COUNT", "")
    first = int(count) if count.isascii() and count.isdigit() else 0
    added = {"GIT_CONFIG_COUNT": str(first + len(settings))}
    for number, (key, value) in enumerate(settings, start=first):
        added[f"GIT_CONFIG_KEY_{number}"] = key
        added[f"GIT_CONFIG_VALUE_{number}"] = value
    return {**environ, **added}
