"""A real API server for tests: `python -m tests.e2e.build [KUBERNETES]` builds it into `.tools`.

It is one small program in `apiserver/` over the server's own packages and an etcd in the same
process. Go's module proxy, which the environment may replace, is all that is needed; every module
is held to the hash in `go.sum`. Another version of Kubernetes is another `-modfile`.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.missing import missing
from tests.tools import DEFAULT_DEST

SOURCE = Path(__file__).parent / "apiserver"
REQUIRE = "FLUXBUMP_REQUIRE_E2E"
"""Set to 1, tests that need an API server and have none fail instead of being skipped."""

GIVEN = "FLUXBUMP_TEST_KUBECONFIG"
"""A kubeconfig of a cluster without Flux, to be used instead of a server of our own."""

CHOICE = "FLUXBUMP_TEST_KUBERNETES"
"""Which of `MODULES` the tests start; the first by default."""

MODULES = {"1.37": "go.mod", "1.32": "kubernetes-1.32.mod"}
"""Kubernetes to the file that pins its modules: words as they are since 1.33, and as before."""

_SERVER = re.compile(r"^\s*k8s\.io/apiextensions-apiserver v0\.(\d+\.\d+)$", re.MULTILINE)
_VERSION = "k8s.io/component-base/version"
_QUICK = "all=-dwarf=false -l"
"""What the compiler leaves out: no debugger and no inlining, for two thirds of the time."""


def chosen() -> str:
    """Return the Kubernetes that tests start."""
    return os.environ.get(CHOICE) or next(iter(MODULES))


def version(kubernetes: str) -> str:
    """Return the full version of a Kubernetes, `v1.32.13`, as its modules are pinned."""
    pinned = _SERVER.search((SOURCE / MODULES[kubernetes]).read_text("utf-8"))
    assert pinned is not None
    return f"v1.{pinned[1]}"


def path(kubernetes: str, dest: Path = DEFAULT_DEST) -> Path:
    """Return where the server is once it is built: what it is built from is in the name."""
    modules = SOURCE / MODULES[kubernetes]
    sources = (SOURCE / "main.go", modules, modules.with_suffix(".sum"))
    digest = hashlib.sha256(b"\0".join(source.read_bytes() for source in sources))
    return dest / f"apiserver-{kubernetes}" / digest.hexdigest()[:16]


def build(kubernetes: str, dest: Path = DEFAULT_DEST) -> bool:
    """Build the server of a Kubernetes; False when it is already there.

    Raises:
        SystemExit: Go cannot build it.
    """
    target = path(kubernetes, dest)
    if target.exists():
        return False
    shutil.rmtree(target.parent, ignore_errors=True)
    target.parent.mkdir(parents=True)
    partial = target.with_suffix(".partial")
    # Without this the server says that it is v0.0.0.
    linked = f"-s -w -X {_VERSION}.gitVersion={version(kubernetes)}"
    command = ["go", "build", "-mod=readonly", "-trimpath", f"-modfile={MODULES[kubernetes]}"]
    command += [f"-gcflags={_QUICK}", f"-ldflags={linked}", "-o", str(partial), "."]
    environment = {**os.environ, "CGO_ENABLED": "0"}  # needs no compiler for C
    if subprocess.run(command, cwd=SOURCE, env=environment, check=False).returncode:
        raise SystemExit(f"cannot build an API server of Kubernetes {kubernetes}")
    partial.rename(target)
    return True


def need() -> Path:
    """Return the server that tests start, or skip the test, or fail it."""
    kubernetes = chosen()
    if kubernetes not in MODULES:
        pytest.fail(f"{CHOICE}={kubernetes}: say one of {', '.join(MODULES)}", pytrace=False)
    program = path(kubernetes)
    reason = f"no API server of Kubernetes {kubernetes}: run `make e2e`, which needs Go"
    return program if program.exists() else missing(reason, REQUIRE)


def main(arguments: list[str]) -> int:
    """Build the servers given, or the one that tests start."""
    if not arguments and os.environ.get(GIVEN):
        sys.stdout.write(f"API server: that of {GIVEN}\n")
        return 0
    for kubernetes in arguments or [chosen()]:
        if kubernetes not in MODULES:
            sys.stderr.write(f"no API server of {kubernetes}: say one of {', '.join(MODULES)}\n")
            return 2
        if not path(kubernetes).exists() and shutil.which("go") is None:
            sys.stdout.write("no API server: go is not installed\n")
            return 1 if os.environ.get(REQUIRE) == "1" else 0
        done = "built" if build(kubernetes) else "already there"
        sys.stdout.write(f"API server {version(kubernetes)}: {path(kubernetes)} ({done})\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
