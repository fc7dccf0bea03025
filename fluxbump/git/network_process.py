"""Run git that connects to other machines: without prompts and traces, and with a time limit.

`local_process` runs git on a repository on this disk.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from fluxbump.errors import ToolError
from fluxbump.system import commands
from fluxbump.system.programs import Allowance, EndedBy, Program, StartError

_LARGEST = 64 << 20
"""The largest output in bytes; a hundred thousand branches take a tenth of it."""
_LONGEST = 1 << 16
"""Bytes of error messages that are kept: the last ones, which say why git ended."""
_GRACE = 5.0
"""Seconds that git has to remove its temporary files after SIGTERM."""

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
    """The result of a run of git.

    Attributes:
        code: the exit code, negative if a signal ended git; None if git took too long.
        out: the standard output.
        err: the error messages in English, which can include messages of the server.
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

    Git runs in a session of its own. It has no terminal for prompts, and its helpers end with it.

    Args:
        arguments: the arguments after `git`; all users of this machine can read them.
        environ: the whole environment, which `quiet` makes.
        timeout: seconds that git may take.
        cwd: the directory to run in; None for the current one.
        stdin: the standard input of git.

    Raises:
        ToolError: git cannot be run, or prints more than the limit.
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
    """Return an environment for git without prompts, traces, and variables that name a repository.

    A trace shows what goes over the wire and between git and its helpers (git(1), `GIT_TRACE*`
    and `GIT_CURL_VERBOSE`, whose mere presence counts). The variables of fluxbump are left out too,
    because one of them is a token.
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
    """Return an environment with further settings for git, after those that it has (git-config(1)).

    These settings override all configuration files, and appear in no file and no argument.
    """
    count = environ.get("GIT_CONFIG_COUNT", "")
    first = int(count) if count.isascii() and count.isdigit() else 0
    added = {"GIT_CONFIG_COUNT": str(first + len(settings))}
    for number, (key, value) in enumerate(settings, start=first):
        added[f"GIT_CONFIG_KEY_{number}"] = key
        added[f"GIT_CONFIG_VALUE_{number}"] = value
    return {**environ, **added}
