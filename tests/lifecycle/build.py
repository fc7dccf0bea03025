"""A real Gitea for tests: `python -m tests.lifecycle.build` builds it into `.tools`.

It is built from its module as that is published. The module is held to its hash here, and all
others to the `go.sum` in it. What its front end is built to is not in the module: its API, and git
over HTTP, work without. Go's module proxy, which the environment may replace, and a compiler for C
are all that is needed.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from tests.missing import missing
from tests.tools import DEFAULT_DEST

VERSION = "1.26.0"
HASH = "h1:fJP9dqLbzKrKWUVnCVTfVersZdVDuyJQLEDzCAOmKKA="
"""Of the module, as a `go.sum` has it."""

REQUIRE = "FLUXBUMP_REQUIRE_FORGE"
"""Set to 1, a Gitea that cannot be built, and tests that have none, fail."""

_MODULE = "code.gitea.io/gitea"
_TAGS = "bindata sqlite sqlite_unlock_notify"
_PACKED = ("migration", "options", "public", "templates")
"""What has its files packed into the program, below `modules`."""
_QUICK = "all=-dwarf=false -l"
"""What the compiler leaves out: no debugger and no inlining, for two thirds of the time."""


def path(dest: Path = DEFAULT_DEST) -> Path:
    """Return where the program is once it is built."""
    return dest / f"gitea-{VERSION}" / "gitea"


def need() -> Path:
    """Return the program, or skip the test, or fail it."""
    program = path()
    reason = "no Gitea: run `make e2e-forge`, which needs Go and a compiler for C"
    return program if program.exists() else missing(reason, REQUIRE)


def build(dest: Path = DEFAULT_DEST) -> bool:
    """Build it; False when it is already there.

    Raises:
        SystemExit: Go cannot build it, or its module is not the one that is pinned.
    """
    program = path(dest)
    if program.exists():
        return False
    partial = program.parent.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    source = _source(partial / "source")
    for name in _PACKED:
        place = source / "modules" / name
        files = [file.name for file in place.glob("*_bindata.go")]
        _go(place, "generate", "-tags", _TAGS, *files)
    linked = f"-s -w -X main.Version={VERSION}"
    options = ["-mod=readonly", "-trimpath", f"-gcflags={_QUICK}", f"-ldflags={linked}"]
    _go(source, "build", *options, "-tags", _TAGS, "-o", str(partial / "gitea"), ".")
    shutil.rmtree(source)
    partial.rename(program.parent)
    return True


def _source(target: Path) -> Path:
    """Copy the module, whose own place is read-only."""
    done = _go(Path.cwd(), "mod", "download", "-json", f"{_MODULE}@v{VERSION}", capture=True)
    found = json.loads(done)
    if found["Sum"] != HASH:
        raise SystemExit(f"{_MODULE} v{VERSION} is {found['Sum']}, not {HASH}")
    shutil.copytree(found["Dir"], target)
    for place in _folders(target):
        place.chmod(0o755)
    return target


def _folders(top: Path) -> Iterable[Path]:
    return [top, *(found for found in top.rglob("*") if found.is_dir())]


def _go(place: Path, *arguments: str, capture: bool = False) -> str:
    done = subprocess.run(
        ["go", *arguments],
        cwd=place,
        env={**os.environ, "CGO_ENABLED": "1"},  # the driver of SQLite is in C
        stdout=subprocess.PIPE if capture else None,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"Go cannot build Gitea {VERSION}")
    return done.stdout or ""


def main() -> int:
    """Build it, where a compiler is installed."""
    lacking = [tool for tool in ("go", "gcc") if shutil.which(tool) is None]
    if not path().exists() and lacking:
        sys.stdout.write(f"no Gitea for tests: {' and '.join(lacking)} not installed\n")
        return 1 if os.environ.get(REQUIRE) == "1" else 0
    done = "built" if build() else "already there"
    sys.stdout.write(f"Gitea {VERSION}: {path()} ({done})\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
