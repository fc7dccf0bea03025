"""Show a long text page by page, as git does: with `$PAGER`, or `less -FRX`.

The only program that gets the terminal. It is the user's own choice, and the text is on its
standard input, so nothing in a repository decides what is run.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress

PAGER = ("FLUXBUMP_PAGER", "PAGER")
"""Variables that name a pager, the first one first; empty or `cat` for none."""

_DEFAULT = "less"
_LESS = "FRX"  # git-config(1), core.pager: one screen is not paged, colors, no clearing at the end
_LV = "-c"


def command(environ: Mapping[str, str]) -> list[str]:
    """Return the command of the user's pager; empty for no pager. Pure."""
    named = next((environ[name] for name in PAGER if name in environ), _DEFAULT)
    try:
        words = shlex.split(named)
    except ValueError:
        return []
    return [] if words == ["cat"] else words


def show(text: str) -> bool:
    """Show a text in the pager, and wait until the user leaves it.

    Returns:
        False if there is no pager, or it cannot be started: nothing has been shown.
    """
    words = command(os.environ)
    if not words:
        return False
    environ = {"LESS": _LESS, "LV": _LV, **os.environ}
    try:
        pager = subprocess.Popen(words, stdin=subprocess.PIPE, env=environ)  # noqa: S603  # the user's
    except OSError:
        return False
    # Ctrl-C is for the pager: in less it ends a search, and does not end what called it.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with suppress(BrokenPipeError):  # the user has seen enough
            pager.communicate(text.encode("utf-8", "replace"))
        pager.wait()
    finally:
        signal.signal(signal.SIGINT, before)
    return True
