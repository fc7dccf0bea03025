"""Runs programs on a real terminal of a given size, and measures what it shows."""

from __future__ import annotations

import fcntl
import os
import re
import struct
import subprocess
import termios
import threading
import unicodedata
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

STYLE = re.compile(r"\x1b\[[0-9;]*m")


def shown(
    command: Sequence[str], cwd: Path, environ: Mapping[str, str], columns: int, rows: int = 24
) -> str:
    """Run a program with a terminal for standard output and error; return what it writes there."""
    reader, terminal = os.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    written = bytearray()

    def read() -> None:
        with suppress(OSError):  # the terminal is gone
            while piece := os.read(reader, 65536):
                written.extend(piece)

    reading = threading.Thread(target=read)
    reading.start()
    try:
        subprocess.run(
            command, cwd=cwd, check=False, timeout=120, env=environ,
            stdin=subprocess.DEVNULL, stdout=terminal, stderr=terminal,
        )  # fmt: skip
    finally:
        os.close(terminal)
        reading.join(60)
        os.close(reader)
    return written.decode().replace("\r\n", "\n")


def width(line: str) -> int:
    """Count the columns of a line: East Asian characters take two, combining marks none."""
    plain = STYLE.sub("", line)
    drawn = [one for one in plain if not unicodedata.combining(one)]
    return len(drawn) + sum(unicodedata.east_asian_width(one) in "WF" for one in drawn)
