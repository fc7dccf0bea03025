"""Run a credential helper without prompts, and with limits of time and output."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from fluxbump.system import commands
from fluxbump.system.programs import Allowance, EndedBy, Program, StartError
from fluxbump.system.secret import Secret

SECONDS = 30.0
"""Seconds that a helper may take; one that opens a keychain takes less than one."""

_LARGEST = 1 << 16
"""Bytes that a helper may print; a login has some hundred."""


class HelperAnswer(Struct, frozen=True):
    """The result of a credential helper.

    Attributes:
        code: the helper's exit code.
        out: the helper's output, which can have a password.
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
    """Run a helper in a session of its own, without a terminal for prompts.

    Args:
        command: the program and its arguments, which all users of this machine can read.
        stdin: the helper's standard input.
        environ: the helper's environment. The variables of fluxbump are left out, because one of
            them is a token.
        seconds: seconds that the helper may take.

    Raises:
        ValueError: the helper cannot be run, takes too long or prints too much; the message says
            which.
    """
    kept = {name: text for name, text in environ.items() if not name.startswith("FLUXBUMP")}
    allowance = Allowance(seconds=seconds, out=_LARGEST)
    try:
        done = commands.run(Program(command, kept), allowance, stdin=stdin)
    except StartError as error:
        raise ValueError(f"{command[0]} cannot be run: {error}") from None
    if done.ended is EndedBy.OUTPUT:
        raise ValueError(f"{command[0]} printed more than {_LARGEST >> 10} KiB")
    if done.ended is EndedBy.SECONDS:
        raise ValueError(f"{command[0]} gives no answer in {seconds:g} s")
    return HelperAnswer(done.code, Secret(done.out.decode("utf-8", "surrogateescape")))
