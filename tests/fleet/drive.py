"""`fluxbump` whose repositories are given to the stand-in: `python drive.py fleet …`."""

from __future__ import annotations

import sys
from pathlib import Path

from fluxbump.cli.app import run
from fluxbump.fleet import run_repositories

STAND_IN = (sys.executable, str(Path(__file__).with_name("stand_in.py")))

if __name__ == "__main__":
    run_repositories.PROGRAM = STAND_IN
    sys.exit(run(sys.argv[1:]))
