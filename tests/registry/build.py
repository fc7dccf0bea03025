"""A real registry for tests: `python -m tests.registry.build` builds it into `.tools`.

It is one small program in `server/` over the distribution project's own packages, which keeps what
it is given in memory. Go's module proxy, which the environment may replace, is all that is needed.
Compiling takes half a minute of processor time, once.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from tests.go_program import GoProgram
from tests.missing import missing
from tests.tools import DEFAULT_DEST

PROGRAM = GoProgram("registry", Path(__file__).parent / "server")
REQUIRE = "FLUXBUMP_REQUIRE_REGISTRY"
"""Set to 1, tests that need a registry and have none fail instead of being skipped."""


def need() -> Path:
    """Return the program, or skip the test, or fail it."""
    program = PROGRAM.path(DEFAULT_DEST)
    reason = "no registry: run `make tools`, which needs Go for it"
    return program if program.exists() else missing(reason, REQUIRE)


def main() -> int:
    """Build it, where Go is installed."""
    target = PROGRAM.path(DEFAULT_DEST)
    if not target.exists() and shutil.which("go") is None:
        sys.stdout.write("no registry for tests: go is not installed\n")
        return 1 if os.environ.get(REQUIRE) == "1" else 0
    done = "built" if PROGRAM.build(DEFAULT_DEST) else "already there"
    sys.stdout.write(f"registry: {target} ({done})\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
