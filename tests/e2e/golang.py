"""Compiles Go programs for tests, once: the name of the directory says from which sources."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

_QUICK = "all=-dwarf=false -l"
"""What the compiler leaves out: no debugger and no inlining, for two thirds of the time."""


def digest(sources: Iterable[Path]) -> str:
    """Return a name for the contents of files."""
    found = hashlib.sha256(b"\0".join(source.read_bytes() for source in sources))
    return found.hexdigest()[:16]


def fresh(target: Path) -> Path:
    """Remove what was built from other sources; return the directory that will become `target`."""
    shutil.rmtree(target.parent, ignore_errors=True)
    partial = target.with_suffix(".partial")
    partial.mkdir(parents=True)
    return partial


def compile_into(
    directory: Path, source: Path, *arguments: str, variables: Mapping[str, str]
) -> bool:
    """Compile Go programs into a directory; False when Go refuses.

    Args:
        directory: of the programs.
        source: the directory of the module.
        arguments: more of `go build`, and the packages.
        variables: strings inside the programs, to be set.
    """
    linked = " ".join(["-s -w", *(f"-X {name}={value}" for name, value in variables.items())])
    command = ["go", "build", "-mod=readonly", "-trimpath", f"-gcflags={_QUICK}"]
    command += [f"-ldflags={linked}", "-o", f"{directory}{os.sep}", *arguments]
    environment = {**os.environ, "CGO_ENABLED": "0"}  # needs no compiler for C
    return subprocess.run(command, cwd=source, env=environment, check=False).returncode == 0
