"""What the tests share: the console script, git, small repositories and snapshots."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from semver import Version

from fixtures import facts, generate, gitrepo
from fixtures.installs import gotk
from fluxbump.discover.inventory import discover
from fluxbump.discover.scope import Scope
from fluxbump.errors import PinError
from fluxbump.git.overlay_snapshot import MemorySnapshot
from fluxbump.helm import lock
from fluxbump.helm.chart_releases import ChartIndex, ChartRelease
from fluxbump.model import Inventory, Pin

ROOT = Path(__file__).resolve().parent.parent
EDGE = ROOT / "fixtures" / "edge"
REAL_INDEX = ROOT.parent / "shared" / "data" / "fluxcd-community-index.yaml"
"""The community's index as published; not part of the project."""

SCRIPT = Path(sys.executable).with_name("fluxbump")
COMMUNITY = "https://fluxcd-community.github.io/helm-charts"
ARCHIVE = (
    "https://github.com/fluxcd-community/helm-charts/releases/download/flux2-{0}/flux2-{0}.tgz"
)
URL = "https://github.com/fluxcd/flux2/releases/download/v{}/install.yaml"


# --- processes --------------------------------------------------------------------------------


def environment(home: Path) -> dict[str, str]:
    """Return a process's whole environment: nothing of the developer's leaks in."""
    return {
        "PATH": f"{SCRIPT.parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / "cache"),
        "FLUXBUMP_RELEASES": str(home / "releases"),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
        "TZ": "UTC",
        "LC_ALL": "C.UTF-8",
    }


@dataclass(frozen=True)
class Result:
    """What a run printed, and its exit code."""

    code: int
    stdout: bytes
    err: str

    @property
    def out(self) -> str:
        return self.stdout.decode()

    @property
    def json(self) -> Any:
        assert self.code in (0, 1, 7), self.err
        return json.loads(self.stdout)


Cli = Callable[..., Result]
"""Runs the command line in this process: `cli(*arguments, cwd=…)`."""


def assert_refused(result: Result, code: int, *fragments: str) -> None:
    """Check the border: nothing on standard output, one error on standard error, the code."""
    assert (result.code, result.out) == (code, ""), result.err
    assert_one_error(result.err)
    assert "Traceback" not in result.err
    for fragment in fragments:
        assert fragment in result.err


def assert_one_error(err: str) -> None:
    """Check the layout of an error: the problem, then facts and what to type next."""
    first, *rest = err.splitlines()
    assert first.startswith("error: ")
    assert [line for line in rest if not line.startswith(("  ", "next: "))] == []


@dataclass(frozen=True)
class Repo:
    """A git repository on disk, and the index that its runs use."""

    path: Path
    home: Path
    index: Path
    extra: Mapping[str, str] = field(default_factory=dict)

    def git(self, *arguments: str, cwd: Path | None = None, stdin: bytes = b"") -> str:
        """Run git; it never refreshes the index on the side."""
        return self.git_bytes(*arguments, cwd=cwd, stdin=stdin).decode("utf-8", "surrogateescape")

    def git_bytes(self, *arguments: str, cwd: Path | None = None, stdin: bytes = b"") -> bytes:
        done = subprocess.run(
            ["git", *arguments],
            cwd=cwd or self.path,
            env={**environment(self.home), "GIT_OPTIONAL_LOCKS": "0", **self.extra},
            input=stdin,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    def command(self, *arguments: str) -> list[str]:
        return [str(SCRIPT), *arguments]

    def environment(self, **more: str) -> dict[str, str]:
        return {
            **environment(self.home), "FLUXBUMP_INDEX": str(self.index), **self.extra, **more
        }  # fmt: skip

    def fluxbump(self, *arguments: str, cwd: Path | None = None, **more: str) -> Result:
        """Run the console script."""
        done = subprocess.run(
            self.command(*arguments),
            cwd=cwd or self.path,
            env=self.environment(**more),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        return Result(done.returncode, done.stdout, done.stderr.decode())

    def write(self, path: str, text: str | bytes) -> None:
        target = self.path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text if isinstance(text, bytes) else text.encode())

    def commit(self, files: Mapping[str, str | bytes], message: str = "change") -> str:
        """Write files into the working tree and commit them; return the commit."""
        for path, text in files.items():
            self.write(path, text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)
        return self.tip("HEAD")

    def tip(self, revision: str) -> str:
        return self.git("rev-parse", "--verify", revision).strip()

    def tree(self, revision: str) -> str:
        return self.tip(f"{revision}^{{tree}}")

    def show(self, revision: str, path: str) -> str:
        return self.git("show", f"{revision}:{path}")

    def branches(self) -> list[str]:
        return self.git("for-each-ref", "--format=%(refname:short)", "refs/heads").split()

    def changed(self, revision: str, base: str = "main") -> dict[str, tuple[int, int]]:
        """Map the paths that differ from `base` to added and deleted lines."""
        lines = self.git("diff", "--numstat", "-z", base, revision).split("\0")
        rows = [line.split("\t") for line in lines if line]
        return {path: (int(added), int(deleted)) for added, deleted, path in rows}

    @property
    def git_dir(self) -> Path:
        return Path(self.git("rev-parse", "--absolute-git-dir").strip())

    def state(self) -> dict[str, object]:
        """Return all that a bump must not touch."""
        git_dir = self.git_dir
        index = git_dir / "index"
        return {
            "HEAD": (git_dir / "HEAD").read_bytes(),
            "index": index.read_bytes() if index.exists() else None,
            "branch": self.tip("HEAD"),
            "status": self.git("status", "--porcelain=v2", "--branch", "--untracked-files=all"),
            "files": contents(self.path, skip=".git"),
            "worktrees": self.git("worktree", "list", "--porcelain"),
        }


def wait_for(happened: Callable[[], bool]) -> None:
    """Wait for what another process does; there is nothing to be woken by."""
    end = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.01)


