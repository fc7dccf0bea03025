"""Runs a credential helper: nobody is asked, and time and output are bounded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from fluxbump.system import commands
from fluxbump.system.programs import Allowance, EndedBy, Program, StartError
from fluxbump.system.secret import Secret

SECONDS = 30.0
"""That a helper may take; one that opens a keychain takes less than one."""

_LARGEST = 1 << 16
"""Bytes that it may print; a login is some hundred."""


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

    Args:
        command: program and arguments, which everybody on this machine can read.
        stdin: what it reads.
        environ: its environment; our own variables, of which one is a token, are left out.
        seconds: that it may take.

    Raises:
        ValueError: it cannot be run, takes too long or prints too much; says which.
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
