"""The real flux CLI for tests: `python -m tests.e2e.flux_cli [RELEASE …]` builds it into `.tools`.

Go's module proxy serves the source of the CLI, but not the manifests that Flux's own build
downloads from the releases of its controllers and puts into the binary. In their place go those of
the fixtures, so what is tried is how the CLI makes a manifest from them: its templates, and the
kustomize in it. The module is held to its hash; what it needs, to its own `go.sum`.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from fixtures.installs import gotk
from tests.e2e.flux_migrate_cli import REQUIRE
from tests.missing import missing
from tests.tools import DEFAULT_DEST

MODULE = "github.com/fluxcd/flux2/v2"
SUMS = {
    "2.4.0": "h1:yRahHsgHmeD15CUwEHhMDjpjZZmKCa9YlpolVwucHXQ=",
    "2.5.1": "h1:LHxgZvKY37ha/7sJSZOO/jrvWLiAQ8JSPAsXth3yT1g=",
    "2.7.5": "h1:pO1izlrIuCa+domvk0guJ0gaWoBbrNeKZ829jiRS4lA=",
}
"""Release to the hash of its module, as `go mod download -json` prints it.

Two that follow each other, and one behind Flux 2.7, which changed what the CLI writes.
"""

_QUICK = "all=-dwarf=false -l"
"""What the compiler leaves out: no debugger and no inlining, for two thirds of the time."""


def path(release: str, dest: Path = DEFAULT_DEST) -> Path:
    """Return where the CLI is once it is built: what it is built from is in the name."""
    made_of = json.dumps([SUMS[release], gotk.bases(release)])
    return dest / f"flux-{release}" / hashlib.sha256(made_of.encode()).hexdigest()[:16]


def build(release: str, dest: Path = DEFAULT_DEST) -> bool:
    """Build the CLI of a release; False when it is already there.

    Raises:
        SystemExit: Go cannot get or build it.
    """
    target = path(release, dest)
    if target.exists():
        return False
    source = _source(release)
    shutil.rmtree(target.parent, ignore_errors=True)
    target.parent.mkdir(parents=True)
    partial = target.with_suffix(".partial")
    with tempfile.TemporaryDirectory(prefix="flux2-") as temporary:
        tree = Path(temporary, "flux2")
        # Modules are read-only in Go's cache, and so would be their copies.
        shutil.copytree(source, tree, copy_function=shutil.copyfile)
        for folder in (tree, *(one for one in tree.rglob("*") if one.is_dir())):
            folder.chmod(0o755)
        manifests = tree / "cmd/flux/manifests"
        manifests.mkdir()
        for name, text in gotk.bases(release).items():
            (manifests / name).write_text(text, "utf-8")
        command = ["go", "build", "-mod=readonly", "-trimpath", f"-gcflags={_QUICK}"]
        command += [f"-ldflags=-s -w -X main.VERSION={release}", "-o", str(partial), "./cmd/flux"]
        environment = {**os.environ, "CGO_ENABLED": "0"}  # needs no compiler for C
        if subprocess.run(command, cwd=tree, env=environment, check=False).returncode:
            raise SystemExit(f"cannot build the flux CLI {release}")
    partial.rename(target)
    return True


def _source(release: str) -> Path:
    """Download the module, and return where Go keeps it."""
    command = ["go", "mod", "download", "-json", f"{MODULE}@v{release}"]
    done = subprocess.run(command, cwd="/", capture_output=True, text=True, check=False)
    told = json.loads(done.stdout or "{}")
    if done.returncode or "Dir" not in told:
        raise SystemExit(f"cannot download {MODULE} v{release}: {told.get('Error', done.stderr)}")
    if told["Sum"] != SUMS[release]:
        raise SystemExit(f"{MODULE} v{release} is not the module that is expected: {told['Sum']}")
    return Path(told["Dir"])


def need(release: str) -> Path:
    """Return the CLI of a release, or skip the test, or fail it."""
    program = path(release)
    reason = f"no flux CLI {release}: run `make e2e`, which needs Go"
    return program if program.exists() else missing(reason, REQUIRE)


def main(arguments: list[str]) -> int:
    """Build the CLIs given, or all."""
    for release in arguments or list(SUMS):
        if release not in SUMS:
            sys.stderr.write(f"no flux CLI {release}: say one of {', '.join(SUMS)}\n")
            return 2
        if not path(release).exists() and shutil.which("go") is None:
            sys.stdout.write("no flux CLI: go is not installed\n")
            return 1 if os.environ.get(REQUIRE) == "1" else 0
        done = "built" if build(release) else "already there"
        sys.stdout.write(f"flux CLI {release}: {path(release)} ({done})\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
