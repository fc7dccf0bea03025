"""A real API server for tests: `python -m tests.e2e.build [KUBERNETES]` builds it into `.tools`.

It is one small program in `apiserver/` over the server's own packages and an etcd in the same
process, with kubectl of the same release beside it. The command line of Flux is built from its own
module. Go's module proxy, which the environment may replace, is all that is needed; every module is
held to the hash in a `go.sum`. Another version of Kubernetes is another `-modfile`.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path

import pytest

from tests.e2e import flux_migrate_cli, golang
from tests.missing import missing
from tests.tools import DEFAULT_DEST

SOURCE = Path(__file__).parent / "apiserver"
GIVEN = "FLUXBUMP_TEST_KUBECONFIG"
"""A kubeconfig of a cluster without Flux, to be used instead of a server of our own."""

CHOICE = "FLUXBUMP_TEST_KUBERNETES"
"""Which of `MODULES` the tests start; the first by default."""

MODULES = {"1.37": "go.mod", "1.32": "kubernetes-1.32.mod"}
"""Kubernetes to the file that pins its modules: words as they are since 1.33, and as before."""

_SERVER = re.compile(r"^\s*k8s\.io/kubernetes v(1\.\d+\.\d+)$", re.MULTILINE)
_VERSION = "k8s.io/component-base/version"


def chosen() -> str:
    """Return the Kubernetes that tests start."""
    return os.environ.get(CHOICE) or next(iter(MODULES))


def version(kubernetes: str) -> str:
    """Return the full version of a Kubernetes, `v1.32.13`, as its modules are pinned."""
    pinned = _SERVER.search((SOURCE / MODULES[kubernetes]).read_text("utf-8"))
    assert pinned is not None
    return f"v{pinned[1]}"


def path(kubernetes: str, dest: Path = DEFAULT_DEST) -> Path:
    """Return the directory of the programs once they are built: their sources are in its name."""
    modules = SOURCE / MODULES[kubernetes]
    sources = (
        *(SOURCE / name for name in ("main.go", "kubectl/main.go")),
        modules,
        modules.with_suffix(".sum"),
    )
    return dest / f"apiserver-{kubernetes}" / golang.digest(sources)


def build(kubernetes: str, dest: Path = DEFAULT_DEST) -> bool:
    """Build the server and the kubectl of a Kubernetes; False when they are already there.

    Raises:
        SystemExit: Go cannot build them.
    """
    target = path(kubernetes, dest)
    if target.exists():
        return False
    partial = golang.fresh(target)
    # Without this the programs say that they are v0.0.0.
    variables = {f"{_VERSION}.gitVersion": version(kubernetes)}
    modules = f"-modfile={MODULES[kubernetes]}"
    if not golang.compile_into(partial, SOURCE, modules, ".", "./kubectl", variables=variables):
        raise SystemExit(f"cannot build an API server of Kubernetes {kubernetes}")
    partial.rename(target)
    return True


def need() -> Path:
    """Return the server that tests start, or skip the test, or fail it; kubectl is beside it."""
    kubernetes = chosen()
    if kubernetes not in MODULES:
        pytest.fail(f"{CHOICE}={kubernetes}: say one of {', '.join(MODULES)}", pytrace=False)
    program = path(kubernetes) / "apiserver"
    reason = f"no API server of Kubernetes {kubernetes}: run `make e2e`, which needs Go"
    return program if program.exists() else missing(reason, flux_migrate_cli.REQUIRE)


def main(arguments: list[str]) -> int:
    """Build the servers given, or the one that tests start."""
    if not arguments and os.environ.get(GIVEN):
        sys.stdout.write(f"API server: that of {GIVEN}\n")
        return 0
    wanted = arguments or [chosen()]
    for kubernetes in wanted:
        if kubernetes not in MODULES:
            sys.stderr.write(f"no API server of {kubernetes}: say one of {', '.join(MODULES)}\n")
            return 2
    there = all(found.exists() for found in (*map(path, wanted), flux_migrate_cli.path()))
    if not there and shutil.which("go") is None:
        sys.stdout.write("no API server: go is not installed\n")
        return 1 if os.environ.get(flux_migrate_cli.REQUIRE) == "1" else 0
    for kubernetes in wanted:
        done = "built" if build(kubernetes) else "already there"
        sys.stdout.write(f"API server {version(kubernetes)}: {path(kubernetes)} ({done})\n")
    done = "built" if flux_migrate_cli.build() else "already there"
    sys.stdout.write(f"flux {flux_migrate_cli.version()}: {flux_migrate_cli.path()} ({done})\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
