"""The command line of Flux, built from its own module, for what documents say to run.

A module has no manifests of the controllers, which `flux install` would write; nothing here runs
that, so an empty one takes their place.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.e2e import golang
from tests.missing import missing
from tests.tools import DEFAULT_DEST

SOURCE = Path(__file__).parent / "flux"
REQUIRE = "FLUXBUMP_REQUIRE_E2E"
"""Set to 1, tests that need a program of this directory and have none fail, not skip."""

_MODULE = "github.com/fluxcd/flux2/v2"


def version() -> str:
    """Return the version that is pinned, `2.9.5`."""
    pinned = re.search(rf"{re.escape(_MODULE)} v(\S+)", (SOURCE / "go.mod").read_text("utf-8"))
    assert pinned is not None
    return pinned[1]


def path(dest: Path = DEFAULT_DEST) -> Path:
    """Return where the program is once it is built."""
    sources = (SOURCE / "go.mod", SOURCE / "go.sum")
    return dest / "flux" / golang.digest(sources) / "flux"


def build(dest: Path = DEFAULT_DEST) -> bool:
    """Build the program; False when it is already there.

    Raises:
        SystemExit: Go cannot build it.
    """
    target = path(dest)
    if target.exists():
        return False
    partial = golang.fresh(target.parent)
    with tempfile.TemporaryDirectory(prefix="fluxbump-") as directory:
        # Go's own copy of a module is not to be written to.
        source = Path(directory) / "flux"
        shutil.copytree(_downloaded(), source, copy_function=shutil.copyfile)
        for folder in (source, *filter(Path.is_dir, source.rglob("*"))):
            folder.chmod(0o755)
        manifests = source / "cmd/flux/manifests"
        manifests.mkdir()
        (manifests / "none.yaml").write_text("# none\n")
        variables = {"main.VERSION": version()}
        if not golang.compile_into(partial, source, "./cmd/flux", variables=variables):
            raise SystemExit("cannot build the command line of Flux")
    partial.rename(target.parent)
    return True


def _downloaded() -> Path:
    """Return the module as Go has it, held to the hash in `go.sum`."""
    command = ["go", "mod", "download", "-json", _MODULE]
    done = subprocess.run(command, cwd=SOURCE, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"cannot download {_MODULE}: {done.stderr or done.stdout}")
    return Path(json.loads(done.stdout)["Dir"])


def need() -> Path:
    """Return the program, or skip the test, or fail it."""
    program = path()
    reason = "no command line of Flux: run `make e2e`, which needs Go"
    return program if program.exists() else missing(reason, REQUIRE)