def contents(directory: Path, skip: str | None = None) -> dict[str, bytes]:
    """Map every file below a directory to its bytes."""
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file() and path.relative_to(directory).parts[0] != skip
    }


BOOTSTRAPPED, RELEASES = "gotk", "releases"
"""A repository of `flux bootstrap`, and the directory with the manifests of its releases."""


def make_templates(root: Path) -> Path:
    """Make the repositories that tests copy, and return `root`."""
    generate.repository(root / "aligned", "aligned")
    generate.repository(root / "incident", "incident")
    clusters = {"production": gotk.Options(), "staging": gotk.Options(log_level="debug")}
    texts = {name: gotk.components("2.4.0", told) for name, told in clusters.items()}
    gotk.repository(root / BOOTSTRAPPED, texts)
    gotk.releases(root / RELEASES, ["2.4.0", "2.5.1"])
    return root


def copy(template: Path, dest: Path, index: Path) -> Repo:
    """Copy a repository; its index file, which knows inodes, is brought up to date."""
    repo = Repo(shutil.copytree(template, dest, symlinks=True), dest.parent, index)
    repo.git("update-index", "-q", "--refresh")
    return repo


def repository(dest: Path, files: Mapping[str, str | bytes], index: Path) -> Repo:
    """Make a repository with one commit on `main` that holds `files`."""
    pairs = [(p, text if isinstance(text, bytes) else text.encode()) for p, text in files.items()]
    return Repo(gitrepo.create(dest, pairs, message="first\n"), dest.parent, index)


# --- texts ------------------------------------------------------------------------------------


def wrapper(version: str = '"2.14.1"', *, own: str = "1.1.2", name: str = "bp-flux") -> str:
    return (
        f"apiVersion: v2\nname: {name}\nversion: {own}\ndependencies:\n"
        f"  - name: flux2\n    version: {version}\n    repository: {COMMUNITY}\n"
    )


def values(version: str = "2.14.1") -> str:
    return f'upstream: {{ chart: flux2, version: "{version}" }}\n'


def umbrella(version: str = "1.1.2", *, own: str = "3.0.7", name: str = "bp-bundle") -> str:
    return (
        f"apiVersion: v2\nname: {name}\nversion: {own}\ndependencies:\n"
        f"  - name: bp-flux\n    version: {version}\n    repository: oci://registry.example.org/b\n"
    )


def release(version: str = "1.1.2", *, chart: str = "bp-flux", name: str = "flux") -> str:
    return (
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\n"
        f"metadata:\n  name: {name}\nspec:\n  chart:\n    spec:\n"
        f"      chart: {chart}\n      version: {version}\n"
    )


def script(version: str = "2.4.0") -> str:
    return f"#!/bin/sh\nkubectl apply -f {URL.format(version)}\n"


def small(**others: str) -> dict[str, str]:
    """Return the smallest repository with one pin of most kinds, and other files.

    Keys are names such as `release`, which is `clusters/a/flux.yaml`, or paths.
    """
    named = {
        "install": "install.sh",
        "chart": "chart/Chart.yaml",
        "values": "chart/values.yaml",
        "release": "clusters/a/flux.yaml",
        "config": "fluxbump.yaml",
    }
    files = {
        "install.sh": script(),
        "chart/Chart.yaml": wrapper(),
        "chart/values.yaml": values(),
        "clusters/a/flux.yaml": release(),
    }
    return {**files, **{named.get(name, name): text for name, text in others.items()}}


# --- pure -------------------------------------------------------------------------------------


def snapshot(files: Mapping[str, str | bytes]) -> MemorySnapshot:
    return MemorySnapshot(
        {p: text if isinstance(text, bytes) else text.encode() for p, text in files.items()}
    )


@cache
def chart_index() -> ChartIndex:
    """The fixture index, made without reading one."""
    charts = [
        ChartRelease("flux2", Version.parse(one.version), Version.parse(one.app_version))
        for one in facts.charts()["flux2"]
        if one.app_version
    ]
    return ChartIndex("memory", tuple(sorted(charts, key=lambda one: one.version, reverse=True)))


@cache
def app_versions() -> dict[str, str]:
    return {str(one.version): str(one.app_version) for one in chart_index().releases}


def find(files: Mapping[str, str | bytes], **scope: Any) -> Inventory:
    """Discover the pins of files in memory."""
    return discover(snapshot(files), Scope(**{"app_versions": app_versions(), **scope}))


def in_step(chart_text: str, lock_text: str) -> bool:
    """Tell whether nothing has to change in a Chart.lock; not when either file is unreadable."""
    try:
        edits = lock.relock(
            chart_path="Chart.yaml", chart_text=chart_text, lock_path="Chart.lock",
            lock_text=lock_text, moved={}, generated=datetime(2000, 1, 1, tzinfo=UTC),
        )  # fmt: skip
    except PinError:
        return False
    return not edits


def brief(pins: Iterable[Pin]) -> list[str]:
    """Write pins as `line kind track value [form]`; the form only when it is not exact."""
    return [
        f"{pin.location.line} {pin.kind} {pin.track} {pin.value}"
        + ("" if pin.form == "exact" else f" [{pin.form}]")
        for pin in pins
    ]
