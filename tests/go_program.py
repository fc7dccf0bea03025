"""Programs for tests that Go builds into `.tools`, from modules held to the hashes in `go.sum`."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

_QUICK = "all=-dwarf=false -l"
"""What the compiler leaves out: no debugger and no inlining, for two thirds of the time."""


@dataclass(frozen=True)
class GoProgram:
    """A program in a directory of its own.

    Attributes:
        name: of its folder in `.tools`.
        source: the directory, with one `main.go`.
        modules: the file there that pins its modules.
        linked: what the linker sets.
    """

    name: str
    source: Path
    modules: str = "go.mod"
    linked: str = ""

    def path(self, dest: Path) -> Path:
        """Return where it is once it is built: what it is built from is in the name."""
        modules = self.source / self.modules
        sources = (self.source / "main.go", modules, modules.with_suffix(".sum"))
        digest = hashlib.sha256(b"\0".join(source.read_bytes() for source in sources))
        return dest / self.name / digest.hexdigest()[:16]

    def build(self, dest: Path) -> bool:
        """Build it; False when it is already there.

        Raises:
            SystemExit: Go cannot build it.
        """
        target = self.path(dest)
        if target.exists():
            return False
        shutil.rmtree(target.parent, ignore_errors=True)
        target.parent.mkdir(parents=True)
        partial = target.with_suffix(".partial")
        command = ["go", "build", "-mod=readonly", "-trimpath", f"-modfile={self.modules}"]
        command += [f"-gcflags={_QUICK}", f"-ldflags=-s -w {self.linked}".rstrip()]
        command += ["-o", str(partial), "."]
        environment = {**os.environ, "CGO_ENABLED": "0"}  # needs no compiler for C
        if subprocess.run(command, cwd=self.source, env=environment, check=False).returncode:
            raise SystemExit(f"Go cannot build {self.name}")
        partial.rename(target)
        return True
